//! Tests of the limits on connections, and of TLS.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};

use crate::running::{Running, curl, kakaw};

const CONFIG: &str = "public_url = \"https://login.example.com\"\nlisten = \"127.0.0.1:0\"\ndata = \"data\"\n";

/// Short limits, so that the tests are short.
const SHORT: &str =
    "[limits]\nheader = 1\nbody = 1\nidle = 2\nrequest = 4\nconnections = 40\nconnections_per_address = 24\n";

fn serve(folder: &Path, more: &str) -> Running {
    std::fs::write(folder.join("kakaw.toml"), format!("{CONFIG}{more}")).unwrap();
    Running::start(folder, &["serve", "--config", "kakaw.toml"])
}

fn address(server: &Running) -> SocketAddr {
    server.url.split_once("://").unwrap().1.parse().unwrap()
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(address(server)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Connects from another address of this machine.
fn connect_from(server: &Running, from: u8) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(socket.connect(address(server))).unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

const GET: &str = "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: login.example.com\r\n";

/// Returns everything until the server closes, and the time that it took.
fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut all = Vec::new();
    if let Err(error) = stream.read_to_end(&mut all) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "not closed in time");
    }
    (String::from_utf8_lossy(&all).into_owned(), began.elapsed())
}

/// Whether a request on this connection gets a reply.
fn is_answered(stream: &mut TcpStream) -> bool {
    let mut start = [0; 12];
    stream.write_all(format!("{GET}connection: close\r\n\r\n").as_bytes()).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && &start == b"HTTP/1.1 200"
}

#[test]
fn slow_half_sent_and_idle_connections_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), SHORT);
    let between = |took: Duration, from: f32, to: f32| (from..to).contains(&took.as_secs_f32());

    let (_, took) = until_closed(&mut connect(&server));
    assert!(between(took, 0.8, 3.0), "silent: {took:?}");

    let mut half = connect(&server);
    half.write_all(GET.as_bytes()).unwrap();
    let mut dripping = half.try_clone().unwrap();
    // One more byte now and then does not help.
    let drip = std::thread::spawn(move || {
        while dripping.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let (_, took) = until_closed(&mut half);
    assert!(between(took, 0.8, 3.0), "half a header: {took:?}");
    drop(half);
    drip.join().unwrap();

    let mut idle = connect(&server);
    idle.write_all(format!("{GET}\r\n").as_bytes()).unwrap();
    let (reply, took) = until_closed(&mut idle);
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(between(took, 1.8, 4.0), "after a reply: {took:?}");

    let mut body = connect(&server);
    let post = "POST /oauth/token HTTP/1.1\r\nhost: login.example.com\r\ncontent-length: 50\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\ngrant_type=";
    body.write_all(post.as_bytes()).unwrap();
    let (reply, took) = until_closed(&mut body);
    assert!(reply.starts_with("HTTP/1.1 400") && reply.contains("did not arrive in time"), "{reply}");
    assert!(between(took, 0.8, 4.0), "half a body: {took:?}");
    assert!(is_answered(&mut connect(&server)));
}

#[test]
fn nobody_can_take_all_connections() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "[limits]\nconnections = 40\nconnections_per_address = 24\n");
    let mut one: Vec<_> = (0..30).map(|_| connect(&server)).collect();
    let refused = one.iter_mut().skip(24).map(until_closed).filter(|(_, took)| *took < Duration::from_secs(1)).count();
    assert_eq!(refused, 6, "an address has 24 places");
    assert!(is_answered(&mut connect_from(&server, 2)), "another address has its own");
    // Many addresses take the rest; they wait, and so they make room.
    let _rest: Vec<_> = (10..90).map(|from| connect_from(&server, from)).collect();
    for from in 100..110 {
        assert!(is_answered(&mut connect_from(&server, from)), "127.0.0.{from}");
    }
    assert!(is_answered(&mut one[0]) || is_answered(&mut connect(&server)));
}

#[test]
fn few_open_files_leave_room_for_answers() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), CONFIG).unwrap();
    let binary = env!("CARGO_BIN_EXE_kakaw");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("ulimit -n 400; exec {binary} serve --config kakaw.toml")]).current_dir(&folder);
    let server = Running::wait(command);
    let _idle: Vec<_> = (2..120).flat_map(|from| [connect_from(&server, from), connect_from(&server, from)]).collect();
    let _more: Vec<_> = (2..120).flat_map(|from| [connect_from(&server, from), connect_from(&server, from)]).collect();
    for from in 200..210 {
        assert!(is_answered(&mut connect_from(&server, from)), "127.0.0.{from}");
    }
}

/// Writes a new certificate and its key; returns the certificate.
fn certificate(folder: &Path) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["login.example.com".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), &certificate).unwrap();
    certificate
}

#[test]
fn tls_uses_the_configured_certificate_and_the_one_that_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n";
    std::fs::write(folder.path().join("kakaw.toml"), format!("{CONFIG}{files}")).unwrap();
    let refused = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]).output().unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("tls.certificate: cannot use cert.pem"), "{text}");

    let first = certificate(folder.path());
    std::fs::write(folder.path().join("first.pem"), first).unwrap();
    let server = serve(folder.path(), files);
    let port = address(&server).port();
    let fetch = |authority: &str| {
        let authority = folder.path().join(authority).display().to_string();
        let resolve = format!("login.example.com:{port}:127.0.0.1");
        let host = "host: login.example.com";
        let url = format!("https://login.example.com:{port}/.well-known/openid-configuration");
        curl(&url, &["--cacert", &authority, "--resolve", &resolve, "-H", host, "--http1.1"]).0
    };
    assert_eq!(server.url, format!("https://127.0.0.1:{port}"));
    assert_eq!(fetch("first.pem"), 200);
    let resolve = format!("login.example.com:{port}:127.0.0.1");
    let url = format!("https://login.example.com:{port}/login");
    let (_, head) = curl(&url, &["-k", "-i", "--resolve", &resolve, "-H", "host: login.example.com"]);
    assert!(head.to_ascii_lowercase().contains("strict-transport-security: max-age=31536000"), "{head}");
    // A key that does not fit changes nothing.
    let other = KeyPair::generate().unwrap().serialize_pem();
    let own = std::fs::read(folder.path().join("key.pem")).unwrap();
    std::fs::write(folder.path().join("key.pem"), other).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(fetch("first.pem"), 200);
    std::fs::write(folder.path().join("key.pem"), own).unwrap();
    certificate(folder.path());
    let began = Instant::now();
    while fetch("cert.pem") != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "the new certificate is not used");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_ne!(fetch("first.pem"), 200);
}
