//! Tests of the key file: it is made once, for an unused database, and every command checks that it belongs to the
//! database.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use kakaw_store::db::{self, Url};
use kakaw_store::{Outcome, Store};

use crate::running::{Running, curl, kakaw, run};

const SAFE: &str = "listen = \"127.0.0.1:0\"\npublic_url = \"https://login.example.com\"\n";
/// An app without a secret and a person without a password: nothing of it is sealed.
const WORLD: &str = "[[apps]]\nid = 7\nname = \"A\"\n[[apps.rest_api_keys]]\nkey = \"fedcba9876543210fedcba9876543210\"\n\
                     redirect_uris = [\"https://example.com/callback\"]\n[[people]]\nid = \"ryan\"\n";

/// Makes a folder with a configuration of `serve` and a world file.
fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), format!("{SAFE}{config}")).unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    folder
}

/// Every command that opens a database.
const COMMANDS: [&[&str]; 7] = [
    &["serve", "--config", "kakaw.toml"],
    &["init", "--config", "kakaw.toml"],
    &["apply", "world.toml", "--config", "kakaw.toml"],
    &["export", "--config", "kakaw.toml"],
    &["people", "delete", "ryan", "--config", "kakaw.toml"],
    &["webhooks", "--config", "kakaw.toml"],
    &["check", "--config", "kakaw.toml"],
];

