//! Tests of PostgreSQL over TLS, and with several hosts, against servers that the tests start.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]
#![expect(clippy::print_stderr, reason = "a test says that it was skipped")]

mod server;

use kakaw_core::AppId;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use kakaw_core::Millis;
use kakaw_core::app::{App, AppSettings};
use kakaw_store::db::Url;
use kakaw_store::{Outcome, Store, apps};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::ResolvesServerCertUsingSni;
use tokio_rustls::rustls::sign::CertifiedKey;

use server::{Authority, PASSWORD, Server};

/// The servers for all tests of this process.
struct Servers {
    /// Accepts only TLS. Its certificate is for `localhost`.
    demanding: Server,
    /// The same with TLS 1.2 and an expired certificate.
    expired: Server,
    /// Has no TLS and is read-only.
    plain: Server,
    /// Files with certificate authorities: the one that signed, and another.
    ours: PathBuf,
    other: PathBuf,
    _folder: tempfile::TempDir,
}

fn servers() -> Option<&'static Servers> {
    static SERVERS: OnceLock<Option<Servers>> = OnceLock::new();
    let start = || {
        let authority = Authority::new("ours");
        let folder = tempfile::tempdir().unwrap();
        let [ours, other] = ["ours.pem", "other.pem"].map(|name| folder.path().join(name));
        std::fs::write(&ours, &authority.pem).unwrap();
        std::fs::write(&other, Authority::new("other").pem).unwrap();
        let tls12 = ["ssl_max_protocol_version=TLSv1.2"];
        Some(Servers {
            demanding: Server::start(Some(&authority.sign("localhost", 2999)), &[])?,
            expired: Server::start(Some(&authority.sign("localhost", 2020)), &tls12)?,
            plain: Server::start(None, &["ssl=off", "default_transaction_read_only=on"])?,
            ours,
            other,
            _folder: folder,
        })
    };
    let servers = SERVERS.get_or_init(start).as_ref();
    if servers.is_none() {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
    }
    servers
}

async fn open(url: &str) -> Result<Store, String> {
    let url = Url::parse(url)?;
    assert!(!format!("{url:?}").contains(PASSWORD), "{url:?}");
    Store::open(&url).await.map_err(|error| {
        let texts = format!("{error:#} {error:?}");
        assert!(!texts.contains(PASSWORD), "{texts}");
        error.to_string()
    })
}

/// Opens a database, writes to it, and returns how the connection is protected.
async fn used(url: &str) -> String {
    let store = open(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    let app = App { id: AppId(1), version: 1, settings: AppSettings::new("A") };
    let made = store.commit(vec![apps::insert(&app, Millis(1))]).await.unwrap();
    assert!(matches!(made, Outcome::Committed | Outcome::Conflict { .. }), "another test may have been first");
    store.protection().await.unwrap().unwrap()
}

async fn refused(url: &str, reasons: &[&str]) {
    let Err(error) = open(url).await else { panic!("{url} is not refused") };
    for reason in reasons {
        assert!(error.contains(reason), "{url}: {reason:?} expected: {error}");
    }
}

#[tokio::test]
async fn a_server_that_demands_tls_is_used_in_every_mode_but_disable() {
    let Some(servers) = servers() else { return };
    let (server, root) = (&servers.demanding, servers.ours.display());
    for (host, parameters, checked) in [
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={root}"),
            "the certificate and the host's name are checked",
        ),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={root}"), "authority is checked, the host's name is not"),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={root}"), "authority is checked, the host's name is not"),
        ("127.0.0.1", "sslmode=require".to_owned(), "certificate is not checked"),
        ("127.0.0.1", "sslmode=prefer".to_owned(), "certificate is not checked"),
        ("127.0.0.1", String::new(), "certificate is not checked"),
    ] {
        let protection = used(&server.url(host, &parameters)).await;
        assert!(protection.starts_with("TLSv1.3 with TLS_AES_"), "{parameters}: {protection}");
        assert!(protection.contains(checked), "{parameters}: {protection}");
    }
    refused(&server.url("127.0.0.1", "sslmode=disable"), &["no encryption", "the server demands TLS"]).await;
}

