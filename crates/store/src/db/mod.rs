//! The query layer: statements as values, and two drivers behind them.

pub(crate) mod apps_cache;
pub(crate) mod at_rest;
pub mod copy;
mod error;
mod migrate;
mod patience;
mod postgres;
mod private;
mod row;
mod sqlite;
mod times;
mod url;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use kakaw_core::crypto::seal::Sealer;

pub use error::{Error, Result};
pub use migrate::schema;
pub use patience::patient;
pub(crate) use row::FromRow;
pub use row::Row;
pub use times::Times;
pub use url::Url;

/// A value of a column or of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<kakaw_core::Millis> for Value {
    fn from(value: kakaw_core::Millis) -> Self {
        Self::Int(value.0)
    }
}

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl From<kakaw_core::$name> for Value {
            fn from(id: kakaw_core::$name) -> Self {
                Self::Int(id.0)
            }
        }
    )*};
}

ids!(AppId, AccountId, UserId, GrantId);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement with its values. Its text is fixed: SQL built from input does not compile.
#[derive(Debug, Clone)]
pub struct Statement {
    text: &'static str,
    values: Vec<Value>,
    contested: Option<Contested>,
    /// The value that is sealed when it is written.
    sealed: Option<usize>,
    /// The values that are written instead, if values stay unsealed.
    unsealed: Vec<(usize, Value)>,
    /// Whether sealed values of its rows are opened.
    opens: bool,
}

/// What a statement may find changed or taken by another commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contested {
    Account,
    Address,
    Agt,
    App,
    AppKey,
    /// A row or a batch of the audit trail.
    AuditRow,
    /// An authorization code. Only one exchange redeems it.
    Code,
    Delivery,
    /// The id that was drawn for a grant.
    GrantId,
    Link,
    /// A log-in id. It belongs to one account.
    LoginId,
    /// The pending result of a transaction. There is one.
    PendingResult,
    /// The refresh token of a grant. It rotates once.
    Rotation,
    /// The number of a sealing key.
    SealingKey,
    Session,
    /// Signing keys that are missing. One node makes them.
    SigningKeys,
    /// A row of a snapshot.
    SnapshotRow,
}

/// Starts a statement.
#[must_use]
pub fn sql(text: &'static str) -> Statement {
    debug_assert!(in_first_use_order(text), "SQLite numbers parameters by first use: {text}");
    Statement { text, values: Vec::new(), contested: None, sealed: None, unsealed: Vec::new(), opens: false }
}

impl Statement {
    /// Binds a value to the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Binds a text that is stored sealed. A statement can have one.
    #[must_use]
    pub(crate) fn bind_sealed(mut self, text: String) -> Self {
        self.sealed = Some(self.values.len());
        self.bind(text)
    }

    /// Replaces the value at this index, if values stay unsealed.
    #[must_use]
    pub(crate) fn unless_sealed(mut self, index: usize, value: impl Into<Value>) -> Self {
        self.unsealed.push((index, value.into()));
        self
    }

    /// Returns the number of values.
    pub(crate) const fn bound(&self) -> usize {
        self.values.len()
    }

    /// Opens the sealed texts of the rows. A text that an earlier version stored unsealed stays as it is.
    #[must_use]
    pub(crate) const fn opening(mut self) -> Self {
        self.opens = true;
        self
    }

    /// Requires that the statement changes a row; otherwise the whole commit is undone. `contested` says what the row
    /// is about.
    #[must_use]
    pub(crate) const fn must_touch(mut self, contested: Contested) -> Self {
        self.contested = Some(contested);
        self
    }

    /// Returns the first row, if any.
    pub(crate) async fn maybe<T: FromRow>(self, store: &Store) -> Result<Option<T>> {
        store.query(self).await?.first().map(T::from_row).transpose()
    }

    /// Returns the column `n` of the only row.
    pub(crate) async fn count(self, store: &Store) -> Result<i64> {
        store.query(self).await?.first().map_or(Ok(0), |row| row.int("n"))
    }

