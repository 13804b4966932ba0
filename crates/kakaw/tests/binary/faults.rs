//! Fault rules by `kakaw ctl`, over real connections: every error of the SDKs decoded strictly, and replies that are
//! cut, slow or late.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kakaw_wire::form::Pairs;
use serde::Deserialize;

use crate::running::{Running, kakaw, run};

const REST: &str = "0123456789abcdef0123456789abcdef";
const NATIVE: &str = "1123456789abcdef0123456789abcdef";
const CALLBACK: &str = "http%3A%2F%2Flocalhost%3A3000%2Fcallback";

const WORLD: &str = "[[apps]]\nid = 7\nname = \"Faulty\"\n[[apps.rest_api_keys]]\n\
    key = \"0123456789abcdef0123456789abcdef\"\nredirect_uris = [\"http://localhost:3000/callback\"]\n\
    [[apps.native_keys]]\nkey = \"1123456789abcdef0123456789abcdef\"\n[apps.consent_items]\n\
    profile_nickname = \"required\"\nshipping_address = \"optional\"\n[[people]]\nid = \"one\"\n";

/// An error of kauth.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kauth {
    error: String,
    #[serde(rename = "error_description")]
    _description: Option<String>,
    error_code: Option<String>,
}

/// An error of kapi.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kapi {
    code: i32,
    msg: String,
    #[serde(rename = "api_type")]
    _api_type: Option<String>,
    required_scopes: Option<Vec<String>>,
    allowed_scopes: Option<Vec<String>>,
}

/// An error of the apps host, as JSON or as the query of the page that the picker returns to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apps {
    status: Option<String>,
    error_code: String,
    error_msg: String,
}

fn started(folder: &Path) -> Running {
    std::fs::write(folder.join("world.toml"), WORLD).unwrap();
    Running::start(folder, &["dev", "--listen", "127.0.0.1:0", "--memory", "--world", "world.toml"])
}

fn port(server: &Running) -> &str {
    server.url.rsplit(':').next().unwrap()
}

/// Sends a request on a connection of its own. Returns the head and what came of the body.
fn raw(server: &Running, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", port(server))).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request =
        request.replacen("\r\n", &format!("\r\nHost: localhost:{}\r\nConnection: close\r\n", port(server)), 1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("a head expected: {all:?}"));
    (String::from_utf8(all[..end].to_vec()).unwrap(), all[end + 4..].to_vec())
}

fn get(server: &Running, path: &str) -> (String, Vec<u8>) {
    raw(server, &format!("GET {path} HTTP/1.1\r\n\r\n"))
}

/// Returns a query as JSON, for a strict decoder.
fn query(head: &str) -> serde_json::Value {
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_else(|| panic!("{head}"));
    let pairs = Pairs::parse(location.split_once('?').unwrap().1).unwrap();
    pairs.iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn every_error_of_the_sdks_has_a_line_that_provokes_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path());
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/control.md"));
    let page = page.unwrap();
    let lines =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |")?.split_once("` | `kakaw ctl "));
    let mut seen = 0;
    for (name, command) in lines {
        let words: Vec<&str> = command.split(' ').collect();
        let error = words.last().unwrap().strip_prefix("fault.error=").unwrap();
        let (code, out, err) = run(folder.path(), &[&["ctl", "--url", &server.url], words.as_slice()].concat());
        assert_eq!(code, Some(0), "{command}: {out}{err}");
        match words[1].strip_prefix("path=").unwrap() {
            "/oauth/authorize" => {
                let url = format!("/oauth/authorize?client_id={REST}&redirect_uri={CALLBACK}&response_type=code");
                let (head, _) = get(&server, &url);
                let decoded: Kauth = serde_json::from_value(query(&head)).unwrap();
                assert_eq!((decoded.error.as_str(), decoded.error_code), (error, None), "{name}");
            }
            "/oauth/token" => {
                let (head, body) = raw(&server, "POST /oauth/token HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
                let decoded: Kauth =
                    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{name}: {error} {head}"));
                assert_eq!(decoded.error, error, "{name}");
                assert!(head.starts_with("HTTP/1.1 4"), "{head}");
            }
            "/v2/user/me" => {
                let (head, body) = get(&server, "/v2/user/me");
                let decoded: Kapi =
                    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{name}: {error} {head}"));
                assert_eq!(decoded.code.to_string(), error, "{name}");
                assert!(!decoded.msg.is_empty() && !head.starts_with("HTTP/1.1 2"), "{name}: {head}");
                let scopes = (decoded.required_scopes.is_some(), decoded.allowed_scopes.is_some());
                assert_eq!(scopes, (error == "-402", error == "-402"), "{name}");
            }
            path => {
                let (head, body) = get(&server, &format!("{path}?app_key={NATIVE}&return_url=kakao{NATIVE}://address"));
                let value =
                    if head.contains("location: ") { query(&head) } else { serde_json::from_slice(&body).unwrap() };
                let decoded: Apps =
                    serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error} {head}"));
                assert_eq!(decoded.error_code, error, "{name}");
                assert!(
                    !decoded.error_msg.is_empty() && decoded.status.is_none_or(|status| status == "error"),
                    "{name}"
                );
            }
        }
        seen += 1;
    }
    // Nine causes of kauth, 31 codes of kapi and 18 of the apps host: those of the reference of the SDKs.
    let of = |prefix: &str| kakaw_wire::Code::ALL.iter().filter(|code| code.id().starts_with(prefix)).count();
    assert_eq!(seen, 9 + of("-") + of("KAE"), "lines of docs/reference/control.md");
    assert!((of("-"), of("KAE")) >= (30, 18), "{} {}", of("-"), of("KAE"));
}

