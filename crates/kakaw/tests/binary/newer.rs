//! Tests of a migration, and of a database that a newer version made.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::running;
use crate::site::{Site, block_on, psql};

#[test]
fn a_migration_copies_the_database_and_an_older_build_refuses_a_newer_one() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/upgrade/af82347/sqlite");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(fixture.join("kakaw.db"), data.join("kakaw.db")).unwrap();
    std::fs::copy(fixture.join("keys.toml"), data.join("keys.toml")).unwrap();
    let copies = || {
        let names = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.to_string_lossy().contains("kakaw.db.version-")).collect::<Vec<_>>()
    };
    let (code, before, err) = running::run(folder.path(), &["export", "--data", "data"]);
    assert_eq!(code, Some(0), "{err}");
    let found = copies();
    let [copy] = &found[..] else { panic!("{found:?}") };
    assert!(err.contains("copied the database to"), "{err}");
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    running::run(folder.path(), &["export", "--data", "data"]);
    assert_eq!(copies().len(), 1, "nothing is migrated any more, so nothing is copied");
    // The copy is the database of before: put in its place, it is migrated again.
    let old = std::fs::read(copy).unwrap();
    for name in ["kakaw.db", "kakaw.db-wal", "kakaw.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::write(data.join("kakaw.db"), old).unwrap();
    let (code, again, _) = running::run(folder.path(), &["export", "--data", "data"]);
    assert_eq!((code, again), (Some(0), before));
    // A database of a newer build.
    let store = data.join("kakaw.db");
    let newer = "insert into schema_history (version, name, checksum) values (9999, 'later', 1)";
    block_on(async {
        let store = kakaw_store::Store::open(&kakaw_store::db::Url::Sqlite(store)).await.unwrap();
        let kakaw_store::Outcome::Committed = store.commit(vec![kakaw_store::db::sql(newer)]).await.unwrap() else {
            panic!("a conflict")
        };
    });
    let (code, _, err) = running::run(folder.path(), &["export", "--data", "data"]);
    assert!(code == Some(1) && err.contains("schema version 9999") && err.contains("start a newer kakaw"), "{err}");
}

#[test]
fn postgresql_too_refuses_a_newer_database() {
    let Some(site) = Site::new("postgres") else { return };
    let newer = "insert into schema_history (version, name, checksum) values (9999, 'later', 1)";
    psql(site.postgres.as_ref().unwrap(), newer);
    let (code, _, err) = site.try_run(&["export"]);
    assert!(code == Some(1) && err.contains("schema version 9999") && err.contains("start a newer kakaw"), "{err}");
}
