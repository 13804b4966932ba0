//! Tests of the command line, which is a contract: other tools depend on it.

use std::time::{Duration, Instant};

use crate::running::{self, Running, curl, run};

#[test]
fn dev_says_where_it_listens_and_answers_there() {
    let folder = tempfile::tempdir().unwrap();
    // `kakaw` without a command is `kakaw dev`.
    for args in [&["--listen", "127.0.0.1:0"][..], &["dev", "--listen", "127.0.0.1:0", "--memory"]] {
        let server = Running::start(folder.path(), args);
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
        let port = server.url.rsplit(':').next().unwrap();
        for host in ["127.0.0.1", "localhost"] {
            let page = curl(&format!("http://{host}:{port}/demo"), &[]);
            assert_eq!(page.0, 200);
            assert!(page.1.contains("/demo/login"), "the sample service knows its app: {}", page.1);
        }
    }
}

#[test]
fn sigterm_ends_it_within_five_seconds_even_with_an_open_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    // A client that starts a request and never ends it.
    let mut stuck = std::net::TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stuck, b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let asked = Instant::now();
    server.signal("TERM");
    let status = server.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn unknown_flags_commands_keys_and_values_name_the_nearest_and_exit_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let config = write("kakaw.toml", "listn = \"127.0.0.1:1\"\n");
    let world = write("world.toml", "[[apps]]\nid = 1\nname = \"A\"\nkakao_logn = true\n");
    let value = write("value.toml", "[[apps]]\nid = 1\nname = \"A\"\nunder_14 = \"alow\"\n");
    let key = write("key.toml", "[[apps]]\nid = 1\nname = \"A\"\n[[apps.rest_api_keys]]\nkey = \"short\"\n");
    for (args, expected) in [
        (&["dev", "--memry"][..], "--memory"),
        (&["srve"], "serve"),
        (&["serve"], "--config"),
        (&["dev", "--listen", "nowhere"], "nowhere"),
        (&["dev", "--data", "x", "--memory"], "cannot be used with"),
        (&["dev", "--database", "mysql://x"], "postgres://"),
        (&["serve", "--config", &config], "did you mean listen?"),
        (&["serve", "--config", "absent.toml"], "absent.toml"),
        (&["dev", "--listen", "127.0.0.1:0", "--world", &world], "line 4"),
        (&["dev", "--listen", "127.0.0.1:0", "--world", &world], "did you mean `kakao_login`?"),
        (&["dev", "--listen", "127.0.0.1:0", "--world", &value], "did you mean `allow`?"),
        (&["dev", "--listen", "127.0.0.1:0", "--world", &key], "32 lower-case hexadecimal"),
        (&["dev", "--world", "absent.toml"], "absent.toml"),
        (&["apply", &world], "did you mean `kakao_login`?"),
        (&["explain", "logn_required"], "did you mean login_required?"),
        (&["explain", "foo"], "there is no code, name or message \"foo\"\n"),
        (&["explain", "KOE006", "--lang", "kr"], "ko"),
    ] {
        let (code, _, err) = run(folder.path(), args);
        assert_eq!(code, Some(2), "{args:?}: {err}");
        assert!(err.contains(expected), "{args:?}: {err}");
    }
}

