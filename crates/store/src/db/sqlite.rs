//! SQLite: reads run on the caller's thread, and one thread groups the writes.
//!
//! Every commit that waits while the disk writes joins the next outer transaction, as a savepoint in it. All callers
//! get their answer, including refusals, when the outer commit is durable (`synchronous=FULL`).

mod reader;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use reader::Reader;

use super::{Error, Outcome, Result, Row, Statement, Value, copy, migrate, private};

/// Maximum number of commits in one outer transaction.
const GROUP: usize = 256;
/// How long a group waits until it has as many commits as the last one.
const PATIENCE: Duration = Duration::from_micros(500);
/// How long a start or a commit waits for another process that has locked the file.
const LOCKED: Duration = Duration::from_secs(5);
/// Interval at which a locked file is tried again.
const AGAIN: Duration = Duration::from_millis(20);
/// Connections for reading: more than the cores of a small machine, so that a long read blocks nobody.
const READERS: usize = 4;
/// From this number of statements on, a commit in memory runs outside the threads of requests.
const LARGE: usize = 256;

pub(super) struct Sqlite {
    readers: Arc<[Mutex<Reader>]>,
    writer: Writer,
    /// The path of the file; `None` in memory.
    path: Option<PathBuf>,
}

/// The source of a long read, separate from the connections that requests use.
pub(super) enum Source {
    /// A separate connection to the file, whose snapshot WAL keeps.
    File(PathBuf),
    /// A copy of the database in memory, made at once.
    Image(Vec<u8>),
}

enum Writer {
    /// A database in memory has no disk to wait for, so one connection reads and writes.
    Inline,
    Thread(mpsc::Sender<Job>),
}

struct Job {
    statements: Vec<Statement>,
    /// When its caller stops waiting.
    deadline: std::time::Instant,
    done: oneshot::Sender<Result<Outcome>>,
}

impl Sqlite {
    pub(super) fn memory() -> Result<Self> {
        Self::in_memory(Connection::open_in_memory()?)
    }

    fn in_memory(connection: Connection) -> Result<Self> {
        keep_plans(&connection, 128)?;
        migrate(&connection)?;
        let readers = Arc::new([Mutex::new(Reader::new(connection))]);
        Ok(Self { readers, writer: Writer::Inline, path: None })
    }

    pub(super) fn file(path: &Path) -> Result<Self> {
        private::create(path);
        let connection = Connection::open(path)?;
        prepare(&connection)?;
        before_migration(&connection, path)?;
        migrate(&connection)?;
        Self::written_by(connection, path)
    }

    /// Opens the connections for reading the file. Commits go through this connection.
    fn written_by(connection: Connection, path: &Path) -> Result<Self> {
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let reader = open_reader(path)?;
            reader.busy_timeout(Duration::ZERO)?;
            readers.push(Mutex::new(Reader::new(reader)));
        }
        let (sender, jobs) = mpsc::channel();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_groups(&connection, &jobs))
            .map_err(|error| Error::Unusable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { readers: readers.into(), writer: Writer::Thread(sender), path: Some(path.to_owned()) })
    }

    pub(super) const fn is_in_memory(&self) -> bool {
        self.path.is_none()
    }

    /// Returns the source of a long read.
    pub(super) fn source(&self) -> Result<Source> {
        Ok(match &self.path {
            Some(path) => Source::File(path.clone()),
            None => Source::Image(self.reader().connection.serialize("main")?.to_vec()),
        })
    }

    pub(super) async fn query(&self, statement: &Statement, deadline: Instant) -> Result<Vec<Row>> {
        loop {
            let answer = self.reader().query(statement);
            match answer {
                // Another process has locked the file for a moment. SQLite's own wait would block this thread.
                Err(Error::Sqlite(error)) if is_busy(&error) => {
                    if Instant::now() + AGAIN > deadline {
                        return Err(Error::Slow);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                answer => return answer,
            }
        }
    }

    pub(super) async fn commit(&self, statements: Vec<Statement>, deadline: Instant) -> Result<Outcome> {
        match &self.writer {
            Writer::Inline if statements.len() <= LARGE => inline(&self.reader().connection, &statements),
            Writer::Inline => {
                let readers = Arc::clone(&self.readers);
                super::blocking(move || inline(&reader(&readers).connection, &statements)).await
            }
            Writer::Thread(sender) => {
                let (done, answer) = oneshot::channel();
                sender.send(Job { statements, deadline: deadline.into_std(), done }).map_err(|_| Error::Shut)?;
                match timeout_at(deadline, answer).await {
                    Ok(answer) => answer.map_err(|_| Error::Shut)?,
                    // If the commit has started, it may succeed nevertheless.
                    Err(_) => Err(Error::Slow),
                }
            }
        }
    }

    pub(super) async fn durability(&self) -> Result<String> {
        let mode: String = self.reader().connection.query_row("pragma journal_mode", [], |row| row.get(0))?;
        Ok(format!(
            "journal_mode={mode} synchronous={}",
            if matches!(self.writer, Writer::Inline) { "none" } else { "full" }
        ))
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        reader(&self.readers)
    }
}

impl Source {
    /// Runs statements that see one state of the database. It blocks.
    pub(crate) fn read_at_once(self, statements: &[Statement]) -> Result<Vec<Vec<Row>>> {
        let connection = match self {
            Self::File(path) => {
                let connection = open_reader(&path)?;
                connection.busy_timeout(LOCKED)?;
                connection
            }
            Self::Image(image) => {
                let mut connection = Connection::open_in_memory()?;
                connection.deserialize_read_exact("main", image.as_slice(), image.len(), true)?;
                connection
            }
        };
        connection.execute_batch("begin")?;
        let mut reader = Reader::new(connection);
        statements.iter().map(|statement| reader.query(statement)).collect()
    }
}

/// Returns a free connection, or waits for one.
#[expect(clippy::indexing_slicing, reason = "the index is a remainder of their number, and there is at least one")]
fn reader(readers: &[Mutex<Reader>]) -> MutexGuard<'_, Reader> {
    for reader in readers {
        if let Ok(guard) = reader.try_lock() {
            return guard;
        }
    }
    // All are busy: wait for one, and not always for the same.
    let thread = std::thread::current().id();
    let index = format!("{thread:?}").bytes().map(usize::from).sum::<usize>() % readers.len();
    readers[index].lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    keep_plans(&connection, 64)?;
    Ok(connection)
}