#[test]
fn replies_are_cut_slowed_and_made_up_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path());
    let rule = |words: &[&str]| {
        run(folder.path(), &["ctl", "--url", &server.url, "faults-clear"]);
        let (code, out, err) =
            run(folder.path(), &[&["ctl", "--url", &server.url, "fault", "path=v2"], words].concat());
        assert_eq!(code, Some(0), "{words:?}: {out}{err}");
    };
    let (_, whole) = get(&server, "/v2/user/me");
    for length in ["0", "1", "20"] {
        rule(&[&format!("fault.cut={length}")]);
        let (head, part) = get(&server, "/v2/user/me");
        assert_eq!(part, &whole[..length.parse().unwrap()], "the first {length} bytes, and then nothing");
        assert!(
            head.starts_with("HTTP/1.1 401") && head.contains(&format!("content-length: {}", whole.len())),
            "{head}"
        );
    }
    rule(&["fault.cut=5", "fault.trickle_ms=10"]);
    assert_eq!(get(&server, "/v2/user/me").1, &whole[..5]);
    rule(&["fault.trickle_ms=5ms"]);
    let began = Instant::now();
    assert_eq!(get(&server, "/v2/user/me").1, whole);
    assert!(began.elapsed() >= Duration::from_millis(5) * (whole.len() as u32 - 1), "{:?}", began.elapsed());
    rule(&["fault.status=429", "fault.retry_after=7", "fault.body={\"msg\":\"slow down\",\"code\":-10}"]);
    let (head, body) = get(&server, "/v2/user/me");
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after: 7"), "{head}");
    assert!(
        head.contains("content-type: application/json") && body == b"{\"msg\":\"slow down\",\"code\":-10}",
        "{head}"
    );
    rule(&["fault.error=minute_quota_exceeded", "fault.retry_after=1m"]);
    let (head, _) = get(&server, "/v2/user/me");
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after: 60"), "{head}");
    rule(&["fault.body=gone fishing"]);
    let (head, body) = get(&server, "/v2/user/me");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain") && body == b"gone fishing", "{head}");
}

#[test]
fn rules_match_by_app_and_parameter_and_mistakes_are_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path());
    let ctl = |words: &[&str]| {
        let (code, out, err) = run(folder.path(), &[&["ctl", "--url", &server.url], words].concat());
        (code.unwrap(), format!("{out}{err}"))
    };
    let token = |form: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let request = format!("POST /oauth/token HTTP/1.1\r\n{kind}\r\nContent-Length: {}\r\n\r\n{form}", form.len());
        String::from_utf8(raw(&server, &request).1).unwrap()
    };
    let renewed = format!("grant_type=refresh_token&refresh_token=x&client_id={REST}");
    let exchanged = format!("grant_type=authorization_code&code=x&client_id={REST}&redirect_uri={CALLBACK}");
    assert_eq!(ctl(&["fault", "parameters.grant_type=refresh_token", "app=7", "fault.error=KOE237"]).0, 0);
    assert!(token(&renewed).contains("KOE237"), "the parameter and the app");
    assert!(token(&exchanged).contains("KOE320"), "another value");
    assert!(token(&renewed.replace(REST, "x")).contains("KOE101"), "another app");
    assert_eq!(ctl(&["faults-clear"]).0, 0);
    assert_eq!(ctl(&["clock", "advance=6h"]).0, 0);
    for (words, part) in [
        (&["clock", "advance=soon"][..], "advance: received \"soon\"; expected a number, or a number with its unit"),
        (&["fault", "fault.cut=x"], "fault.cut: received \"x\"; expected a whole number, 0 or more"),
        (&["fault", "fault.errr=KOE320"], "did you mean error?"),
        (&["fault", "fault.error=KOE32O"], "did you mean KOE320?"),
        (&["fault", "fault.drop=befor"], "did you mean before?"),
        (&["fault", "fault.status=204"], "with fault.body"),
        (&["fault", "fault.error=KOE320", "fault.evidence.app=x"], "KOE320 has no app; it has code"),
        (&["explain"], "no call \"explain\"; kakaw ctl lists them"),
        (&["count", "paht=/v2"], "did you mean path?"),
    ] {
        let (code, text) = ctl(words);
        assert!(code != 0 && text.contains(part), "{words:?}: {code} {text}");
        assert!(!["line 1 column", "i64", "u64", "`"].iter().any(|jargon| text.contains(jargon)), "{words:?}: {text}");
    }
    let (_, fields) = ctl(&["fault", "?"]);
    let of =
        |name: &str| fields.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned();
    assert!(of("fault.cut ").contains("after this many bytes"), "{fields}");
    assert!(of("fault.drop ").contains("before, after"), "{fields}");
    assert!(of("parameters.NAME ").contains("Values of parameters"), "{fields}");
    let (code, _, err) = run(folder.path(), &["explain", "fo"]);
    assert!(code == Some(2) && !err.contains("did you mean"), "{err}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["ctl"][..], &["ctl", "fault", "?"], &["config"], &["explain", "KOE006"]] {
        let mut child = kakaw(folder.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Closed before the program writes.
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success() && said.is_empty(), "{args:?}: {:?} {said}", ended.status);
    }
}