#[tokio::test]
async fn a_certificate_is_checked_for_its_authority_its_host_and_its_time() {
    let Some(servers) = servers() else { return };
    let (ours, other) = (servers.ours.display(), servers.other.display());
    let full = |root: &dyn std::fmt::Display| format!("sslmode=verify-full&sslrootcert={root}");
    let server = &servers.demanding;
    refused(&server.url("127.0.0.1", &full(&ours)), &["127.0.0.1:", "not valid for name", "subjectAltName"]).await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = server.url("localhost", &format!("sslmode={mode}&sslrootcert={other}"));
        refused(&url, &["UnknownIssuer", "sslrootcert"]).await;
    }
    refused(&server.url("localhost", "sslmode=verify-full"), &["sslrootcert"]).await;

    let server = &servers.expired;
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&server.url("localhost", &format!("sslmode={mode}&sslrootcert={ours}")), &["expired"]).await;
    }
    let protection = used(&server.url("localhost", "sslmode=require")).await;
    assert!(protection.starts_with("TLSv1.2"), "{protection}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_or_used_as_the_mode_says() {
    let Some(servers) = servers() else { return };
    // The server is read-only.
    let url = |parameters: &str| {
        servers.plain.url("127.0.0.1", &format!("options=-cdefault_transaction_read_only%3Doff&{parameters}"))
    };
    for mode in ["sslmode=require".to_owned(), format!("sslmode=verify-full&sslrootcert={}", servers.ours.display())] {
        refused(&url(&mode), &["server does not support TLS"]).await;
    }
    for (mode, expected) in [("", "offers no TLS"), ("sslmode=prefer", "offers no TLS"), ("sslmode=disable", "disable")]
    {
        let protection = used(&url(mode)).await;
        assert!(protection.starts_with("not encrypted") && protection.contains(expected), "{protection}");
    }
    // A Unix socket needs no TLS, whatever the mode.
    let folder = servers.plain.folder.display().to_string().replace('/', "%2F");
    let protection = used(&url("sslmode=require").replace("127.0.0.1", &folder)).await;
    assert_eq!(protection, "a socket of this machine");
}

#[tokio::test]
async fn a_log_in_can_be_bound_to_the_connection() {
    let Some(servers) = servers() else { return };
    used(&servers.demanding.url("127.0.0.1", "sslmode=require&channel_binding=require")).await;
    let plain = servers.plain.url("127.0.0.1", "channel_binding=require");
    refused(&plain, &["channel binding"]).await;
    let wrong = servers.demanding.url("127.0.0.1", "sslmode=require").replace(PASSWORD, "hush-hush-hush");
    refused(&wrong, &["password authentication failed"]).await;
}

/// Starts a fake PostgreSQL server that offers TLS with this certificate and does nothing else.
async fn front(certificate: &str, key: &KeyPair) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let key = any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))).unwrap();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let mut names = ResolvesServerCertUsingSni::new();
    names.add("localhost", CertifiedKey::new(vec![certificate], key)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_cert_resolver(Arc::new(names))));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                client.read_exact(&mut [0; 8]).await?;
                client.write_all(b"S").await?;
                acceptor.accept(client).await.map(drop)
            });
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_without_its_key_is_worth_nothing_even_where_it_is_not_checked() {
    let ours = Authority::new("ours");
    let port = front(&ours.sign("localhost", 2999).pem, &KeyPair::generate().unwrap()).await;
    refused(&several(&[port], "sslmode=require"), &["BadSignature"]).await;
}