/// Commits to a database in memory.
fn inline(connection: &Connection, statements: &[Statement]) -> Result<Outcome> {
    run(connection, "begin immediate")?;
    let mut outcome = one(connection, statements);
    if matches!(outcome, Ok(Outcome::Committed))
        && let Err(error) = run(connection, "commit")
    {
        outcome = Err(error.into());
    }
    // After an error, SQLite may have ended the transaction itself.
    if !connection.is_autocommit() {
        connection.execute_batch("rollback")?;
    }
    outcome
}

/// Keeps prepared statements. Without the stability guarantee, SQLite uses the bound values for planning, and plans
/// again after they were cleared: at every use of a cached statement (measured: 57 % of a token check).
fn keep_plans(connection: &Connection, capacity: usize) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(capacity);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(connection: &Connection) -> Result<()> {
    keep_plans(connection, 128)?;
    connection.busy_timeout(LOCKED)?;
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    // Deleted and replaced values are overwritten where that costs no further write.
    connection
        .execute_batch("pragma synchronous = full; pragma wal_autocheckpoint = 4000; pragma secure_delete = fast;")?;
    let synchronous: i64 = connection.query_row("pragma synchronous", [], |row| row.get(0))?;
    if mode != "wal" || synchronous != 2 {
        return Err(Error::Unusable(format!(
            "SQLite refuses durable writes: journal_mode={mode}, synchronous={synchronous}"
        )));
    }
    Ok(())
}

/// Copies a database with data that is about to be migrated, beside itself: an older build cannot open it afterwards.
fn before_migration(connection: &Connection, path: &Path) -> Result<()> {
    let table = "select 1 from sqlite_schema where name = 'schema_history'";
    if !connection.prepare(table)?.exists([])? {
        return Ok(());
    }
    let history = copy::history(connection)?;
    let (Some((version, _)), true) = (history.last(), !migrate::pending(&history)?.is_empty()) else { return Ok(()) };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Only a name: rules take their time from the platform.
    let time: String = connection.query_row("select strftime('%Y%m%dT%H%M%SZ', 'now')", [], |row| row.get(0))?;
    name.push(format!(".version-{version}-{time}"));
    let to = path.with_file_name(name);
    // Another process may do the same at the same moment.
    if !to.exists() {
        copy::copy_now(path, &to)?;
    }
    tracing::info!("copied the database to {} before migrating it from version {version}", to.display());
    Ok(())
}

fn migrate(connection: &Connection) -> Result<()> {
    connection.execute_batch("begin immediate")?;
    connection.execute_batch(migrate::CREATE_HISTORY)?;
    let history = copy::history(connection)?;
    for step in migrate::pending(&history)? {
        connection.execute_batch(&migrate::for_sqlite(step.sql))?;
        connection.execute(
            "insert into schema_history (version, name, checksum) values ($1, $2, $3)",
            (step.version, step.name, migrate::sum(step.sql)),
        )?;
    }
    connection.execute_batch("commit")?;
    Ok(())
}