    /// Returns every row.
    pub(crate) async fn all<T: FromRow>(self, store: &Store) -> Result<Vec<T>> {
        store.query(self).await?.iter().map(T::from_row).collect()
    }
}

/// The result of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The commit is durable.
    Committed,
    /// A statement about this did not touch its row, or its key was taken. Nothing was written. `statement` is its
    /// index in the commit.
    Conflict { about: Contested, statement: usize },
}

impl Outcome {
    /// Returns what another commit changed or took.
    #[must_use]
    pub const fn contested(self) -> Option<Contested> {
        match self {
            Self::Committed => None,
            Self::Conflict { about, .. } => Some(about),
        }
    }
}

enum Driver {
    Postgres(postgres::Postgres),
    Sqlite(sqlite::Sqlite),
}

/// A database with this program's tables.
pub struct Store {
    driver: Driver,
    shut: AtomicBool,
    times: Times,
    sealer: OnceLock<Arc<Sealer>>,
    leaves_unsealed: AtomicBool,
    pub(crate) apps: apps_cache::AppsCache,
}

impl Store {
    /// Opens a database and migrates it.
    ///
    /// # Errors
    /// The database cannot be reached, or a newer version of this program made it.
    pub async fn open(url: &Url) -> Result<Self> {
        let driver = match url {
            Url::Memory => Driver::Sqlite(sqlite::Sqlite::memory()?),
            Url::Sqlite(path) => Driver::Sqlite(sqlite::Sqlite::file(path)?),
            Url::Postgres(url) => Driver::Postgres(postgres::Postgres::connect(url).await?),
        };
        Ok(Self {
            driver,
            shut: AtomicBool::new(false),
            sealer: OnceLock::new(),
            leaves_unsealed: AtomicBool::new(false),
            times: Times::default(),
            apps: apps_cache::AppsCache::default(),
        })
    }

    /// Sets the keys for values that are sealed at rest. Without them, such values cannot be written or read.
    pub fn seal_with(&self, sealer: Arc<Sealer>) {
        // A store is opened for one platform, so there is only one sealer.
        let _ = self.sealer.set(sealer);
    }

    /// Returns the keys for values that are sealed at rest.
    pub(crate) fn sealer(&self) -> Option<&Sealer> {
        self.sealer.get().map(|sealer| &**sealer)
    }

    /// Whether all data is lost when the process ends.
    #[must_use]
    pub const fn is_in_memory(&self) -> bool {
        matches!(&self.driver, Driver::Sqlite(sqlite) if sqlite.is_in_memory())
    }

    /// Commits all statements, or none.
    ///
    /// # Errors
    /// The database failed or was too slow. Whether the commit happened may be unknown then.
    pub async fn commit(&self, mut statements: Vec<Statement>) -> Result<Outcome> {
        self.check_open()?;
        self.seal(&mut statements)?;
        patience::spend(&self.times.commit, async |deadline| match &self.driver {
            Driver::Postgres(postgres) => postgres.commit(&statements, deadline).await,
            Driver::Sqlite(sqlite) => sqlite.commit(statements, deadline).await,
        })
        .await
    }

    /// Returns how long reads and commits took.
    #[must_use]
    pub const fn times(&self) -> &Times {
        &self.times
    }

    /// Returns the open and the idle connections of the pool, if there is one.
    #[must_use]
    pub fn pool(&self) -> Option<(usize, usize)> {
        match &self.driver {
            Driver::Postgres(postgres) => Some(postgres.pool()),
            Driver::Sqlite(_) => None,
        }
    }

    /// Reads one row that every database of this program has.
    ///
    /// # Errors
    /// The database failed.
    pub async fn ping(&self) -> Result<()> {
        self.query(sql("select count(*) as n from schema_history")).await.map(drop)
    }

