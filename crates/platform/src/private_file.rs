//! Files with secrets.

use std::io::Write as _;
use std::path::Path;

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
