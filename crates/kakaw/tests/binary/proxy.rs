//! Tests with clients that leave TLS to the proxy: they send the whole URL (axios before 1.17, needle).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::running::{Running, kakaw, run};
use crate::standin::outward;

#[test]
fn a_whole_url_of_kakao_is_answered_here_and_the_next_request_may_name_another_host() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let proxy = intercept(folder.path(), &server, &[]);
    let mut connection = TcpStream::connect(&proxy).unwrap();
    let discovery = ask(
        &mut connection,
        "GET https://KAUTH.kakao.com/.well-known/openid-configuration HTTP/1.1\r\nhost: kauth.kakao.com\r\n\r\n",
    );
    assert!(discovery.contains("\"issuer\":\"https://kauth.kakao.com\""), "{discovery}");
    // The host is the one in the URL, whatever the header says. Headers for the proxy are not passed on.
    let me = ask(
        &mut connection,
        "GET https://kapi.kakao.com/v2/user/me HTTP/1.1\r\nhost: example.com\r\nproxy-connection: keep-alive\r\n\r\n",
    );
    assert!(me.starts_with("HTTP/1.1 401") && me.contains("-401"), "{me}");
    let token = "POST https://kauth.kakao.com:443/oauth/token HTTP/1.1\r\nhost: kauth.kakao.com\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: 29\r\n\r\n\
                 grant_type=authorization_code";
    let token = ask(&mut connection, token);
    assert!(token.starts_with("HTTP/1.1 4") && token.contains("error_code"), "{token}");
    let (_, seen, _) = run(folder.path(), &["ctl", "--url", &server.url, "requests"]);
    assert!(seen.contains("\"url\": \"https://kapi.kakao.com/v2/user/me\""), "{seen}");
    // The real host gets nothing in clear, and a request without a whole URL is not for a proxy.
    let clear = ask(&mut connection, "GET http://kauth.kakao.com/ HTTP/1.1\r\nhost: kauth.kakao.com\r\n\r\n");
    assert!(clear.starts_with("HTTP/1.1 403") && clear.contains("https only"), "{clear}");
    let path = ask(&mut connection, "GET /v2/user/me HTTP/1.1\r\nhost: kapi.kakao.com\r\n\r\n");
    assert!(path.starts_with("HTTP/1.1 400") && path.contains("expected CONNECT"), "{path}");
}

#[test]
fn a_whole_url_of_another_host_is_sent_there_by_tls_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (trusted, port) = tls_server();
    let (_, stranger) = tls_server();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, trusted).unwrap();
    let mut command = kakaw(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    command.env("SSL_CERT_FILE", &roots).env_remove("SSL_CERT_DIR").env_remove("HTTPS_PROXY").env_remove("https_proxy");
    let server = Running::wait(command);
    let proxy = intercept(folder.path(), &server, &[]);
    let through = |url: &str| {
        let head = "x-mine: 1\r\nproxy-authorization: Basic secret\r\ncontent-length: 5\r\n";
        ask(
            &mut TcpStream::connect(&proxy).unwrap(),
            &format!("POST {url} HTTP/1.1\r\nhost: elsewhere\r\n{head}\r\nhello"),
        )
    };
    let answer = through(&format!("https://localhost:{port}/a?b=c"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for part in ["POST /a?b=c HTTP/1.1", &format!("host: localhost:{port}"), "x-mine: 1", "hello"] {
        assert!(answer.contains(part), "{part:?} is missing: {answer}");
    }
    assert!(!answer.contains("secret") && !answer.contains("elsewhere"), "{answer}");
    let refused = through(&format!("https://localhost:{stranger}/"));
    assert!(refused.starts_with("HTTP/1.1 502") && refused.contains("certificate"), "{refused}");
}

#[test]
fn a_whole_url_passes_no_proxy_that_a_tunnel_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let proxy = intercept(folder.path(), &server, &["offline=true"]);
    let elsewhere = "GET https://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n";
    let answer = ask(&mut TcpStream::connect(&proxy).unwrap(), elsewhere);
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("this proxy refuses all other hosts"), "{answer}");
    let Some(ip) = outward() else { return eprintln!("SKIPPED: this machine has no address but loopback") };
    let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let proxy = intercept(folder.path(), &server, &[&format!("proxy={ip}:0")]);
    for target in [server.url.as_str(), "https://example.com"] {
        let request = format!("GET {target}/ HTTP/1.1\r\nhost: example.com\r\n\r\n");
        let answer = ask(&mut TcpStream::connect(&proxy).unwrap(), &request);
        assert!(answer.starts_with("HTTP/1.1 403"), "{target}: {answer}");
    }
}

/// Returns the address of a stand-in's proxy.
fn intercept(folder: &Path, server: &Running, words: &[&str]) -> String {
    let (code, out, err) = run(folder, &[&["ctl", "--url", &server.url, "intercept"], words].concat());
    assert_eq!(code, Some(0), "{err}");
    let entrance: serde_json::Value = serde_json::from_str(&out).unwrap();
    entrance["proxy"].as_str().unwrap().to_owned()
}

/// Sends a request unchanged, and reads the answer: the head, and as many bytes as it announces.
fn ask(connection: &mut TcpStream, request: &str) -> String {
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let mut text = String::from_utf8(answer).unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    text.push_str(&String::from_utf8(body).unwrap());
    text
}

/// Starts a server for `localhost` with its own certificate, which it returns. It echoes requests.
fn tls_server() -> (String, u16) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap().port()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = TlsAcceptor::from(Arc::new(config.clone())).accept(stream).await else { continue };
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\nhello") {
                    asked.push(stream.read_u8().await.unwrap());
                }
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", asked.len());
                stream.write_all(&[head.as_bytes(), &asked].concat()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
    });
    (certificate.pem(), receiver.recv().unwrap())
}