    /// Makes every later call fail as if the database could not be reached.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Describes how the connection to the database is protected. `None` if there is no connection.
    ///
    /// # Errors
    /// The database failed.
    pub async fn protection(&self) -> Result<Option<String>> {
        match &self.driver {
            Driver::Postgres(postgres) => postgres.protection().await.map(Some),
            Driver::Sqlite(_) => Ok(None),
        }
    }

    /// Returns what the engine reports about its durability. A test checks it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn durability(&self) -> Result<String> {
        match &self.driver {
            Driver::Postgres(postgres) => postgres.durability().await,
            Driver::Sqlite(sqlite) => sqlite.durability().await,
        }
    }

    pub(crate) async fn query(&self, statement: Statement) -> Result<Vec<Row>> {
        self.check_open()?;
        let mut rows = patience::spend(&self.times.query, async |deadline| match &self.driver {
            Driver::Postgres(postgres) => postgres.query(&statement, deadline).await,
            Driver::Sqlite(sqlite) => sqlite.query(&statement, deadline).await,
        })
        .await?;
        at_rest::open(&statement, &mut rows, self.sealer.get())?;
        Ok(rows)
    }

    /// Runs statements that see one state of the database, and builds a value from their rows, outside the threads of
    /// requests. It may take longer than a request may.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn read_at_once<T: Send + 'static>(
        &self,
        statements: Vec<Statement>,
        make: impl FnOnce(Vec<Vec<Row>>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check_open()?;
        let sealer = self.sealer.get().cloned();
        let make = move |statements: &[Statement], mut tables: Vec<Vec<Row>>| {
            for (statement, rows) in statements.iter().zip(&mut tables) {
                at_rest::open(statement, rows, sealer.as_ref())?;
            }
            make(tables)
        };
        match &self.driver {
            Driver::Postgres(postgres) => {
                let rows = patience::unhurried(postgres.read_at_once(&statements)).await?;
                aside(move || make(&statements, rows)).await
            }
            Driver::Sqlite(sqlite) => {
                let source = sqlite.source()?;
                aside(move || make(&statements, source.read_at_once(&statements)?)).await
            }
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.shut.load(Ordering::Relaxed) { Err(Error::Shut) } else { Ok(()) }
    }
}

/// Runs long work that others wait for on a thread that serves no requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Unusable(error.to_string()))?
}

/// The same on a separate thread with the lowest priority, because requests come first.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, answer) = tokio::sync::oneshot::channel();
    let work = move || {
        // On Linux, the priority of a thread id applies to that thread only. If it is refused, the thread keeps its
        // priority.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
        let _ = done.send(work());
    };
    let started = std::thread::Builder::new().name("long-read".to_owned()).spawn(work);
    started.map_err(|error| Error::Unusable(format!("cannot start a thread: {error}")))?;
    answer.await.map_err(|_| Error::Unusable("the thread of a long read ended".to_owned()))?
}

/// Returns the table that a statement reads, for messages.
fn table(text: &'static str) -> &'static str {
    text.split_once(" from ").map_or("", |(_, rest)| rest.split_whitespace().next().unwrap_or_default())
}

/// Whether `$1 $2 …` first appear in this order. For SQLite, `$n` is a *name*, numbered by its first use.
fn in_first_use_order(text: &str) -> bool {
    let mut seen = 0;
    for part in text.split('$').skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse::<u32>() {
            Ok(n) if n <= seen => {}
            Ok(n) if n == seen + 1 => seen = n,
            _ => return false,
        }
    }
    true
}

/// Creates a schema, for tests that need a PostgreSQL database of their own.
///
/// # Errors
/// The name has special characters, or the database failed.
pub async fn create_schema(url: &str, name: &str) -> Result<()> {
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(Error::Unusable(format!("schema name {name:?}: expected a-z, 0-9 and _")));
    }
    postgres::create_schema(url, name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_by_first_use() {
        assert!(in_first_use_order("select $1, $2, $1, $3"));
        assert!(!in_first_use_order("select $2, $1"));
        assert!(!in_first_use_order("select $1, $3"));
    }
}
