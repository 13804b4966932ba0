//! PostgreSQL and compatible databases.

mod address;
mod host;
mod pool;
mod tls;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Object as Pooled, Pool, PoolError};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use tokio_postgres::{IsolationLevel, Row as PgRow};

use super::{Error, Outcome, Result, Row, Statement, Value, migrate, table};
use pool::Hosts;

pub(super) use address::{Address, shown};
pub(super) use pool::text;

/// A connection of the pool.
type Object = Pooled<Hosts>;

/// Maximum number of connections.
const POOL: usize = 16;
/// Time limit for a statement, and for getting a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a migration waits for the lock of a table: while it waits, the requests of other nodes wait behind it.
const PATIENT: &str = "set local lock_timeout = '1s'";
/// How long a migration is tried again because a table is in use, for example by an export or by `pg_dump`.
const LOCKED: Duration = Duration::from_secs(600);
/// Interval between these tries.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a commit is tried when the database asks for it (serialization failure, deadlock).
const TRIES: usize = 10;

pub(super) struct Postgres {
    pool: Pool<Hosts>,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<PoolError<Self>> for Error {
    fn from(error: PoolError<Self>) -> Self {
        match error {
            PoolError::Backend(error) => error,
            other => Self::Unusable(format!("PostgreSQL: {other}")),
        }
    }
}

impl Postgres {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let address = Address::parse(url).map_err(|error| Error::Unusable(format!("PostgreSQL: {error}")))?;
        let pool = Pool::builder(Hosts::new(address)?)
            .max_size(POOL)
            .runtime(Runtime::Tokio1)
            // Each host has its own time limit for connecting.
            .wait_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| Error::Unusable(error.to_string()))?;
        let postgres = Self { pool };
        postgres.check_collation().await?;
        postgres.migrate().await?;
        Ok(postgres)
    }

    /// Checks the collation. Keys are compared as bytes everywhere; another collation would sort and page differently.
    async fn check_collation(&self) -> Result<()> {
        let text = "select datcollate from pg_database where datname = current_database()";
        let row = self.client().await?.query_one(text, &[]).await?;
        let collation: String = row.try_get(0)?;
        if collation == "C" || collation.eq_ignore_ascii_case("c.utf-8") || collation.eq_ignore_ascii_case("c.utf8") {
            return Ok(());
        }
        Err(Error::Unusable(format!(
            "the database has collation {collation}, expected C: create it with \"create database NAME lc_collate 'C' lc_ctype 'C' template template0\""
        )))
    }

    async fn migrate(&self) -> Result<()> {
        let mut client = self.client().await?;
        let (began, mut tries) = (Instant::now(), 0);
        loop {
            match Self::migrate_once(&mut client).await {
                // Two nodes may start at once. The second fails on the history's key, reads again and finds the migration
                // done.
                Err(Error::Postgres(error)) if is_race(&error) && tries < TRIES => tries += 1,
                Err(Error::Postgres(error)) if is_locked(&error) && began.elapsed() < LOCKED => {
                    tracing::warn!("a table is in use by a long statement; the migration is tried again");
                    tokio::time::sleep(AGAIN).await;
                }
                other => return other,
            }
        }
    }

    async fn migrate_once(client: &mut Object) -> Result<()> {
        client.batch_execute(migrate::CREATE_HISTORY).await?;
        let rows = client.query(migrate::READ_HISTORY, &[]).await?;
        let mut history = Vec::new();
        for row in rows {
            history.push((row.try_get(0)?, row.try_get(1)?));
        }
        let pending = migrate::pending(&history)?;
        if let (Some((version, _)), Some(last)) = (history.last(), pending.last()) {
            tracing::warn!(
                "migrating the database from version {version} to {}; earlier builds run on until they are restarted, and \
                 cannot start any more. A copy from before: pg_dump --format=custom (docs/guides/backup.md)",
                last.version
            );
        }
        for step in pending {
            let transaction = client.transaction().await?;
            transaction.batch_execute(PATIENT).await?;
            transaction
                .execute(
                    "insert into schema_history (version, name, checksum) values ($1, $2, $3)",
                    &[&step.version, &step.name, &migrate::sum(step.sql)],
                )
                .await?;
            transaction.batch_execute(step.sql).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    pub(super) async fn query(&self, statement: &Statement, deadline: Instant) -> Result<Vec<Row>> {
        let client = timeout_at(deadline, self.client()).await.map_err(|_| Error::Slow)??;
        match timeout_at(deadline, Self::query_once(&client, statement)).await {
            Ok(rows) => rows,
            Err(_) => Err(given_up(client)),
        }
    }

    async fn query_once(client: &Object, statement: &Statement) -> Result<Vec<Row>> {
        let prepared = client.prepare_cached(statement.text).await?;
        let rows = client.query(&prepared, &parameters(statement)).await?;
        let names: Arc<[String]> = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        rows.iter().map(|row| take(row, statement.text, &names)).collect()
    }

    /// Runs statements that see one state of the database.
    pub(crate) async fn read_at_once(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>> {
        let mut client = self.client().await?;
        let began = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start();
        let transaction = began.await?;
        let mut tables = Vec::with_capacity(statements.len());
        for statement in statements {
            let prepared = transaction.prepare_cached(statement.text).await?;
            let rows = transaction.query(&prepared, &parameters(statement)).await?;
            let names: Arc<[String]> = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
            tables.push(rows.iter().map(|row| take(row, statement.text, &names)).collect::<Result<_>>()?);
        }
        transaction.commit().await?;
        Ok(tables)
    }

    pub(super) async fn commit(&self, statements: &[Statement], deadline: Instant) -> Result<Outcome> {
        let mut client = timeout_at(deadline, self.client()).await.map_err(|_| Error::Slow)??;
        match timeout_at(deadline, Self::commit_again_and_again(&mut client, statements)).await {
            // The server has become read-only. Another host may accept writes.
            Ok(Err(Error::Postgres(error))) if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => {
                drop(Object::take(client));
                Err(error.into())
            }
            Ok(outcome) => outcome,
            // It is unknown whether the commit happened.
            Err(_) => Err(given_up(client)),
        }
    }

    async fn commit_again_and_again(client: &mut Object, statements: &[Statement]) -> Result<Outcome> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::commit_once(client, statements).await {
                Err(Error::Postgres(error)) if is_retryable(&error) && tries < TRIES => {}
                other => return other,
            }
        }
    }

    async fn commit_once(client: &mut Object, statements: &[Statement]) -> Result<Outcome> {
        let transaction = client.transaction().await?;
        for (place, statement) in statements.iter().enumerate() {
            let prepared = transaction.prepare_cached(statement.text).await?;
            match (transaction.execute(&prepared, &parameters(statement)).await, statement.contested) {
                (Ok(0), Some(contested)) => {
                    transaction.rollback().await?;
                    return Ok(Outcome::Conflict { about: contested, statement: place });
                }
                (Ok(_), _) => {}
                (Err(error), Some(contested)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                    transaction.rollback().await?;
                    return Ok(Outcome::Conflict { about: contested, statement: place });
                }
                (Err(error), _) => {
                    transaction.rollback().await?;
                    return Err(error.into());
                }
            }
        }
        transaction.commit().await?;
        Ok(Outcome::Committed)
    }

    /// Returns the open and the idle connections of the pool.
    pub(super) fn pool(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    pub(super) async fn durability(&self) -> Result<String> {
        let row = self.client().await?.query_one("show synchronous_commit", &[]).await?;
        Ok(format!("synchronous_commit={}", row.try_get::<_, String>(0)?))
    }

    /// Describes how the connection to the server is protected.
    pub(super) async fn protection(&self) -> Result<String> {
        let client = self.client().await?;
        // What the server reports. Behind a pooler it describes the pooler's connection, and some servers do not have
        // it.
        let text = "select version || ' with ' || cipher from pg_stat_ssl where ssl and pid = pg_backend_pid()";
        let row = client.query_opt(text, &[]).await.ok().flatten();
        let found = row.map(|row| row.try_get::<_, String>(0)).transpose()?;
        Ok(self.pool.manager().address().protection(found.as_deref()))
    }

    async fn client(&self) -> Result<Object> {
        Ok(self.pool.get().await?)
    }
}

/// Closes a connection that did not answer in time. Its next user would wait for the same answer.
fn given_up(client: Object) -> Error {
    drop(Object::take(client));
    Error::Slow
}

fn is_retryable(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

fn is_locked(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

fn is_race(error: &tokio_postgres::Error) -> bool {
    let duplicate = [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE];
    is_retryable(error) || error.code().is_some_and(|code| duplicate.contains(code))
}

fn parameters(statement: &Statement) -> Vec<&(dyn ToSql + Sync)> {
    statement.values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn take(row: &PgRow, statement: &'static str, names: &Arc<[String]>) -> Result<Row> {
    let mut values = Vec::with_capacity(names.len());
    for (index, column) in row.columns().iter().enumerate() {
        values.push(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map_or(Value::Null, Value::Int),
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map_or(Value::Null, Value::Bool),
            Type::TEXT => row.try_get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
            ref other => {
                return Err(Error::Inconsistent {
                    table: table(statement),
                    column: column.name().to_owned(),
                    reason: format!("type {other} that no column has"),
                });
            }
        });
    }
    Ok(Row::new(statement, Arc::clone(names), values))
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::BOOL | Type::TEXT)
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(super) async fn create_schema(url: &str, name: &str) -> Result<()> {
    let address = Address::parse(url).map_err(|error| Error::Unusable(format!("PostgreSQL: {error}")))?;
    let client = Hosts::new(address)?.connect().await?;
    Ok(client.batch_execute(&format!("create schema {name}")).await?)
}
