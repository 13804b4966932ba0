//! Tests of commands with a PostgreSQL server that requires TLS.

use crate::postgres_server::{Authority, PASSWORD, Server};
use crate::running::{Running, curl, kakaw, run};

#[test]
fn serve_and_check_use_a_database_that_demands_tls() {
    let authority = Authority::new("ours");
    let Some(server) = Server::start(Some(&authority.sign("localhost", 2999)), &[]) else {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    let configure = |database: &str| {
        let text = format!(
            "listen = \"127.0.0.1:0\"\npublic_url = \"https://login.example.com\"\nkey_file = \"{path}/keys.toml\"\n\
             database = \"{database}\"\n"
        );
        std::fs::write(folder.path().join("kakaw.toml"), text).unwrap();
    };
    configure(&server.url("localhost", "sslmode=verify-full&sslrootcert=ca.pem"));
    let (code, out, err) = run(folder.path(), &["init", "--config", "kakaw.toml"]);
    assert!(code == Some(0) && !out.contains(PASSWORD), "{out}{err}");
    let (code, out, err) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert!(code == Some(0) && out.contains("ok       connection: TLSv1.3 with TLS_AES_"), "{out}{err}");
    assert!(out.contains("the certificate and the host's name are checked"), "{out}");
    // If this variable is set, the system's trusted authorities are those in its file.
    configure(&server.url("localhost", "sslmode=verify-full"));
    let mut check = kakaw(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(check.env("SSL_CERT_FILE", folder.path().join("ca.pem")).output().unwrap().status.code(), Some(0));
    configure(&server.url("localhost", "sslmode=verify-full&sslrootcert=ca.pem"));
    let running = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
    let (status, _) = curl(&format!("{}/.well-known/jwks.json", running.url), &["-H", "host: login.example.com"]);
    assert_eq!(status, 200);

    for (host, parameters, code, expected) in [
        ("localhost", "sslmode=disable", 1, "the server demands TLS"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=ca.pem", 1, "certificate not valid for name"),
        ("localhost", "sslmode=verify-ful", 2, "database: sslmode is \"verify-ful\"; expected disable"),
    ] {
        configure(&server.url(host, parameters));
        for command in ["check", "serve", "export"] {
            let (status, out, err) = run(folder.path(), &[command, "--config", "kakaw.toml"]);
            let said = format!("{out}{err}");
            assert_eq!(status, Some(code), "{command} {parameters}: {said}");
            assert!(said.contains(expected) && !said.contains(PASSWORD), "{command}: {said}");
        }
    }
    configure(&server.url("localhost", "sslmode=require"));
    let (_, out, err) = run(folder.path(), &["config", "--config", "kakaw.toml"]);
    assert!(out.contains("postgres://postgres:…@localhost") && !out.contains(PASSWORD), "{out}{err}");
}