fn write_groups(connection: &Connection, jobs: &mpsc::Receiver<Job>) {
    let mut expected = 1;
    while let Ok(first) = jobs.recv() {
        let left = first.deadline.saturating_duration_since(now());
        if left.is_zero() {
            let _ = first.done.send(Err(Error::Slow));
            continue;
        }
        // The other callers came later, and their deadlines are checked again.
        let _ = connection.busy_timeout(left.min(LOCKED));
        let mut group = vec![first];
        let outcome = write_group(connection, jobs, &mut group, expected);
        expected = group.len();
        match outcome {
            Ok(answers) => {
                for (job, answer) in group.into_iter().zip(answers) {
                    // If the caller has gone away, its commit stays.
                    let _ = job.done.send(answer);
                }
            }
            Err(error) => {
                // SQLite may have ended the transaction itself.
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("rollback");
                }
                tracing::error!(%error, "a group of commits failed; nothing of it was written");
                for job in group {
                    let _ = job.done.send(Err(Error::Unusable(format!("the commit failed: {error}"))));
                }
            }
        }
    }
}

/// Writes a group, and every commit that joins it, in one transaction. An error means that nothing was written.
fn write_group(
    connection: &Connection,
    jobs: &mpsc::Receiver<Job>,
    group: &mut Vec<Job>,
    expected: usize,
) -> Result<Vec<Result<Outcome>>> {
    let full = now() + PATIENCE;
    let mut answers = Vec::new();
    run(connection, "begin immediate")?;
    while let Some(job) = group.get(answers.len()) {
        answers.push(if job.deadline <= now() {
            // Its caller got an error, so the commit must not happen without anybody's knowledge.
            Err(Error::Slow)
        } else {
            savepoint(connection, &job.statements)?
        });
        if answers.len() == group.len() && group.len() < GROUP {
            // The callers of the last group are likely to commit again in a moment, and a disk write costs more than
            // the wait.
            let left = full.saturating_duration_since(now());
            let wait = if group.len() < expected { left } else { Duration::ZERO };
            group.extend(jobs.recv_timeout(wait));
        }
    }
    match run(connection, "commit") {
        Ok(()) => Ok(answers),
        Err(error) if is_refusal(&error) => Err(error.into()),
        Err(error) => {
            // It is unknown whether the commit is on the disk, so nothing may be promised any more. After a restart the
            // program reads the actual state.
            tracing::error!(%error, "the outcome of a commit is unknown; the process ends");
            // Another thread writes the log. Wait, so that this line is not lost with the process.
            std::thread::park_timeout(Duration::from_millis(200));
            std::process::abort();
        }
    }
}

/// Returns the time, on the writing thread.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Whether SQLite reports that it did not commit. A failed sync does not say so: the commit may or may not be on the
/// disk.
///
/// A full disk refuses frames of the write-ahead log before the sync, and a commit without its last frame does not
/// count.
fn is_refusal(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DiskFull, ReadOnly};
    is_busy(error) || matches!(error.sqlite_error_code(), Some(DiskFull | ReadOnly))
}

/// Runs the statements of one commit in the open transaction. An outer error fails the whole group: SQLite has ended
/// the transaction, or could not undo this commit.
fn savepoint(connection: &Connection, statements: &[Statement]) -> Result<Result<Outcome>> {
    // A single statement is atomic by itself.
    let is_single = matches!(statements, [statement] if statement.contested.is_none());
    if !is_single {
        run(connection, "savepoint one")?;
    }
    let outcome = one(connection, statements);
    if connection.is_autocommit() {
        return Err(match outcome {
            Err(error) => error,
            Ok(_) => Error::Unusable("SQLite rolled the group back".to_owned()),
        });
    }
    if !is_single {
        if !matches!(outcome, Ok(Outcome::Committed)) {
            run(connection, "rollback to one")?;
        }
        run(connection, "release one")?;
    }
    Ok(outcome)
}

/// Runs a statement without values, which is parsed once.
fn run(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(text)?.raw_execute().map(drop)
}

fn one(connection: &Connection, statements: &[Statement]) -> Result<Outcome> {
    for (place, statement) in statements.iter().enumerate() {
        match (execute(connection, statement), statement.contested) {
            (Ok(0), Some(contested)) => return Ok(Outcome::Conflict { about: contested, statement: place }),
            (Ok(_), _) => {}
            (Err(rusqlite::Error::SqliteFailure(error, _)), Some(contested))
                if error.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                return Ok(Outcome::Conflict { about: contested, statement: place });
            }
            (Err(error), _) => return Err(error.into()),
        }
    }
    Ok(Outcome::Committed)
}

fn execute(connection: &Connection, statement: &Statement) -> rusqlite::Result<usize> {
    let mut prepared = connection.prepare_cached(statement.text)?;
    for (index, value) in statement.values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, value)?;
    }
    prepared.raw_execute()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
