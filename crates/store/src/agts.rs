//! Table `agts`: one-time tokens that name the person of an access token, by their hash.

use kakaw_core::GrantId;
use kakaw_core::Millis;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

/// A one-time token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agt {
    /// The grant of the access token.
    pub grant_id: GrantId,
    pub expires_at: Millis,
    pub spent_at: Option<Millis>,
}

impl FromRow for Agt {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            grant_id: GrantId(row.int("grant_id")?),
            expires_at: Millis(row.int("expires_at")?),
            spent_at: row.maybe_int("spent_at")?.map(Millis),
        })
    }
}

/// Returns the token with this hash.
pub async fn by_id(store: &Store, id: &str) -> Result<Option<Agt>> {
    sql("select grant_id, expires_at, spent_at from agts where id = $1").bind(id).maybe(store).await
}

/// Inserts a token.
#[must_use]
pub fn insert(id: &str, grant_id: GrantId, expires_at: Millis) -> Statement {
    sql("insert into agts (id, grant_id, expires_at) values ($1, $2, $3)")
        .bind(id)
        .bind(grant_id)
        .bind(expires_at)
        .must_touch(Contested::Agt)
}

/// Marks a token as used. It conflicts when it is used already.
#[must_use]
pub fn spend(id: &str, now: Millis) -> Statement {
    sql("update agts set spent_at = $1 where id = $2 and spent_at is null")
        .bind(now)
        .bind(id)
        .must_touch(Contested::Agt)
}
