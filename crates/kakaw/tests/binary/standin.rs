//! Tests of controlling a stand-in: `kakaw ctl`, other machines, and the process that started it.

use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::running::{Running, curl, kakaw, run};

const KEY: &str = "client_id=0123456789abcdef0123456789abcdef";

#[test]
fn every_call_has_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let ctl = |words: &[&str]| {
        let (code, out, err) = run(folder.path(), &[&["ctl", "--url", &server.url], words].concat());
        (code.unwrap(), format!("{out}{err}"))
    };
    let done = |words: &[&str]| {
        let (code, text) = ctl(words);
        assert_eq!(code, 0, "{words:?}: {text}");
        text
    };
    assert!(done(&[]).contains("world-create    Create a world"));
    assert!(done(&["login", "?"]).contains("parameters.NAME  More parameters of the authorization request"));
    assert!(done(&["world-create", "name=a", "copy_of=default"]).contains(&format!("{}/w/a", server.url)));
    let in_a = |words: &[&str]| done(&[&["--world", "a"], words].concat());
    assert_eq!(in_a(&["snapshot"]), "{\n  \"name\": \"saved\"\n}\n");
    assert!(in_a(&["login", KEY, "person=ryan@example.com", "tokens=true"]).contains("access_token"));
    assert!(in_a(&["people"]).contains("\"grants\": 1"));
    assert!(in_a(&["login", "person=ryan@example.com"]).contains("code="), "the sample world has one app");
    assert!(in_a(&["login", "person=ryan@example.com", "deny=true"]).contains("\"error\": \"access_denied\""));
    assert_eq!(in_a(&["restore"]), "done\n");
    assert!(!in_a(&["people"]).contains("\"grants\": 1"));
    assert!(in_a(&["fault", "path=/v2", "times=1", "fault.error=-401"]).contains("\"id\": 1"));
    assert_eq!(curl(&format!("{}/w/a/v2/user/me", server.url), &[]).0, 401);
    assert!(in_a(&["requests", "code=-401"]).contains("\"fault\": 1"));
    assert!(in_a(&["count", "path=/v2"]).contains("\"count\": 1"));
    assert!(in_a(&["count", "path=/v2", "status=200"]).contains("\"count\": 0"));
    assert!(in_a(&["wait", "path=/v2", "status=401", "timeout=1"]).contains("\"id\": 1"));
    let (code, text) = ctl(&["--world", "a", "wait", "path=/v2", "parameters.state=x", "timeout=0"]);
    assert!(code == 1 && text.contains("no request with path=/v2 parameters.state=x came within 0 s"), "{code} {text}");
    assert!(in_a(&["curl", "id=1"]).contains("curl -i -X GET"));
    assert!(in_a(&["clock", "set=2030-01-01T00:00:00Z"]).contains("\"now\": \"2030-01-01T00:00:00Z\""));
    assert!(!done(&["now"]).contains("2030"), "another world has another clock");
    assert!(in_a(&["preset", "preset=under_14"]).contains("\"person\": \"under-14\""));
    assert!(in_a(&["policy-set", "access_token_lifetime=60"]).contains("\"access_token_lifetime\": 60"));
    std::fs::write(folder.path().join("w.toml"), "[[people]]\nid = \"filed\"\n").unwrap();
    assert_eq!(in_a(&["apply", "w.toml"]), "done\n");
    assert!(in_a(&["export"]).contains("id = \"filed\""), "as the file that it is, and not as JSON");
    assert_eq!(done(&["world-delete", "name=a"]), "done\n");
    for (words, part) in [
        (&["wrlds"][..], "did you mean worlds?"),
        (&["login", "persn=x"], "did you mean person?"),
        (&["login", "person"], "field=value"),
        (&["world-delete"], "name=…"),
        (&["--world", "a", "now"], "there is no world \"a\""),
        (&["clock", "set=yesterday"], "RFC 3339"),
        (&["apply", "nowhere.toml"], "cannot read nowhere.toml"),
    ] {
        let (code, text) = ctl(words);
        assert!(code == 2 && text.contains(part), "{words:?}: {code} {text}");
    }
    let (code, _, err) = run(folder.path(), &["ctl", "--url", "http://127.0.0.1:9", "now"]);
    assert!(code == Some(1) && err.contains("no stand-in answers at http://127.0.0.1:9"), "{err}");
}

