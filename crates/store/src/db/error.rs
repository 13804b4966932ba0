//! Why the database failed.

use super::postgres;

/// A failure of the database. It is never the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("SQLite: {}", sqlite(.0))]
    Sqlite(rusqlite::Error),
    #[error("PostgreSQL: {}", postgres::text(.0))]
    Postgres(tokio_postgres::Error),
    #[error("PostgreSQL: {0}")]
    Unreachable(String),
    #[error("table {table}, column {column}: {reason}")]
    Inconsistent { table: &'static str, column: String, reason: String },
    #[error("{0}")]
    Migration(String),
    #[error("{0}")]
    Unusable(String),
    #[error("the database did not answer in time")]
    Slow,
    #[error("a commit was outrun too often")]
    Outrun,
    #[error("the store is shut")]
    Shut,
}

// Not `#[from]`: then the driver's error would be this one's source, and reports with sources would say it twice.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The text of an error of SQLite, and what to do about a full disk. Of a file beside the database, SQLite reports only an
/// I/O error.
fn sqlite(error: &rusqlite::Error) -> String {
    use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_SHMSIZE};
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(code) if [SQLITE_FULL, SQLITE_IOERR_SHMSIZE].contains(&code) => {
            format!("the disk is full, and nothing was written; make space on the disk of the database ({error})")
        }
        _ => error.to_string(),
    }
}

/// The result of store functions.
pub type Result<T> = std::result::Result<T, Error>;
