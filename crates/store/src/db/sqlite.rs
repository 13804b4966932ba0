//! SQLite: reads run where they are asked for, writes are grouped by one thread.
//!
//! Every commit that is waiting while the disk writes shares the next outer transaction: each is a savepoint in it, and
//! all are answered, refusals included, when the outer commit is durable (`synchronous=FULL`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::sync::oneshot;

use super::{Error, Outcome, Result, Row, Statement, Value, migrate, table};

/// Commits that share one outer transaction, at most.
const GROUP: usize = 256;
/// How long a group waits for as many as the last one had.
const PATIENCE: Duration = Duration::from_micros(500);
/// Connections for reading. More than the cores of a small machine, so that a long read blocks nobody.
const READERS: usize = 4;

pub struct Sqlite {
    readers: Vec<Mutex<Reader>>,
    writer: Writer,
}

/// A connection, and the column names of the statements that it has run.
struct Reader {
    connection: Connection,
    names: HashMap<&'static str, Arc<[String]>>,
}

enum Writer {
    /// In memory there is no disk to wait for: one connection reads and writes.
    Inline,
    Thread(mpsc::Sender<Job>),
}

struct Job {
    statements: Vec<Statement>,
    done: oneshot::Sender<Result<Outcome>>,
}

impl Sqlite {
    pub fn memory() -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        keep_plans(&connection, 128)?;
        migrate(&connection)?;
        Ok(Self { readers: vec![Mutex::new(Reader::new(connection))], writer: Writer::Inline })
    }

    pub fn file(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        prepare(&connection)?;
        migrate(&connection)?;
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags)?;
            keep_plans(&reader, 64)?;
            reader.busy_timeout(Duration::from_secs(5))?;
            readers.push(Mutex::new(Reader::new(reader)));
        }
        let (sender, jobs) = mpsc::channel();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_groups(&connection, &jobs))
            .map_err(|error| Error::Unusable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { readers, writer: Writer::Thread(sender) })
    }

    pub fn query(&self, statement: &Statement) -> Result<Vec<Row>> {
        self.reader().query(statement)
    }

    pub async fn commit(&self, statements: Vec<Statement>) -> Result<Outcome> {
        match &self.writer {
            Writer::Inline => {
                let connection = &self.reader().connection;
                connection.execute_batch("begin immediate")?;
                let outcome = one(connection, &statements);
                connection.execute_batch(if matches!(outcome, Ok(Outcome::Committed)) {
                    "commit"
                } else {
                    "rollback"
                })?;
                outcome
            }
            Writer::Thread(sender) => {
                let (done, answer) = oneshot::channel();
                sender.send(Job { statements, done }).map_err(|_| Error::Shut)?;
                answer.await.map_err(|_| Error::Shut)?
            }
        }
    }

    pub async fn durability(&self) -> Result<String> {
        let mode: String = self.reader().connection.query_row("pragma journal_mode", [], |row| row.get(0))?;
        Ok(format!(
            "journal_mode={mode} synchronous={}",
            if matches!(self.writer, Writer::Inline) { "none" } else { "full" }
        ))
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        for reader in &self.readers {
            if let Ok(guard) = reader.try_lock() {
                return guard;
            }
        }
        // All are busy: wait for one, not always the same.
        let thread = std::thread::current().id();
        let index = format!("{thread:?}").bytes().map(usize::from).sum::<usize>() % self.readers.len();
        self.readers[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Statements are prepared once. Without the stability guarantee SQLite looks at the bound values while it plans, and
/// plans again whenever they were cleared: at every use of a cached statement (measured: 57 % of a token check).
fn keep_plans(connection: &Connection, capacity: usize) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(capacity);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(connection: &Connection) -> Result<()> {
    keep_plans(connection, 128)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    connection.execute_batch("pragma synchronous = full; pragma wal_autocheckpoint = 4000;")?;
    let synchronous: i64 = connection.query_row("pragma synchronous", [], |row| row.get(0))?;
    if mode != "wal" || synchronous != 2 {
        return Err(Error::Unusable(format!(
            "SQLite refuses durable writes: journal_mode={mode}, synchronous={synchronous}"
        )));
    }
    Ok(())
}

fn migrate(connection: &Connection) -> Result<()> {
    connection.execute_batch("begin immediate")?;
    connection.execute_batch(migrate::CREATE_HISTORY)?;
    let history = {
        let mut statement = connection.prepare(migrate::READ_HISTORY)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<std::result::Result<Vec<(i64, i64)>, _>>()?
    };
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
        let mut group = vec![first];
        let deadline = Instant::now() + PATIENCE;
        let mut answers = Vec::new();
        let outcome = connection.execute_batch("begin immediate").map_err(Error::from).and_then(|()| {
            let mut next = 0;
            while next < group.len() {
                answers.push(savepoint(connection, &group[next].statements));
                // After an error SQLite may have left the transaction: then nothing of the group is there any more.
                if connection.is_autocommit() {
                    return Err(Error::Unusable("SQLite rolled the group back".to_owned()));
                }
                next += 1;
                if next == group.len() && group.len() < GROUP {
                    // Whoever shared the last group is likely to be back in a moment, and a disk write costs more.
                    let wait =
                        if group.len() < expected { deadline - Instant::now().min(deadline) } else { Duration::ZERO };
                    group.extend(jobs.recv_timeout(wait));
                }
            }
            if let Err(error) = connection.execute_batch("commit") {
                // Whether the disk has it is not known, so nothing may be promised any more: a new start reads the truth.
                tracing::error!(%error, "a durable commit failed; the process ends");
                std::process::abort();
            }
            Ok(())
        });
        expected = group.len();
        match outcome {
            Ok(()) => {
                for (job, answer) in group.into_iter().zip(answers) {
                    // A caller that went away has its commit all the same.
                    let _ = job.done.send(answer);
                }
            }
            Err(error) => {
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("rollback");
                }
                tracing::error!(%error, "a group of commits failed");
                for job in group {
                    let _ = job.done.send(Err(Error::Unusable(format!("the commit failed: {error}"))));
                }
            }
        }
    }
}

