//! Tests of what an operator sees: probes, figures, log lines, and messages to systemd.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::running::{Running, curl, kakaw};

const CONFIG: &str = "public_url = \"https://login.example.com\"\nlisten = \"127.0.0.1:0\"\ndata = \"data\"\n";

fn serve(folder: &Path) -> Running {
    std::fs::write(folder.join("kakaw.toml"), CONFIG).unwrap();
    Running::start(folder, &["serve", "--config", "kakaw.toml"])
}

/// Waits until the answer of a URL has this status.
fn until(url: &str, status: u16) -> String {
    let began = Instant::now();
    loop {
        let (found, body) = curl(url, &[]);
        if found == status {
            return body;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{url}: {found} {body}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn probes_and_figures_have_a_listener_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let management = server.printed_after("management on ");
    assert!(management.starts_with("http://127.0.0.1:"), "{management}");
    assert_eq!(curl(&format!("{management}/healthz"), &[]), (200, "ok\n".to_owned()));
    let ready: Value = serde_json::from_str(&until(&format!("{management}/readyz"), 200)).unwrap();
    assert_eq!((&ready["ready"], &ready["database"]), (&Value::Bool(true), &Value::from("ok")), "{ready}");

    let host = ["-H", "host: login.example.com"];
    let token = format!("{}/oauth/token", server.url);
    for _ in 0..3 {
        let form = [&host[..], &["-d", "grant_type=authorization_code&client_id=nobody@example.com"]].concat();
        assert_eq!(curl(&token, &form).0, 401);
    }
    assert_eq!(curl(&format!("{}/people/owner@example.com", server.url), &host).0, 404);
    let (status, text) = curl(&format!("{management}/metrics"), &[]);
    assert_eq!(status, 200);
    for line in [
        "kakaw_requests_total{endpoint=\"/oauth/token\",status=\"401\"} 3",
        "kakaw_requests_total{endpoint=\"other\",status=\"404\"} 1",
        "kakaw_refusals_total{code=\"KOE101\"} 3",
        "# TYPE kakaw_storage_query_seconds histogram",
        "# TYPE kakaw_hashing_waiting gauge",
        "kakaw_build{version=",
        "kakaw_connections ",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} expected:\n{text}");
    }
    assert!(!text.contains("example.com"), "no personal data: {text}");
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(curl(&format!("{}{path}", server.url), &host).0, 404, "{path} is not public");
    }
    assert_eq!(curl(&format!("{management}/oauth/token"), &[]).0, 404);
}

#[test]
fn the_management_listener_answers_only_addresses_and_listed_names() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{CONFIG}[management]\nhosts = [\"kakaw.monitoring.svc\"]\n");
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    let server = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
    let management = server.printed_after("management on ");
    let port = management.rsplit_once(':').unwrap().1;
    let status = |path: &str, host: &str| curl(&format!("{management}{path}"), &["-H", &format!("host: {host}")]).0;
    for path in ["/healthz", "/readyz", "/metrics", "/nothing"] {
        for host in ["evil.example", &format!("evil.example:{port}"), "login.example.com", "127.0.0.1.evil.example"] {
            assert_eq!(status(path, host), 421, "{path} {host}");
        }
    }
    for host in
        ["localhost", &format!("localhost:{port}"), "kakaw.monitoring.svc", "KAKAW.monitoring.svc:7701", "[::1]"]
    {
        assert_eq!(status("/healthz", host), 200, "{host}");
    }
    // A simple probe sends no `Host`.
    let mut simple = TcpStream::connect(management.split_once("://").unwrap().1).unwrap();
    simple.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = String::new();
    simple.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.0 200") || reply.starts_with("HTTP/1.1 200"), "{reply}");
    drop(server);
    // A variable has commas.
    let mut command = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]);
    command.env("KAKAW_MANAGEMENT__HOSTS", "one.example, two.example");
    let server = Running::wait(command);
    let management = server.printed_after("management on ");
    let status = |host: &str| curl(&format!("{management}/healthz"), &["-H", &format!("host: {host}")]).0;
    assert_eq!(["one.example", "two.example", "kakaw.monitoring.svc"].map(status), [200, 200, 421]);
}

#[test]
fn a_process_that_stops_is_not_ready_and_tells_systemd() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), CONFIG).unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let message = || {
        let mut buffer = [0; 200];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    let mut command = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut server = Running::wait(command);
    assert_eq!(message(), "READY=1");
    let management = server.printed_after("management on ");
    until(&format!("{management}/readyz"), 200);
    // A request that is still being sent keeps the process for a moment.
    let mut half = TcpStream::connect(server.url.split_once("://").unwrap().1).unwrap();
    half.write_all(b"POST /oauth/token HTTP/1.1\r\nhost: login.example.com\r\ncontent-length: 9\r\n\r\nx").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    assert_eq!(message(), "STOPPING=1");
    let stopping: Value = serde_json::from_str(&until(&format!("{management}/readyz"), 503)).unwrap();
    assert_eq!(stopping["stopping"], true, "{stopping}");
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_line_of_the_log_names_time_level_request_address_app_and_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), format!("{CONFIG}[log]\nformat = \"json\"\n")).unwrap();
    let log = folder.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let server = Running::start_with_log(folder.path(), file, &["serve", "--config", "kakaw.toml"]);
    let url = format!("{}/v2/user/me", server.url);
    assert_eq!(curl(&url, &["-H", "host: login.example.com", "-H", "authorization: KakaoAK nope"]).0, 401);
    let began = Instant::now();
    let line = loop {
        let text = std::fs::read_to_string(&log).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains("\"refused\"")) {
            break serde_json::from_str::<Value>(line).unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{text}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(
        (&line["level"], &line["code"], &line["address"]),
        (&"INFO".into(), &"-401".into(), &"127.0.0.1".into())
    );
    assert!(line["request_id"].as_str().is_some_and(|id| id.len() == 12) && line["time"].is_string(), "{line}");
}
