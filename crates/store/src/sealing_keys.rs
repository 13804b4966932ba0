//! Table `sealing_keys`: keys that seal, wrapped under the key file's first key.

use kakaw_core::Millis;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

/// A wrapped key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// 1 to 255. It precedes each sealed text.
    pub id: u8,
    pub wrapped: String,
    pub created_at: Millis,
    /// All nodes know the key before this moment, and seal with it after it.
    pub seals_from: Millis,
}

impl FromRow for Wrapped {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: u8::try_from(row.int("id")?).map_err(|_| row.wrong("id", "it is not between 0 and 255"))?,
            wrapped: row.text("wrapped")?,
            created_at: Millis(row.int("created_at")?),
            seals_from: Millis(row.int("seals_from")?),
        })
    }
}

/// Returns every key, in the order in which they seal.
pub async fn all(store: &Store) -> Result<Vec<Wrapped>> {
    sql("select id, wrapped, created_at, seals_from from sealing_keys order by seals_from, id").all(store).await
}

/// Deletes a key. It conflicts if another commit has done so.
#[must_use]
pub fn delete(id: u8) -> Statement {
    sql("delete from sealing_keys where id = $1").bind(i64::from(id)).must_touch(Contested::SealingKey)
}

/// Inserts a key. It conflicts if another commit has used its number.
#[must_use]
pub fn insert(key: &Wrapped) -> Statement {
    sql("insert into sealing_keys (id, wrapped, created_at, seals_from) values ($1, $2, $3, $4) on conflict do nothing")
        .bind(i64::from(key.id))
        .bind(key.wrapped.as_str())
        .bind(key.created_at)
        .bind(key.seals_from)
        .must_touch(Contested::SealingKey)
}