/// Expects that every command reports it, and changes nothing.
fn all_refuse(folder: &Path, expected: &str) {
    for args in COMMANDS {
        // A server that starts, although it must not, would run for ever.
        let command =
            Command::new("timeout").args(["20", env!("CARGO_BIN_EXE_kakaw")]).args(args).current_dir(folder).output();
        let Output { status, stdout, stderr } = command.unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(matches!(status.code(), Some(1 | 2)), "{args:?}: {status} {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

fn init(folder: &Path) -> String {
    let (code, out, err) = run(folder, &["init", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
    out
}

#[test]
fn init_makes_key_file_tables_and_signing_keys_once() {
    let folder = folder("data = \"live\"\n");
    let path = folder.path().join("live/keys.toml");
    let out = init(folder.path());
    assert!(out.contains("keys.toml: created"), "{out}");
    let first = std::fs::read(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let out = init(folder.path());
    assert!(out.contains("belongs to the database"), "{out}");
    assert_eq!(std::fs::read(&path).unwrap(), first, "the second time changes nothing");
    let (code, out, err) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let server = Running::start(folder.path(), &["serve", "--config", "kakaw.toml"]);
    let jwks = curl(&format!("{}/.well-known/jwks.json", server.url), &["-H", "host: login.example.com"]);
    assert!(jwks.0 == 200 && jwks.1.matches("\"kid\"").count() == 2, "{jwks:?}");
    let (code, _, err) = run(folder.path(), &["init"]);
    assert!(code == Some(2) && err.contains("--config"), "{err}");
}

#[test]
fn a_key_file_is_made_by_the_first_apply_and_never_again_once_the_database_is_in_use() {
    let folder = folder("data = \"live\"\n");
    let path = folder.path().join("live/keys.toml");
    let (code, out, _) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert!(code == Some(1) && out.contains("kakaw init") && !path.exists(), "a look makes none: {out}");
    let (code, _, err) = run(folder.path(), COMMANDS[2]);
    assert_eq!(code, Some(0), "{err}");
    assert!(path.exists());
    let kept = folder.path().join("kept");
    std::fs::rename(&path, &kept).unwrap();
    all_refuse(folder.path(), "is missing, but the database is in use");
    assert!(!path.exists(), "none was made");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    all_refuse(folder.path(), "is empty");
    std::fs::rename(&kept, &path).unwrap();
    let (code, _, err) = run(folder.path(), &["export", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn a_wrong_or_altered_key_file_is_refused_though_no_secret_is_in_the_database() {
    let folder = folder("data = \"live\"\n");
    let path = folder.path().join("live/keys.toml");
    let (code, _, err) = run(folder.path(), COMMANDS[2]);
    assert_eq!(code, Some(0), "{err}");
    let right = std::fs::read_to_string(&path).unwrap();
    let altered = right.replacen("instance = \"", "instance = \"x", 1);
    assert_ne!(altered, right);
    std::fs::write(&path, altered).unwrap();
    all_refuse(folder.path(), "is not the key file of this database");
    let other = self::folder("data = \"live\"\n");
    init(other.path());
    std::fs::copy(other.path().join("live/keys.toml"), &path).unwrap();
    all_refuse(folder.path(), "is not the key file of this database");
    std::fs::write(&path, &right).unwrap();
    init(folder.path());
}

#[tokio::test]
async fn a_database_of_an_earlier_version_is_proven_on_its_signing_keys_and_gets_a_proof() {
    let folder = folder("data = \"live\"\n");
    let path = folder.path().join("live/keys.toml");
    init(folder.path());
    let right = std::fs::read(&path).unwrap();
    let other = self::folder("data = \"live\"\n");
    init(other.path());
    let wrong = std::fs::read(other.path().join("live/keys.toml")).unwrap();
    let url = Url::Sqlite(folder.path().join("live/kakaw.db"));
    let store = Store::open(&url).await.unwrap();
    let earlier = [
        "drop table failed_logins",
        "drop table sealing_keys",
        "alter table signing_keys drop column retired_at",
        "alter table accounts drop column private",
        "drop table audit",
        "drop table audit_batches",
        "drop table audit_anchors",
        "drop table audit_people",
        "drop table consents",
        "drop table consent_texts",
        "drop table instance",
        "drop index links_by_account",
        "drop index accounts_by_age",
        "alter table pending_results rename to parked_codes",
        "drop index pending_results_by_expiry",
        "create index parked_codes_by_expiry on parked_codes (expires_at)",
        "delete from schema_history where version >= 3",
    ];
    let earlier = earlier.into_iter().map(db::sql).collect();
    assert_eq!(store.commit(earlier).await.unwrap(), Outcome::Committed);
    drop(store);
    std::fs::write(&path, wrong).unwrap();
    all_refuse(folder.path(), "is not the key file of this database");
    std::fs::write(&path, right).unwrap();
    init(folder.path());
    let store = Store::open(&url).await.unwrap();
    assert!(kakaw_store::instance::proof(&store).await.unwrap().is_some());
}

#[test]
fn of_many_first_starts_at_once_one_makes_the_key_file_and_all_go_on_with_it() {
    let folder = folder("data = \"live\"\n");
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = kakaw(folder.path(), &["init", "--config", "kakaw.toml"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (code, out, err) = run(folder.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
}

#[test]
fn commands_that_read_make_no_database_and_say_that_one_is_missing_or_unused() {
    let folder = folder("database = \"sqlite:live/kakaw.db\"\n");
    init(folder.path());
    for command in [&["export"][..], &["webhooks"], &["check"]] {
        let args = [command, &["--config", "kakaw.toml"]].concat();
        let typo = ["--database", "sqlite:live/typo.db"];
        let (code, out, err) = run(folder.path(), &[command, &typo].concat());
        if command != ["check"] {
            assert!(code == Some(1) && err.contains("there is no database live/typo.db"), "{command:?}: {out} {err}");
        }
        assert!(!folder.path().join("live/typo.db").exists(), "{command:?}");
        assert_eq!(run(folder.path(), &args).0, Some(0), "{command:?} of the right one");
    }
    // Reading a database that nobody has used does not tie it to a key file.
    std::fs::copy(folder.path().join("live/kakaw-keys.toml"), folder.path().join("kakaw-keys.toml")).unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    let (code, _, err) = run(folder.path(), &["export", "--database", "sqlite:empty.db"]);
    assert!(code == Some(1) && err.contains("this database is not set up yet"), "{code:?} {err}");
}

#[test]
fn serve_refuses_a_key_file_that_others_can_read() {
    let folder = folder("data = \"live\"\n");
    init(folder.path());
    for mode in [0o640, 0o604, 0o620] {
        let path = folder.path().join("live/keys.toml");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let (code, _, err) = run(folder.path(), COMMANDS[0]);
        assert!(code == Some(2) && err.contains("chmod 600"), "{err}");
    }
}

#[test]
fn with_postgresql_the_path_of_the_key_file_is_absolute() {
    // Nobody listens there: the path is checked first.
    let database = "database = \"postgres://me@127.0.0.1:9/kakaw\"\n";
    for config in [database.to_owned(), format!("{database}key_file = \"keys.toml\"\n")] {
        let folder = folder(&config);
        all_refuse(folder.path(), "requires an absolute path");
        assert!(!folder.path().join("kakaw-keys.toml").exists() && !folder.path().join("keys.toml").exists());
    }
}

#[test]
fn apply_from_another_folder_cannot_destroy_a_platform_on_postgresql() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let schema = format!("keys{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(db::create_schema(&base, &schema)).unwrap();
    let url = format!("{base}?options=-csearch_path%3D{schema}");
    let config = |key_file: &Path| format!("database = {url:?}\nkey_file = {key_file:?}\n");
    let keys = tempfile::tempdir().unwrap();
    let first = folder(&config(&keys.path().join("keys.toml")));
    let out = init(first.path());
    assert!(out.contains("A second node needs a copy of this file"), "{out}");
    let secret = WORLD.replacen("redirect", "client_secret = \"9f86d081884c7d659a2feaa0c55ad015\"\nredirect", 1);
    std::fs::write(first.path().join("world.toml"), secret).unwrap();
    assert_eq!(run(first.path(), COMMANDS[2]).0, Some(0));
    // Another node, to which nobody has copied the file.
    let second = folder(&config(&keys.path().join("elsewhere.toml")));
    all_refuse(second.path(), "on another node, copy the file from the first");
    assert!(!keys.path().join("elsewhere.toml").exists());
    let (code, out, err) = run(first.path(), &["check", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "the first goes on: {out}{err}");
    std::fs::copy(keys.path().join("keys.toml"), keys.path().join("elsewhere.toml")).unwrap();
    init(second.path());
}