#[test]
fn explain_speaks_four_languages_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = run(folder.path(), &["explain", "koe006"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("KOE006: "), "{out}");
    for spelled in ["koe6", "KOE 006", "\"KOE006\""] {
        assert_eq!(run(folder.path(), &["explain", spelled]).1, out, "{spelled}");
    }
    for (name, expected) in [
        ("invalid_grant", "KOE320"),
        ("AuthErrorCause.Misconfigured", "KOE004"),
        ("this access token does not exist", "-401: "),
        ("TokenNotFound", "TokenNotFound (SDK)"),
    ] {
        let (code, out, error) = run(folder.path(), &["explain", name]);
        assert!(code == Some(0) && out.contains(expected), "{name}: {out}{error}");
    }
    for (lang, word) in [("ko", "리다이렉트"), ("ja", "リダイレクト"), ("zh", "重定向")] {
        let (_, out, _) = run(folder.path(), &["explain", "KOE006", "--lang", lang]);
        assert!(out.contains(word), "{out}");
    }
    let (_, out, _) = run(folder.path(), &["explain", "-401", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["code"], "-401");
    for part in ["title", "cause", "fix"] {
        assert!(json[part].as_str().is_some_and(|text| !text.is_empty()), "{part}");
    }
}

#[test]
fn apply_and_export_are_lossless_by_url_by_folder_and_by_database() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    let database = format!("sqlite:{}", folder.path().join("other.db").display());
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--world", "world.toml"]);
    let places: [[&str; 2]; 3] = [["--url", &server.url], ["--data", "data"], ["--database", &database]];
    for place in places {
        let with = |args: &[&str]| {
            let (code, out, err) = run(folder.path(), &[args, &place[..]].concat());
            assert_eq!(code, Some(0), "{place:?}: {err}");
            out
        };
        with(&["apply", "world.toml"]);
        let first = with(&["export"]);
        for kept in ["user_id = 2480131177", "client_secret = \"a secret\"", "key_hashes", "bundle_id", "Receipts"] {
            assert!(first.contains(kept), "{kept} is missing: {first}");
        }
        std::fs::write(folder.path().join("export.toml"), &first).unwrap();
        with(&["apply", "export.toml"]);
        assert_eq!(with(&["export"]), first, "{place:?}: applying an export changes nothing");
    }
    // The same world in another database.
    let elsewhere = format!("sqlite:{}", folder.path().join("fresh/third.db").display());
    std::fs::create_dir_all(folder.path().join("fresh")).unwrap();
    run(folder.path(), &["apply", "export.toml", "--database", &elsewhere]);
    let (_, out, _) = run(folder.path(), &["export", "--database", &elsewhere]);
    assert_eq!(out, std::fs::read_to_string(folder.path().join("export.toml")).unwrap());
    let sample = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let (code, _, err) = run(folder.path(), &["apply", "world.toml", "--url", &sample.url]);
    assert_eq!(code, Some(2));
    let key =
        "world file, line 11: apps[0].rest_api_keys[0].key: received \"0123…\"; expected a value that is not in use";
    assert!(err.contains(key) && err.lines().count() == 1, "{err}");
    let (code, _, err) = run(folder.path(), &["export", "--url", "http://127.0.0.1:9"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("kakaw dev"), "{err}");
}

#[test]
fn control_requests_of_web_pages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let get = |headers: &[(&str, &str)]| {
        let mut command = std::process::Command::new("curl");
        command.args(["-s", &format!("{}/control/v1/export", server.url)]);
        for (name, value) in headers {
            command.args(["-H", &format!("{name}: {value}")]);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(get(&[("kakaw-control", "1")]).contains("[[apps]]"));
    for refused in [
        get(&[]),
        get(&[("kakaw-control", "1"), ("origin", "http://evil.example")]),
        get(&[("kakaw-control", "1"), ("host", "evil.example")]),
    ] {
        assert!(!refused.contains("[[apps]]"), "{refused}");
    }
}

#[test]
fn serve_refuses_unsafe_settings_and_runs_with_safe_ones() {
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    let safe = "listen = \"127.0.0.1:0\"\npublic_url = \"https://login.example.com\"\ndata = \"live\"\n";
    for (text, expected) in [
        ("data = \"live\"\n", "public_url is not set"),
        ("data = \"live\"\npublic_url = \"http://login.example.com\"\n", "plain HTTP"),
        ("public_url = \"https://login.example.com\"\n", "would be lost"),
        (&format!("{safe}[passwords]\nmemory_kib = 64\n"), "OWASP"),
    ] {
        config("bad.toml", text);
        let (code, _, err) = run(folder.path(), &["serve", "--config", "bad.toml"]);
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(expected), "{err}");
    }
    config("kakaw.toml", safe);
    // A secret that can be guessed.
    std::fs::write(folder.path().join("weak.toml"), WORLD).unwrap();
    let (code, _, err) = run(folder.path(), &["apply", "weak.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("rest_api_keys[0].client_secret") && err.contains("128 bits"), "{err}");
    assert!(!err.contains("a secret\""), "the secret itself is not told: {err}");
    // One that was stored before such secrets were refused.
    run(folder.path(), &["apply", "weak.toml", "--data", "live"]);
    let (code, _, err) = run(folder.path(), &["serve", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("less than 128 bits"), "{err}");
    assert!(!err.contains("a secret"), "the secret itself is not told: {err}");
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("problem  secrets") && out.contains("synchronous=full"), "{out}");
    let strong = WORLD.replace("a secret", "9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d65");
    std::fs::write(folder.path().join("strong.toml"), strong.replace(SAMPLE, "fedcba9876543210fedcba9876543210"))
        .unwrap();
    run(folder.path(), &["apply", "strong.toml", "--config", "kakaw.toml"]);
    let (code, out, err) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let (_, out, _) = run(folder.path(), &["export", "--config", "kakaw.toml"]);
    assert!(!out.contains("9f86d081") && out.contains("--with-secrets"), "{out}");
    let server = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for path in ["/demo", "/", "/control/v1/export"] {
        let (status, _) = curl(&format!("http://127.0.0.1:{port}{path}"), &["-H", "host: login.example.com"]);
        assert_eq!(status, 404, "{path} is not there in serve");
    }
    let (status, body) =
        curl(&format!("http://127.0.0.1:{port}/.well-known/openid-configuration"), &["-H", "host: login.example.com"]);
    assert_eq!(status, 200);
    assert!(body.contains("\"issuer\":\"https://login.example.com\""), "{body}");
    let (status, _) = curl(&format!("http://127.0.0.1:{port}/login"), &["-H", "host: localhost"]);
    assert_eq!(status, 421, "one host only");
}

#[test]
fn config_shows_values_with_their_sources_and_hides_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let text = "public_url = \"https://login.example.com\"\ndatabase = \"postgres://me:hush@db/kakaw\"\n";
    std::fs::write(folder.path().join("kakaw.toml"), text).unwrap();
    let mut command = running::kakaw(folder.path(), &["config", "--config", "kakaw.toml"]);
    let output = command.env("KAKAW_POLICY__CODE_LIFETIME", "60").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("public_url = \"https://login.example.com\"  # "), "{out}");
    assert!(out.contains("kakaw.toml") && out.contains("default of serve"), "{out}");
    assert!(out.contains("policy.code_lifetime = 60  # KAKAW_POLICY__CODE_LIFETIME"), "{out}");
    assert!(!out.contains("hush"), "{out}");
}

#[test]
fn unknown_variables_are_refused_by_whatever_reads_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), "").unwrap();
    let with = |name: &str, args: &[&str]| {
        let output = running::kakaw(folder.path(), args).env(name, "x").output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    for args in [
        &["dev", "--listen", "127.0.0.1:0"][..],
        &["run", "--", "true"],
        &["serve", "--config", "kakaw.toml"],
        &["init", "--data", "data"],
        &["apply", "world.toml", "--data", "data"],
        &["export", "--data", "data"],
        &["people", "delete", "ryan", "--data", "data"],
        &["webhooks", "--data", "data"],
        &["check"],
        &["config"],
    ] {
        let (code, said) = with("KAKAW_POLICY__CODE_LIFETME", args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        let expected = "KAKAW_POLICY__CODE_LIFETME: unknown variable; did you mean KAKAW_POLICY__CODE_LIFETIME?";
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    // A stand-in has its own configuration, and these commands use it.
    for args in [&["explain", "KOE006"][..], &["--help"], &["serve", "--help"]] {
        let (code, said) = with("KAKAW_POLICY__CODE_LIFETME", args);
        assert_eq!(code, Some(0), "{args:?}: {said}");
    }
    for args in [&["ctl", "requests", "--url", "http://127.0.0.1:1"][..], &["env", "--url", "http://127.0.0.1:1"]] {
        let (_, said) = with("KAKAW_POLICY__CODE_LIFETME", args);
        assert!(said.contains("no stand-in answers at"), "{args:?}: {said}");
    }
    // The variables that `kakaw run` sets for its command are known, because the command may be kakaw.
    let nested = ["run", "--", env!("CARGO_BIN_EXE_kakaw"), "config"];
    let (code, said) = with("KAKAW_WORLD", &nested);
    assert!(code == Some(0) && said.contains("sign_up = true  # default of dev"), "{said}");
}

#[test]
fn state_in_a_folder_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = |server: &Running| curl(&format!("{}/.well-known/jwks.json", server.url), &[]).1;
    let first = jwks(&Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "state"]));
    let second = jwks(&Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "state"]));
    assert!(first.contains("\"kid\""), "{first}");
    assert_eq!(first, second, "the signing keys are kept");
    let keys = folder.path().join("state/keys.toml");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(keys).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "the key file is its owner's alone");
}