fn savepoint(connection: &Connection, statements: &[Statement]) -> Result<Outcome> {
    // A single statement is atomic by itself.
    if let [statement] = statements
        && !statement.must_touch
    {
        return one(connection, statements);
    }
    connection.prepare_cached("savepoint one")?.execute([])?;
    let outcome = one(connection, statements);
    if !matches!(outcome, Ok(Outcome::Committed)) && !connection.is_autocommit() {
        connection.prepare_cached("rollback to one")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("release one")?.execute([])?;
    }
    outcome
}

fn one(connection: &Connection, statements: &[Statement]) -> Result<Outcome> {
    for (index, statement) in statements.iter().enumerate() {
        let touched = execute(connection, statement);
        match touched {
            Ok(0) if statement.must_touch => return Ok(Outcome::Conflict(index)),
            Ok(_) => {}
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == rusqlite::ErrorCode::ConstraintViolation => {
                return Ok(Outcome::Conflict(index));
            }
            Err(error) => return Err(error.into()),
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

impl Reader {
    fn new(connection: Connection) -> Self {
        Self { connection, names: HashMap::new() }
    }

    fn query(&mut self, statement: &Statement) -> Result<Vec<Row>> {
        let mut prepared = self.connection.prepare_cached(statement.text)?;
        let names =
            self.names.entry(statement.text).or_insert_with(|| prepared.column_names().map(str::to_owned).collect());
        let names = Arc::clone(names);
        for (index, value) in statement.values.iter().enumerate() {
            prepared.raw_bind_parameter(index + 1, value)?;
        }
        let mut rows = prepared.raw_query();
        let mut taken = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(names.len());
            for index in 0..names.len() {
                values.push(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Real(_) | ValueRef::Blob(_) => {
                        return Err(Error::Inconsistent {
                            table: table(statement.text),
                            column: names[index].clone(),
                            reason: "a type that no column has".to_owned(),
                        });
                    }
                });
            }
            taken.push(Row { table: table(statement.text), names: Arc::clone(&names), values });
        }
        Ok(taken)
    }
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
