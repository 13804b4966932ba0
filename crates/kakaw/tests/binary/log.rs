//! Tests of the log: standard error of `kakaw dev` and `kakaw serve`.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::client::Client;
use crate::running::{Running, kakaw, run};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const REFUSED: &str = "/oauth/authorize?client_id=nope&redirect_uri=x&response_type=code&state=0ur-secret-state";

/// A server whose log is a file.
struct Logged<'a> {
    folder: &'a Path,
    server: Running,
}

impl<'a> Logged<'a> {
    fn start(folder: &'a Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut command = kakaw(folder, args);
        command.envs(variables.iter().copied());
        Self { folder, server: Running::wait_with_log(command, Stdio::from(log)) }
    }

    fn dev(folder: &'a Path, variables: &[(&str, &str)]) -> Self {
        Self::start(folder, &["dev", "--listen", "127.0.0.1:0"], variables)
    }

    /// Returns the lines that were logged until the server ended.
    fn lines(mut self) -> Vec<String> {
        self.server.signal("TERM");
        self.server.child.wait().unwrap();
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// Whether the text is a time like `2026-11-20T03:00:00.000Z`.
fn is_time(text: &str) -> bool {
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    form == "0000-00-00T00:00:00.000Z"
}

#[tokio::test]
async fn every_line_in_json_has_time_level_and_message_and_a_refusal_its_request_id() {
    let folder = tempfile::tempdir().unwrap();
    let config = "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\ndata = \"live\"\n\
                  [log]\nformat = \"json\"\n";
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    let dev: &[&str] = &["dev", "--listen", "127.0.0.1:0"];
    for (args, variables) in
        [(dev, &[("KAKAW_LOG__FORMAT", "json")][..]), (&["serve", "--config", "kakaw.toml"], &[("RUST_LOG", "trace")])]
    {
        let logged = Logged::start(folder.path(), args, variables);
        let host = if args[0] == "serve" { "127.0.0.1" } else { "localhost" };
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut ids = Vec::new();
        for path in [REFUSED, "/v1/nope", "/oauth/token"] {
            let request = http.get(format!("{}{path}", logged.server.url)).header("host", host);
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_client_error());
            ids.push(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
        }
        let lines: Vec<Value> = logged.lines().iter().map(|line| serde_json::from_str(line).expect(line)).collect();
        for line in &lines {
            assert!(is_time(line["time"].as_str().unwrap()) && line["message"].is_string(), "{line}");
            assert!(["ERROR", "WARN", "INFO"].contains(&line["level"].as_str().unwrap()), "{line}");
        }
        let refused: Vec<_> = lines.iter().filter(|line| line["code"].is_string()).collect();
        let logged: Vec<_> = refused.iter().map(|line| line["request_id"].as_str().unwrap()).collect();
        assert_eq!(logged, ids, "{lines:?}");
        assert_eq!(refused[0]["code"], "KOE101");
    }
}

#[tokio::test]
async fn a_line_of_text_has_them_too_and_stays_one_line_whatever_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let logged = Logged::dev(folder.path(), &[]);
    let mut client = Client::new(&logged.server.url);
    let forged = "/oauth/authorize?client_id=0123456789abcdef0123456789abcdef&response_type=code\
                  &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback\
                  &scope=a%0A2026-01-01T00:00:00.000Z_INFO_forged%1b%5B2J%E2%80%AE";
    let answer = client.get(forged).await.unwrap();
    let id = answer.request_id.unwrap();
    let lines = logged.lines();
    let refused: Vec<_> = lines.iter().filter(|line| line.contains("KOE205")).collect();
    assert_eq!(refused.len(), 1, "{lines:?}");
    let (time, rest) = refused[0].split_once(' ').unwrap();
    assert!(is_time(time) && rest.trim_start().starts_with("INFO refused: "), "{}", refused[0]);
    assert!(rest.contains("kakaw explain KOE205") && rest.contains("code=KOE205"), "{rest}");
    assert!(rest.ends_with(&format!(" request_id={id}")), "{rest}");
    assert!(rest.contains(r"forged\u{1b}[2J\u{202e}"), "{rest}");
    assert!(!lines.iter().any(|line| line.starts_with("2026-01-01")), "{lines:?}");
}

#[tokio::test]
async fn the_level_decides_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (level, refusals, answers) in
        [("error", 0, 0), ("warn", 0, 0), ("info", 1, 0), ("debug", 1, 1), ("trace", 1, 1)]
    {
        let logged = Logged::dev(folder.path(), &[("KAKAW_LOG__LEVEL", level)]);
        Client::new(&logged.server.url).get(REFUSED).await.unwrap();
        let lines = logged.lines();
        let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
        assert_eq!((count(" refused: "), count(" answered ")), (refusals, answers), "{level}: {lines:?}");
        for line in lines.iter().filter(|line| line.contains(" answered ")) {
            assert!(line.contains("method=GET path=/oauth/authorize status=400 duration_ms="), "{line}");
        }
        assert!(lines.iter().all(|line| !line.contains("0ur-secret-state")), "no query: {lines:?}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("format.toml"), "[log]\nformat = \"jsn\"\n").unwrap();
    std::fs::write(folder.path().join("level.toml"), "[log]\nlevel = \"verbose\"\n").unwrap();
    std::fs::write(folder.path().join("key.toml"), "[log]\nlevle = \"info\"\n").unwrap();
    for (file, parts) in [
        ("format.toml", &["format.toml", "log.format", "jsn", "text", "json"][..]),
        ("level.toml", &["log.level", "verbose", "error", "warn", "info", "debug", "trace"]),
        ("key.toml", &["unknown key log.levle", "did you mean log.level?"]),
    ] {
        for command in ["serve", "dev"] {
            let (code, _, err) = run(folder.path(), &[command, "--config", file]);
            assert_eq!(code, Some(2), "{err}");
            assert!(parts.iter().all(|part| err.contains(part)), "{err}");
        }
    }
    let wrong = kakaw(folder.path(), &["dev"]).env("KAKAW_LOG__FORMAT", "xml").output().unwrap();
    let err = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(2) && err.contains("xml") && err.contains("text"), "{err}");
}