#[test]
fn the_earlier_setting_of_the_queue_is_read_with_a_warning_and_a_wait_out_of_bounds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    let apply = |name: &str, value: &str| {
        let mut command = running::kakaw(folder.path(), &["apply", "world.toml", "--data", "data"]);
        let output = command.env(name, value).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = apply("KAKAW_PASSWORDS__QUEUE", "4");
    assert!(code == Some(0) && err.contains("set passwords.longest_wait"), "{err}");
    let (code, err) = apply("KAKAW_PASSWORDS__EXPORTABLE", "true");
    assert!(code == Some(0) && err.contains("passwords.exportable has no effect any more"), "{err}");
    let (code, err) = apply("KAKAW_PASSWORDS__LONGEST_WAIT", "500");
    assert!(code == Some(0) && !err.contains("longest_wait"), "{err}");
    let (code, err) = apply("KAKAW_PASSWORDS__LONGEST_WAIT", "50");
    assert!(code == Some(2) && err.contains("expected 100 to 60000"), "{err}");
}

const SAMPLE: &str = "0123456789abcdef0123456789abcdef";

const WORLD: &str = r#"
[[apps]]
id = 7
name = "Everything"
company = "Everything Inc."
oidc = true
under_14 = "deny"
team = ["person@example.com"]
logout_redirect_uris = ["https://example.com/bye"]
[[apps.rest_api_keys]]
key = "0123456789abcdef0123456789abcdef"
client_secret = "a secret"
redirect_uris = ["https://example.com/callback"]
[[apps.rest_api_keys]]
redirect_uris = ["https://example.com/second"]
[[apps.javascript_keys]]
sdk_domains = ["https://example.com"]
[[apps.native_keys]]
android = [{ package = "com.example.app", key_hashes = ["abcdefghijklmnopqrstuvwxyz0="] }]
ios = [{ bundle_id = "com.example.app" }]
[[apps.admin_keys]]
[apps.consent_items]
profile_nickname = "required"
account_email = { consent = "required", collect_if_missing = true, purpose = "Receipts" }
gender = "on_use"

[[people]]
email = "person@example.com"
password = "person-password"
nickname = "Sample"
talk = true
phone_number = "+82 10-1234-5678"
birthyear = "1995"
birthday = "1130"
[[people.links]]
app = 7
user_id = 2480131177
scopes = ["profile_nickname", "account_email"]
connected_at = "2026-01-02T03:04:05Z"
agreed_at = { account_email = "2026-02-03T04:05:06Z" }

[[people]]
id = "no-email"
[[people.links]]
app = 7
connected = false
"#;