#[test]
fn what_is_on_a_disk_is_not_reset_and_can_be_kept_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
    let ctl = |words: &[&str]| run(folder.path(), &[&["ctl", "--url", &server.url], words].concat());
    let (code, _, err) = ctl(&["reset"]);
    assert!(code == Some(2) && err.contains("it is not in memory"), "{err}");
    assert_eq!(ctl(&["snapshot", "name=before"]).0, Some(0));
    assert_eq!(ctl(&["delete-account", "login=mina@example.com"]).0, Some(0));
    assert!(!ctl(&["export"]).1.contains("mina@example.com"));
    assert_eq!(ctl(&["restore", "snapshot=before"]).0, Some(0));
    assert!(ctl(&["export"]).1.contains("mina@example.com"));
}

#[test]
fn a_folder_keeps_the_default_world_but_neither_its_clock_nor_snapshots_nor_further_worlds() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
    let done = |server: &Running, words: &[&str]| {
        let (code, out, err) = run(folder.path(), &[&["ctl", "--url", &server.url], words].concat());
        assert_eq!(code, Some(0), "{words:?}: {err}");
        out
    };
    std::fs::write(folder.path().join("w.toml"), "[[people]]\nid = \"stays\"\n").unwrap();
    let server = start();
    done(&server, &["apply", "w.toml"]);
    done(&server, &["clock", "set=2040-01-01T00:00:00Z"]);
    done(&server, &["snapshot", "name=kept"]);
    done(&server, &["world-create", "name=further"]);
    assert!(done(&server, &["snapshots"]).contains("kept") && done(&server, &["worlds"]).contains("further"));
    server.signal("TERM");
    drop(server);
    let server = start();
    assert!(done(&server, &["export"]).contains("stays"));
    assert!(!done(&server, &["now"]).contains("2040"));
    assert!(!done(&server, &["snapshots"]).contains("kept"));
    assert!(!done(&server, &["worlds"]).contains("further"));
}

#[test]
fn a_stand_in_ends_with_the_process_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = kakaw(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--end-with-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening"), "{line}");
    assert!(child.try_wait().unwrap().is_none());
    drop(child.stdin.take());
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(10), "it still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns an address of this machine that is not loopback. No packet is sent.
pub fn outward() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn other_machines_need_the_token_of_a_file() {
    let Some(ip) = outward() else { return eprintln!("SKIPPED: this machine has no address but loopback") };
    let folder = tempfile::tempdir().unwrap();
    let mut command = kakaw(folder.path(), &["dev", "--listen", "0.0.0.0:0"]);
    let mut child = command.env("TMPDIR", folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.rsplit(':').next().unwrap().to_owned();
    let line = lines.map(Result::unwrap).find(|line| line.contains("control")).unwrap();
    let path = line.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&path).unwrap();
    let ask = |token: &str| {
        let url = format!("http://{ip}:{port}/control/v1/clock");
        curl(&url, &["-H", "host: localhost", "-H", &format!("kakaw-control: {token}")]).0
    };
    assert_eq!((ask("1"), ask(&token[..10]), ask(&token)), (400, 400, 200));
    let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(status.success() && child.wait().unwrap().success());
    assert!(!std::path::Path::new(&path).exists(), "it goes with the process");
}

#[test]
fn a_proxy_for_others_passes_nothing_on() {
    let Some(ip) = outward() else { return eprintln!("SKIPPED: this machine has no address but loopback") };
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    // Another server, which the proxy could reach.
    let other = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let target = other.url.trim_start_matches("http://").to_owned();
    let field = format!("proxy={ip}:0");
    let (code, out, err) = run(folder.path(), &["ctl", "--url", &server.url, "intercept", &field]);
    assert_eq!(code, Some(0), "{err}");
    let entrance: serde_json::Value = serde_json::from_str(&out).unwrap();
    let through = |proxy: &str| {
        let output = Command::new("curl")
            .args([
                "-sS",
                "-m",
                "5",
                "--noproxy",
                "",
                "--proxytunnel",
                "-x",
                proxy,
                &format!("http://{target}/.well-known/jwks.json"),
            ])
            .output()
            .unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let outside = through(&format!("http://{}", entrance["proxy"].as_str().unwrap()));
    assert!(outside.contains("403"), "{outside}");
    let (code, out, _) = run(folder.path(), &["ctl", "--url", &other.url, "intercept"]);
    assert_eq!(code, Some(0));
    let entrance: serde_json::Value = serde_json::from_str(&out).unwrap();
    let inside = through(&format!("http://{}", entrance["proxy"].as_str().unwrap()));
    assert!(inside.contains("\"keys\""), "on loopback it does: {inside}");
}
