//! What is left when a process ends: the summary of a run, and what a crash writes.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::*;

/// The child of `kakaw run` uses the stand-in, right and wrong. Its summary must name nobody.
#[test]
fn the_summary_of_a_run_shows_no_secret_and_no_personal_datum() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    let redirect_uri = "http://localhost:3000/callback";
    let authorize = format!("https://kauth.kakao.com{AUTHORIZE}");
    let script = format!(
        r#"set -e
ask() {{ curl --silent --show-error --output body --write-out '%{{http_code}} %{{redirect_url}}' "$@"; }}
back=$(ask "{authorize}&login_hint=kakaw:{EMAIL}")
code=$(echo "$back" | sed 's/.*[?&]code=\([^&]*\).*/\1/')
token() {{ ask https://kauth.kakao.com/oauth/token -d grant_type=authorization_code -d client_id={KEY} -d "client_secret=$1" -d "code=$code" -d redirect_uri={redirect_uri}; }}
token CanaryWrongSecret; token {SECRET}; cp body tokens; token {SECRET}
access=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' tokens)
ask https://kapi.kakao.com/v2/user/me -H "Authorization: Bearer $access"; cp body me
ask https://kapi.kakao.com/v2/user/me -H "Authorization: Bearer ${{access}}x"
ask "https://kapi.kakao.com/v2/user/me?email={EMAIL}" -H "Authorization: KakaoAK {ADMIN}x"
ask "{authorize}&login_hint=kakaw:nobody.{EMAIL}"
ask "{authorize}&login_hint={EMAIL}&redirect_uri=x"
echo "$code" >code"#
    );
    let output = kakaw(folder.path(), &["run", "--world", "world.toml", "--", "sh", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        read("me").contains(EMAIL) && read("me").contains("Canary Realname"),
        "the login worked: {out} {}",
        read("me")
    );
    assert!(err.contains("requests to Kakao Login") && err.contains("refused:") && err.contains("KOE320"), "{err}");
    let tokens: serde_json::Value = serde_json::from_str(&read("tokens")).unwrap();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let code = read("code").trim().to_owned();
    let secrets = [("access token", text("access_token")), ("refresh token", text("refresh_token")), ("code", code)];
    let planted = [("password", PASSWORD), ("client secret", SECRET), ("admin key", ADMIN), ("CI", CI)];
    let mut all = Vec::new();
    for (name, value) in secrets.iter().map(|(name, value)| (*name, value.as_str())).chain(planted).chain(PERSONAL) {
        found("the summary", err.as_bytes(), name, value, &mut all);
    }
    assert!(all.is_empty(), "{}\n{err}", all.join("\n"));
}

/// A crash with passwords in memory leaves no file and no text with them, also if core files are allowed.
#[tokio::test]
async fn a_crash_leaves_no_secret_and_no_personal_datum() {
    for (command, args) in [("serve", "--config kakaw.toml"), ("dev", "--listen 127.0.0.1:0 --world world.toml")] {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\nbehind_proxy = true\ndata = \"live\"\nmanagement.listen = \"127.0.0.1:0\"\n"
        );
        std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
        std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
        if command == "serve" {
            let (code, out, err) = run(folder.path(), &["apply", "world.toml", "--config", "kakaw.toml"]);
            assert_eq!(code, Some(0), "{out}{err}");
        }
        let log = folder.path().join("log");
        let mut start = Command::new("sh");
        let binary = env!("CARGO_BIN_EXE_kakaw");
        start.args(["-c", &format!("ulimit -c unlimited; exec {binary} {command} {args}")]).current_dir(folder.path());
        start.env("KAKAW_LOG__LEVEL", "debug");
        let mut server = Running::wait_with_log(start, Stdio::from(std::fs::File::create(&log).unwrap()));
        let mut client = Client::new(&server.url);
        let page = client.log_in(AUTHORIZE, EMAIL, PASSWORD).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text);
        server.signal("ABRT");
        assert_eq!(server.child.wait().unwrap().signal(), Some(6), "{command}");
        let left = files(folder.path()).into_iter().filter(|(name, _)| !name.ends_with(".toml"));
        let mut all = Vec::new();
        for (place, text) in left {
            assert!(place.ends_with("/log"), "{command} leaves {place}: {} bytes", text.len());
            for (name, value) in SEALED.into_iter().chain(PERSONAL) {
                found(&place, &text, name, value, &mut all);
            }
        }
        assert!(all.is_empty(), "{}", all.join("\n"));
    }
}
