//! Files with secrets or personal data, and their folder: only their owner may read them.

use std::fs::{DirBuilder, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Creates a folder that only its owner can enter, and those above it. One that exists stays as it is.
///
/// # Errors
/// It cannot be created.
pub fn folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns the mode of a file that others than its owner can read or write.
#[must_use]
pub fn open_to_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Returns the files of a SQLite database: the database itself, and those that SQLite puts next to it.
#[must_use]
pub fn of_sqlite(database: &Path) -> Vec<PathBuf> {
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal"].map(beside).into()
}

/// Closes our own file to others. Returns whether it was open to them.
///
/// # Errors
/// The file belongs to another user, who alone may change its mode.
pub fn close_to_others(path: &Path) -> Result<bool, String> {
    let Some(mode) = open_to_others(path) else { return Ok(false) };
    let shown = path.display();
    let owner = std::fs::metadata(path).map_or(0, |metadata| metadata.uid());
    let fix = format!("run, as the user of the server: chown \"$USER\" {shown} && chmod 600 {shown}");
    if owner != rustix::process::geteuid().as_raw() {
        return Err(format!("others can read {shown} (mode {mode:o}), which belongs to user {owner}; {fix}"));
    }
    let closed = std::fs::set_permissions(path, Permissions::from_mode(0o600));
    closed.map(|()| true).map_err(|error| format!("others can read {shown} (mode {mode:o}): {error}; {fix}"))
}

/// Writes a new file that only its owner can read, and waits until it is on the disk. Nobody sees a part of it, and of
/// many concurrent writers one makes the file.
///
/// # Errors
/// The file exists already, or cannot be written.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Its mode is 0600 from the beginning.
    let mut file = tempfile::Builder::new().prefix(".kakaw-new-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    // The key file must be on the disk before anything that it seals.
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_concurrent_writers_one_makes_the_file_and_it_is_whole() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("keys.toml");
        let text = |n: usize| format!("{n}").repeat(10_000);
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let path = path.clone();
                std::thread::spawn(move || (n, write(&path, &text(n))))
            })
            .collect();
        let mut winners = Vec::new();
        for thread in threads {
            match thread.join().expect("joined") {
                (n, Ok(())) => winners.push(n),
                (_, Err(error)) => assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text(winners[0]));
        assert_eq!(std::fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 1, "nothing else is left behind");
    }
}
