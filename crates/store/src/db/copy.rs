//! Copies of a SQLite file: for backups, and before a migration.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::migrate;
use super::{Error, Result, aside};

/// How long to wait for another process that has locked the file.
const LOCKED: Duration = Duration::from_secs(5);

/// How often, and at which interval, to wait for connections that are being closed.
const TRIES: usize = 50;
const AGAIN: Duration = Duration::from_millis(50);

/// What a copy contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The version of the schema.
    pub version: i64,
    /// The sealed text that proves the key file.
    pub proof: Option<String>,
    /// Number of accounts.
    pub accounts: i64,
}

/// Copies a database while others use it, as it is at one point in time. The new file is its owner's alone, and holds
/// no deleted rows.
///
/// # Errors
/// The file exists, the disk is full, or the database failed.
pub async fn copy(from: PathBuf, to: PathBuf) -> Result<()> {
    aside(move || copy_now(&from, &to)).await
}

pub(super) fn copy_now(from: &Path, to: &Path) -> Result<()> {
    // The mode is there before the first byte. SQLite fills a file that is empty.
    let made = std::fs::File::options().write(true).create_new(true).mode(0o600).open(to);
    made.map_err(|error| Error::Unusable(format!("cannot create {}: {error}", to.display())))?;
    let done = vacuum(from, to).and_then(|()| {
        let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|error| Error::Unusable(format!("cannot write {}: {error}", to.display())))
    });
    if done.is_err() {
        let _ = std::fs::remove_file(to);
    }
    done
}

fn vacuum(from: &Path, to: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(LOCKED)?;
    connection.execute("vacuum into $1", [to.to_string_lossy()])?;
    Ok(())
}

/// Opens a copy, checks all of it, and returns what it contains.
///
/// # Errors
/// It is damaged, or no database of this program.
pub async fn verify(path: PathBuf) -> Result<Verified> {
    aside(move || {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let report: String = connection.query_row("pragma integrity_check", [], |row| row.get(0))?;
        if report != "ok" {
            return Err(Error::Unusable(format!("{} is damaged: {report}", path.display())));
        }
        let history = history(&connection)?;
        migrate::pending(&history)?;
        let one = |text: &str| connection.query_row(text, [], |row| row.get::<_, String>(0)).ok();
        let accounts = connection.query_row("select count(*) from accounts", [], |row| row.get(0))?;
        let version = history.last().map_or(0, |(version, _)| *version);
        Ok(Verified { version, proof: one("select proof from instance where id = 1"), accounts })
    })
    .await
}

pub(super) fn history(connection: &Connection) -> Result<Vec<(i64, i64)>> {
    let mut statement = connection.prepare(migrate::READ_HISTORY)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<Vec<(i64, i64)>, _>>()?)
}

/// Makes a file complete in itself, without a write-ahead log, so that it can be moved. Waits for connections that are
/// being closed.
///
/// # Errors
/// Another process uses the file.
pub async fn settle(path: PathBuf) -> Result<()> {
    aside(move || {
        let connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::ZERO)?;
        let mut left = TRIES;
        loop {
            left -= 1;
            let mode = connection.query_row("pragma journal_mode = delete", [], |row| row.get::<_, String>(0));
            match mode {
                Ok(mode) if mode == "delete" => return Ok(()),
                Ok(_) | Err(_) if left > 0 => std::thread::park_timeout(AGAIN),
                Ok(_) => return Err(Error::Unusable(format!("another process uses {}", path.display()))),
                Err(error) => return Err(error.into()),
            }
        }
    })
    .await
}