#[tokio::test]
async fn a_server_that_signed_its_certificate_itself_is_known_by_that_certificate() {
    let key = KeyPair::generate().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let url = |port| several(&[port], &format!("sslmode=verify-full&sslrootcert={}", file.path().display()));
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let pem = params.self_signed(&key).unwrap().pem();
    std::fs::write(file.path(), &pem).unwrap();
    refused(&url(front(&pem, &key).await), &["communicating with the server"]).await;
    // What `openssl req -x509` makes by default.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    std::fs::write(file.path(), &pem).unwrap();
    refused(&url(front(&pem, &key).await), &["CaUsedAsEndEntity", "CA:FALSE"]).await;
}

#[tokio::test]
async fn a_root_file_that_is_none_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let root = file.path().display().to_string();
    for (root, reason) in [("/no/such.pem", "No such file"), (root.as_str(), "no certificate is in it")] {
        let url = several(&[1], &format!("sslmode=verify-full&sslrootcert={root}"));
        refused(&url, &[&format!("sslrootcert {root}: "), reason]).await;
    }
}

/// Returns a URL with these ports of this machine, in this order.
fn several(ports: &[u16], parameters: &str) -> String {
    let hosts = ports.iter().map(|port| format!("localhost:{port}")).collect::<Vec<_>>().join(",");
    format!("postgres://postgres:{PASSWORD}@{hosts}/postgres?{parameters}")
}

#[tokio::test]
async fn of_several_hosts_the_first_that_can_be_written_to_is_used() {
    let Some(servers) = servers() else { return };
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (read_only, writable) = (servers.plain.port, servers.demanding.port);
    let protection = used(&several(&[free, writable], "target_session_attrs=read-write")).await;
    assert!(protection.starts_with("TLSv1.3"), "the first is not there: {protection}");
    let protection = used(&several(&[read_only, writable], "target_session_attrs=read-write")).await;
    assert!(protection.starts_with("TLSv1.3"), "the first takes no writes: {protection}");
    let balanced = several(&[free, writable], "load_balance_hosts=random");
    assert!(used(&balanced).await.starts_with("TLSv1.3"), "any order will do");

    refused(&several(&[read_only, writable], ""), &["read-only transaction"]).await;
    let none = several(&[free, read_only], "target_session_attrs=read-write");
    let (free, read_only) = (format!("localhost:{free}: "), format!("localhost:{read_only}: "));
    refused(&none, &[&free, "refused", &read_only, "does not allow writes"]).await;
}

#[tokio::test]
async fn a_server_that_takes_no_writes_any_more_is_left_for_the_next() {
    let Some(servers) = servers() else { return };
    let first = Server::start(None, &[]).unwrap();
    used(&several(&[servers.demanding.port], "")).await;
    let store = open(&several(&[first.port, servers.demanding.port], "target_session_attrs=read-write")).await.unwrap();
    assert!(store.protection().await.unwrap().unwrap().starts_with("not encrypted"), "the first is used");
    let (operator, connection) =
        tokio_postgres::connect(&first.url("127.0.0.1", ""), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    operator.simple_query("alter system set default_transaction_read_only = on").await.unwrap();
    operator.simple_query("select pg_reload_conf()").await.unwrap();
    let write = async || {
        let app = App { id: AppId(2), version: 1, settings: AppSettings::new("A") };
        store.commit(vec![apps::insert(&app, Millis(1))]).await
    };
    let mut failures = 0;
    let began = Instant::now();
    // The server notices after a while. Until then it accepts writes.
    while store.protection().await.unwrap().unwrap().starts_with("not encrypted") {
        failures += u32::from(write().await.is_err());
        assert!(began.elapsed() < Duration::from_secs(20), "{failures} failures");
    }
    assert_eq!(failures, 1);
    assert_eq!(write().await.unwrap(), Outcome::Committed);
}

#[tokio::test]
async fn a_host_that_never_answers_does_not_keep_from_the_next() {
    let Some(servers) = servers() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    used(&several(&[port, servers.demanding.port], "connect_timeout=1")).await;
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    refused(&several(&[port, port], "connect_timeout=1"), &["no answer within 1 s"]).await;
}
