use super::*;

fn files() -> (tempfile::TempDir, Manifest) {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("db"), vec![7; 300_000]).expect("written");
    std::fs::write(folder.path().join("keys"), "instance = \"x\"").expect("written");
    let path = |name| folder.path().join(name);
    let manifest = manifest("now".to_owned(), 6, 3, &path("db"), &path("keys")).expect("manifest");
    (folder, manifest)
}

fn write_to(folder: &Path, manifest: &Manifest, lock: &Lock) -> std::path::PathBuf {
    let to = folder.join("backup");
    write(&to, lock, manifest, &folder.join("db"), &folder.join("keys")).expect("written");
    to
}

fn opened(folder: &Path, from: &Path, key: Option<Key>) -> anyhow::Result<Manifest> {
    let (database, keys) = (folder.join("db.out"), folder.join("keys.out"));
    for path in [&database, &keys] {
        let _ = std::fs::remove_file(path);
    }
    read(from, key, &database, &keys)
}

#[test]
fn only_the_recipient_opens_it_and_every_changed_byte_is_noticed() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, manifest) = files();
    let (ours, others) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let lock = Lock::Recipients(recipients(&[ours.to_public().to_string()]).expect("a recipient"));
    let to = write_to(folder.path(), &manifest, &lock);
    assert_eq!(std::fs::metadata(&to).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(matches!(kind(&to).expect("read"), Kind::Recipients));
    let key = |identity: &age::x25519::Identity| Some(Key::Identities(vec![Box::new(identity.clone())]));
    assert_eq!(opened(folder.path(), &to, key(&ours)).expect("opens"), manifest);
    assert_eq!(std::fs::read(folder.path().join("db.out")).expect("read"), vec![7; 300_000]);
    assert!(opened(folder.path(), &to, key(&others)).is_err());
    assert!(opened(folder.path(), &to, None).is_err());
    let whole = std::fs::read(&to).expect("read");
    for place in (0..whole.len()).step_by(9973).chain([whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        std::fs::write(&to, &changed).expect("written");
        assert!(opened(folder.path(), &to, key(&ours)).is_err(), "byte {place}");
    }
    std::fs::write(&to, &whole[..whole.len() - 70_000]).expect("written");
    assert!(opened(folder.path(), &to, key(&ours)).is_err(), "cut off");
}

#[test]
fn an_existing_file_is_not_replaced_and_nothing_is_left_behind() {
    let (folder, manifest) = files();
    let to = write_to(folder.path(), &manifest, &Lock::Open);
    let (db, keys) = (folder.path().join("db"), folder.path().join("keys"));
    assert!(write(&to, &Lock::Open, &manifest, &db, &keys).is_err());
    let names = std::fs::read_dir(folder.path()).expect("folder").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    assert_eq!(names, ["backup", "db", "keys"]);
}

#[test]
fn an_archive_that_is_not_ours_writes_nothing() {
    let (folder, manifest) = files();
    let to = write_to(folder.path(), &manifest, &Lock::Open);
    assert!(matches!(kind(&to).expect("read"), Kind::Open));
    assert_eq!(opened(folder.path(), &to, None).expect("opens"), manifest);
    // A file of another name, a manifest of another format, a part that is not the manifest's.
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_cksum();
    tar.append_data(&mut header, "elsewhere", &b"x"[..]).expect("added");
    std::fs::write(folder.path().join("foreign"), tar.into_inner().expect("bytes")).expect("written");
    let error = opened(folder.path(), &folder.path().join("foreign"), None).expect_err("foreign");
    assert!(format!("{error:#}").contains("elsewhere"), "{error:#}");
    for wrong in [
        Manifest { format: 2, ..manifest.clone() },
        Manifest { keys: Part { bytes: manifest.keys.bytes, sha256: "0".repeat(64) }, ..manifest.clone() },
    ] {
        let _ = std::fs::remove_file(&to);
        write_to(folder.path(), &wrong, &Lock::Open);
        assert!(opened(folder.path(), &to, None).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_recipient_that_is_none_is_refused() {
    for wrong in ["", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"] {
        assert!(recipients(&[wrong.to_owned()]).is_err(), "{wrong}");
    }
}
