//! Tests of the files that `serve` keeps: who may read them, and what happens when one of them is gone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::running::{Running, run};

const SAFE: &str = "listen = \"127.0.0.1:0\"\npublic_url = \"https://login.example.com\"\ndata = \"live\"\n";
const SERVE: [&str; 3] = ["serve", "--config", "kakaw.toml"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), SAFE).unwrap();
    folder
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}")).permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Starts a server with this umask, and its log.
fn start(folder: &Path, umask: &str, log: &Path) -> Running {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_kakaw")]);
    command.args(SERVE).current_dir(folder).env_remove("KAKAW_TEST_POSTGRES");
    Running::wait_with_log(command, std::fs::File::create(log).unwrap().into())
}

/// Runs a command that must end by itself. A server that starts, although it must not, would run for ever.
fn refused(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("timeout");
    let output = command.args(["20", env!("CARGO_BIN_EXE_kakaw")]).args(args).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

const FILES: [&str; 4] = ["kakaw.db", "kakaw.db-wal", "kakaw.db-shm", "keys.toml"];

#[test]
fn only_the_owner_can_read_the_files_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let folder = folder();
        let live = folder.path().join("live");
        let _server = start(folder.path(), umask, &folder.path().join("log"));
        assert_eq!(mode(&live), 0o700, "umask {umask}");
        for file in FILES {
            assert_eq!(mode(&live.join(file)), 0o600, "umask {umask}: {file}");
        }
    }
}

#[test]
fn serve_closes_its_own_database_files_with_a_warning_and_check_names_them() {
    let folder = folder();
    let (live, log) = (folder.path().join("live"), folder.path().join("log"));
    let mut server = start(folder.path(), "022", &log);
    // A killed server leaves the write-ahead log behind.
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    for file in &FILES[..3] {
        set_mode(&live.join(file), 0o644);
    }
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(1), "{out}");
    for file in &FILES[..3] {
        assert!(out.contains(&format!("others can read live/{file} (mode 644)")), "{file}: {out}");
    }
    assert_eq!(mode(&live.join("kakaw.db")), 0o644, "check changes nothing");
    let _server = start(folder.path(), "022", &log);
    for file in FILES {
        assert_eq!(mode(&live.join(file)), 0o600, "{file}");
    }
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("WARN") && said.contains("others could read live/kakaw.db;"), "{said}");
    drop(_server);
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn check_knows_a_server_that_runs_and_names_a_tls_key_that_others_can_read() {
    let folder = folder();
    let port = |_| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let [listen, management] = [0, 1].map(port);
    let config = format!(
        "public_url = \"https://login.example.com\"\nlisten = \"127.0.0.1:{listen}\"\ndata = \"live\"\n\
         management.listen = \"127.0.0.1:{management}\"\n"
    );
    std::fs::write(folder.path().join("kakaw.toml"), &config).unwrap();
    let server = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert!(code == Some(0) && out.contains("ok       address: not checked: kakaw 0."), "{out}");
    drop(server);
    let _other = std::net::TcpListener::bind(("127.0.0.1", listen)).unwrap();
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert!(code == Some(1) && out.contains("problem  address: cannot listen on"), "{out}");
    drop(_other);
    // The modes are what matters.
    std::fs::write(
        folder.path().join("kakaw.toml"),
        format!("{config}[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n"),
    )
    .unwrap();
    for (mode, is_open) in [(0o600, false), (0o640, false), (0o644, true), (0o660, true)] {
        std::fs::write(folder.path().join("k.pem"), "").unwrap();
        set_mode(&folder.path().join("k.pem"), mode);
        let (_, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
        assert_eq!(out.contains("problem  TLS key: others can read or change k.pem"), is_open, "{mode:o}: {out}");
    }
}

#[test]
fn absurd_settings_are_refused_with_what_is_expected() {
    let folder = folder();
    let config = std::fs::read_to_string(folder.path().join("kakaw.toml")).unwrap();
    for (text, says) in [
        ("audit.keep = \"100000d\"", "audit.keep is 8640000000 seconds; expected 1d to 36500d"),
        ("limits.connections = 1000000000", "limits.connections is 1000000000; expected 1 to 1000000"),
        ("limits.header = 1000000", "limits.header is 1000000; expected 1 to 86400"),
        ("passwords.workers = 0", "passwords.workers is 0; expected 1 to 1024"),
        (
            "management.hosts = [\"a.example:9090\"]",
            "management.hosts contains \"a.example:9090\"; expected a host name",
        ),
    ] {
        std::fs::write(folder.path().join("kakaw.toml"), format!("{config}{text}\n")).unwrap();
        let (code, _, err) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
        assert!(code == Some(2) && err.contains(says), "{text}: {err}");
    }
}

#[test]
fn serve_refuses_a_database_of_another_user_that_others_can_read() {
    let folder = folder();
    let database = folder.path().join("live/kakaw.db");
    assert_eq!(run(folder.path(), &["init", "--config", "kakaw.toml"]).0, Some(0));
    set_mode(&database, 0o644);
    if std::os::unix::fs::chown(&database, Some(54321), None).is_err() {
        eprintln!("SKIPPED: only root can give a file to another user");
        return;
    }
    let (code, err) = refused(folder.path(), &SERVE);
    assert!(code == Some(2) && err.contains("belongs to user 54321") && err.contains("chmod 600"), "{err}");
    assert_eq!(mode(&database), 0o644, "nothing was changed");
}

#[test]
fn a_key_file_without_its_database_stops_serve_and_apply_but_not_init() {
    let folder = folder();
    let database = folder.path().join("live/kakaw.db");
    assert_eq!(run(folder.path(), &["init", "--config", "kakaw.toml"]).0, Some(0));
    std::fs::write(folder.path().join("world.toml"), "[[people]]\nid = \"ryan\"\n").unwrap();
    // Gone, and empty.
    for empty in [false, true] {
        for file in FILES.iter().take(3) {
            let _ = std::fs::remove_file(folder.path().join("live").join(file));
        }
        if empty {
            std::fs::write(&database, "").unwrap();
        }
        for command in [&SERVE[..], &["apply", "world.toml", "--config", "kakaw.toml"]] {
            let (code, err) = refused(folder.path(), command);
            assert!(code == Some(1) && err.contains("keys.toml exists"), "{command:?}: {err}");
            assert!(err.contains("kakaw init"), "{err}");
            assert_eq!(database.exists(), empty, "no database was made");
        }
    }
    assert_eq!(run(folder.path(), &["init", "--config", "kakaw.toml"]).0, Some(0));
    let _server = Running::start(folder.path(), &SERVE);
}

#[test]
fn check_says_that_there_is_no_key_file() {
    let folder = folder();
    let (_, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert!(out.contains("problem  key file: there is no key file live/keys.toml"), "{out}");
    assert!(!out.contains("ok       key file"), "{out}");
}
