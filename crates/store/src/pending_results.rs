//! Table `pending_results`: results of log-ins that end on a page of ours, until `/apiweb/code.json` fetches them.
//!
//! The first result of a transaction owns its id: a second insert conflicts.

use kakaw_core::AppId;
use kakaw_core::Millis;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

/// The result of a log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingResult {
    pub app_id: AppId,
    /// The sealed answer, if there is one.
    pub answer: Option<String>,
    pub expires_at: Millis,
    /// When it was first read.
    pub read_at: Option<Millis>,
}

impl FromRow for PendingResult {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            app_id: AppId(row.int("app_id")?),
            answer: row.maybe_text("answer")?,
            expires_at: Millis(row.int("expires_at")?),
            read_at: row.maybe_int("read_at")?.map(Millis),
        })
    }
}

/// Returns the row with this hash.
pub async fn by_id(store: &Store, id: &str) -> Result<Option<PendingResult>> {
    sql("select app_id, answer, expires_at, read_at from pending_results where id = $1").bind(id).maybe(store).await
}

/// Inserts an answer. It conflicts when the transaction has one already.
#[must_use]
pub fn insert(id: &str, app_id: AppId, answer: &str, expires_at: Millis) -> Statement {
    sql("insert into pending_results (id, app_id, answer, expires_at) values ($1, $2, $3, $4) on conflict do nothing")
        .bind(id)
        .bind(app_id)
        .bind(answer)
        .bind(expires_at)
        .must_touch(Contested::PendingResult)
}

/// Records the first read.
#[must_use]
pub fn read(id: &str, now: Millis) -> Statement {
    sql("update pending_results set read_at = $1 where id = $2 and read_at is null").bind(now).bind(id)
}