const WORLD: &str = "[[apps]]\nid = 1\nname = \"A\"\noidc = true\n[[apps.rest_api_keys]]\n\
                     key = \"0123456789abcdef0123456789abcdef\"\nclient_secret = \"Client-Secret-0123456789\"\n\
                     redirect_uris = [\"http://localhost:3000/callback\"]\n[[apps.admin_keys]]\n\
                     key = \"ad0123456789abcdef0123456789abcd\"\n[apps.consent_items]\nprofile_nickname = \"required\"\n\
                     [[people]]\nemail = \"ryan@example.com\"\npassword = \"Ryan-Password-0123456789\"\nnickname = \"Ryan\"\n";

/// At the most verbose level, with every mistake that a client can make.
#[tokio::test]
async fn no_secret_and_no_token_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    for format in ["text", "json"] {
        let args = ["dev", "--listen", "127.0.0.1:0", "--world", "world.toml"];
        let logged =
            Logged::start(folder.path(), &args, &[("KAKAW_LOG__FORMAT", format), ("KAKAW_LOG__LEVEL", "trace")]);
        let mut client = Client::new(&logged.server.url);
        let mut secrets = said(&mut client).await;
        secrets.extend(client.cookies());
        let lines = logged.lines();
        assert!(lines.len() > 20, "{lines:?}");
        for secret in secrets {
            assert!(secret.len() > 15, "{secret}: too short to be looked for");
            assert!(!lines.iter().any(|line| line.contains(&secret)), "{secret} is in the log: {lines:#?}");
        }
    }
}

