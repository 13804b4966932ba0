//! The database file: only its owner may read it, whatever the umask. SQLite gives the files next to it the same mode.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Creates the file of a new database. An existing one stays as it is. If this fails, SQLite says why when it opens the
/// file.
pub(super) fn create(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}
