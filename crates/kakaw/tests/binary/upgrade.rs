//! Tests that the newest build opens the data of older ones: databases of both engines, key files, tokens, sessions,
//! world files. `tests/upgrade/` has a folder for each commit that made fixtures (`tests/upgrade/make`).

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::running::{self, Running, curl};

const KEY: &str = "d0000000000000000000000000000001";
const SECRET: &str = "fixture-secret-4f9b1c0d2e7a68";
const AUTHORIZE: &str = "/oauth/authorize?client_id=d0000000000000000000000000000001\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code";

/// Returns every folder of fixtures.
fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/upgrade");
    let found = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = found.filter(|path| path.is_dir()).collect();
    assert!(found.iter().any(|path| path.ends_with("af82347")), "{found:?}");
    found
}

/// Copies a key file with its mode, which Git does not keep.
fn copy_key(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Uses what clients have since then: tokens, a session, an ID token, a password.
async fn check(url: &str, held: &Path) {
    let held: Value = serde_json::from_str(&std::fs::read_to_string(held).unwrap()).unwrap();
    let text = |name: &str| held[name].as_str().unwrap();
    let clock = serde_json::json!({ "set": text("when") }).to_string();
    let control = ["-H", "Kakaw-Control: 1", "-H", "Content-Type: application/json", "-d", &clock];
    assert_eq!(curl(&format!("{url}/control/v1/clock"), &control).0, 200);
    let mut client = Client::new(url);
    let bearer = format!("Authorization: Bearer {}", text("access_token"));
    let (status, me) = curl(&format!("{url}/v2/user/me"), &["-H", &bearer]);
    assert!(status == 200 && me.contains("ryan@example.com"), "{status} {me}");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", KEY),
        ("client_secret", SECRET),
        ("refresh_token", text("refresh_token")),
    ];
    let refreshed = client.post("/oauth/token", &form).await.unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    let info = client.post("/oauth/tokeninfo", &[("id_token", text("id_token"))]).await.unwrap();
    assert!(info.status == 200 && info.json()["nickname"] == "Ryan", "{}", info.text);
    let (_, keys) = curl(&format!("{url}/.well-known/jwks.json"), &[]);
    assert!(keys.contains("\"kid\""), "{keys}");
    let cookie = format!("Cookie: {}", text("cookies"));
    let write = ["-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "-H", &cookie];
    let output = Command::new("curl").arg("-s").args(write).arg(format!("{url}{AUTHORIZE}")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (status, location) = text.split_once(' ').unwrap();
    assert!(status == "302" && location.contains("?code="), "the session still stands: {status} {location}");
    // Apeach has never logged in, so the password is still sealed.
    let page = client.log_in(AUTHORIZE, "apeach", "apeach-password").await.unwrap();
    assert_eq!(page.status, 200, "{}", page.text);
    let admin = ["-H", "Authorization: KakaoAK d0000000000000000000000000000004"];
    let (status, users) = curl(&format!("{url}/v1/user/ids"), &admin);
    assert_eq!((status, users.contains("\"total_count\":1")), (200, true), "{users}");
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_sqlite_database_of_every_older_commit_opens() {
    for fixture in fixtures() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::copy(fixture.join("sqlite/kakaw.db"), data.join("kakaw.db")).unwrap();
        copy_key(&fixture.join("sqlite/keys.toml"), &data.join("keys.toml"));
        let server = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--data", "data"]);
        run(check(&server.url, &fixture.join("sqlite.json")));
    }
}

#[test]
fn a_postgresql_database_of_every_older_commit_opens() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let psql = |url: &str, args: &[&std::ffi::OsStr]| {
        let output = Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", url]).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    for (n, fixture) in fixtures().into_iter().enumerate() {
        let name = format!("kakaw_upgrade_{}_{n}", std::process::id());
        psql(&base, &["-c".as_ref(), format!("create database {name} template template0").as_ref()]);
        let url = format!("{}/{name}", base.rsplit_once('/').unwrap().0);
        psql(&url, &["-f".as_ref(), fixture.join("postgres.sql").as_ref()]);
        let folder = tempfile::tempdir().unwrap();
        // The default path at that time.
        let key_file = folder.path().join("kakaw-keys.toml");
        copy_key(&fixture.join("kakaw-keys.toml"), &key_file);
        let config = folder.path().join("kakaw.toml");
        std::fs::write(&config, format!("key_file = {:?}\n", key_file.display())).unwrap();
        let args = ["dev", "--listen", "127.0.0.1:0", "--database", &url, "--config", "kakaw.toml"];
        let server = Running::start(folder.path(), &args);
        run(check(&server.url, &fixture.join("postgres.json")));
        drop(server);
        psql(&base, &["-c".as_ref(), format!("drop database {name} with (force)").as_ref()]);
    }
}

/// Otherwise a migration would wait for a dump, and every request of the other nodes for the migration.
#[test]
fn a_migration_lets_others_read_while_it_waits_for_a_dump() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/upgrade/af82347");
    let psql = |url: &str, args: &[&str]| {
        let mut psql = Command::new("psql");
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", url]).args(args);
        psql
    };
    let name = format!("kakaw_migrate_{}", std::process::id());
    let done = |command: &mut Command| assert!(command.output().unwrap().status.success());
    done(&mut psql(&base, &["-c", &format!("create database {name} template template0")]));
    let url = format!("{}/{name}", base.rsplit_once('/').unwrap().0);
    done(&mut psql(&url, &["-f", fixture.join("postgres.sql").to_str().unwrap()]));
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("keys.toml");
    copy_key(&fixture.join("kakaw-keys.toml"), &key_file);
    std::fs::write(folder.path().join("kakaw.toml"), format!("key_file = {key_file:?}\ndatabase = {url:?}\n")).unwrap();
    let mut dump = psql(&url, &["-c", "begin; select count(*) from signing_keys; select pg_sleep(5); commit"]);
    let mut dump = dump.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let mut migrating = running::kakaw(folder.path(), &["export", "--config", "kakaw.toml"]);
    let mut migrating = migrating.stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut longest = Duration::ZERO;
    while migrating.try_wait().unwrap().is_none() {
        let read = Instant::now();
        done(&mut psql(&url, &["-c", "select count(*) from signing_keys"]));
        longest = longest.max(read.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(migrating.wait().unwrap().success() && dump.wait().unwrap().success());
    assert!(began.elapsed() > Duration::from_secs(4), "the migration waited for the dump: {:?}", began.elapsed());
    assert!(longest < Duration::from_millis(2500), "a read waited for {longest:?}");
    done(&mut psql(&base, &["-c", &format!("drop database {name} with (force)")]));
}

#[test]
fn a_world_file_of_every_older_commit_is_understood() {
    for fixture in fixtures() {
        let folder = tempfile::tempdir().unwrap();
        let file = fixture.join("world.toml");
        let args = ["dev", "--listen", "127.0.0.1:0", "--world", file.to_str().unwrap()];
        let server = Running::start(folder.path(), &args);
        let (status, page) = curl(&format!("{}{AUTHORIZE}", server.url), &["-L"]);
        assert_eq!((status, page.contains("loginId")), (200, true), "{page}");
    }
}

#[test]
fn a_key_of_a_world_file_that_was_renamed_still_works_and_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let world = "[[apps]]
id = 1
name = \"A\"
standing = \"blocked\"
";
    std::fs::write(folder.path().join("w.toml"), world).unwrap();
    let (code, _, err) = running::run(folder.path(), &["apply", "w.toml", "--data", "data"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("w.toml, line 4: the key `standing` is now `status`"), "{err}");
    let arguments = ["run", "--quiet", "--world", "w.toml", "--", "true"];
    let (code, _, err) = running::run(folder.path(), &arguments);
    assert!(code == Some(0) && err.contains("w.toml, line 4: the key `standing` is now `status`"), "{err}");
    let (_, exported, err) = running::run(folder.path(), &["export", "--data", "data"]);
    assert!(exported.contains("status = \"blocked\"") && !exported.contains("standing"), "{exported} {err}");
    let again = world.replace("standing", "status");
    std::fs::write(folder.path().join("w.toml"), again).unwrap();
    let (code, _, err) = running::run(folder.path(), &["apply", "w.toml", "--data", "data"]);
    assert!(code == Some(0) && !err.contains("status"), "{err}");
}