/// Logs in, with every mistake on the way. Returns the secrets that were sent.
async fn said(client: &mut Client) -> Vec<String> {
    let authorize = format!(
        "/oauth/authorize?client_id={KEY}&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code&scope=openid"
    );
    let refused = client.type_password(&authorize, "ryan@example.com", "Wrong-Password-0123456789").await.unwrap();
    assert_eq!(refused.status, 403);
    let page = client.log_in(&authorize, "ryan@example.com", "Ryan-Password-0123456789").await.unwrap();
    let code = client.agree(&authorize, &page, &["profile_nickname"]).await.unwrap().parameter("code").unwrap();
    let exchange = async |client: &mut Client, secret: &str, url: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", KEY),
            ("client_secret", secret),
            ("redirect_uri", "http://localhost:3000/callback"),
            ("code", &code),
        ];
        client.post(url, &form).await.unwrap()
    };
    assert_eq!(exchange(client, "Wrong-Client-Secret-0123", "/oauth/token").await.status, 401);
    let tokens = exchange(client, "Client-Secret-0123456789", "/oauth/token").await.json();
    let again =
        exchange(client, "Client-Secret-0123456789", "/oauth/token?client_secret=In-The-Query-0123456789").await;
    assert_eq!(again.json()["error_code"], "KOE320");
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let (access, refresh, id) = (token("access_token"), token("refresh_token"), token("id_token"));
    assert_eq!(client.get_with_token("/v2/user/me", &access).await.unwrap().status, 200);
    for wrong in [&refresh, &id, &format!("{access}x"), &code] {
        assert_eq!(client.get_with_token("/v2/user/me", wrong).await.unwrap().status, 401);
    }
    client.get(&format!("/v2/user/me?access_token={refresh}")).await.unwrap();
    // An admin key where another key belongs.
    client.get(&authorize.replace(KEY, "ad0123456789abcdef0123456789abcd")).await.unwrap();
    client.get_with_token("/v2/user/me", "ad0123456789abcdef0123456789abcd").await.unwrap();
    let refreshed = [("grant_type", "refresh_token"), ("client_id", KEY), ("refresh_token", &access)];
    assert_eq!(client.post("/oauth/token", &refreshed).await.unwrap().status, 401);
    client.post("/oauth/tokeninfo", &[("id_token", &format!("{id}x"))]).await.unwrap();
    client.api("/v1/user/logout", &access).await.unwrap();
    assert_eq!(client.get_with_token("/v2/user/me", &access).await.unwrap().status, 401);
    let typed = [
        "Wrong-Password-0123456789",
        "Ryan-Password-0123456789",
        "Wrong-Client-Secret-0123",
        "Client-Secret-0123456789",
        "In-The-Query-0123456789",
        "ad0123456789abcdef0123456789abcd",
    ];
    [access, refresh, id, code].into_iter().chain(typed.map(str::to_owned)).collect()
}

/// Lines that nobody reads are dropped, and the report about that is a normal line.
#[tokio::test]
async fn how_many_lines_were_dropped_is_said_in_the_same_form() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = kakaw(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    command.env("KAKAW_LOG__FORMAT", "json");
    let server = Running::wait_with_log(command, writer.into());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    // A pipe holds 64 KiB and the queue 1024 lines; a line is more than 100 bytes.
    for _ in 0..2500 {
        http.get(format!("{}/v1/nope", server.url)).send().await.unwrap();
    }
    let reading = std::thread::spawn(move || {
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
        let mut read = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).expect("JSON");
        let mut seen = 0;
        loop {
            let line = read();
            match line["dropped"].as_u64() {
                Some(dropped) => return (seen, dropped, line["level"].as_str().unwrap().to_owned()),
                None => seen += 1,
            }
        }
    });
    let (seen, dropped, level) = tokio::task::spawn_blocking(|| reading.join().unwrap()).await.unwrap();
    assert_eq!((seen + dropped, level.as_str()), (2500, "WARN"), "{seen} were written");
}
