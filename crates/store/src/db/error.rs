//! Why the database failed.

use super::postgres;

/// A failure of the database. It is never the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
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

/// The result of store functions.
pub type Result<T> = std::result::Result<T, Error>;
