//! Table `signing_keys`: sealed private keys that sign ID tokens.

use kakaw_core::Millis;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

/// A sealed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub kid: String,
    pub sealed: String,
    pub created_at: Millis,
    /// It signs no more, and is still published.
    pub retired_at: Option<Millis>,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            kid: row.text("kid")?,
            sealed: row.text("sealed")?,
            created_at: Millis(row.int("created_at")?),
            retired_at: row.maybe_int("retired_at")?.map(Millis),
        })
    }
}

/// Returns every key: first those in use, oldest first, of which the first signs; then those that sign no more.
pub async fn all(store: &Store) -> Result<Vec<Stored>> {
    sql("select kid, sealed, created_at, retired_at from signing_keys \
         order by case when retired_at is null then 0 else 1 end, created_at, kid")
    .all(store)
    .await
}

/// Ends the use of a key for signing. It conflicts if another commit has done so.
#[must_use]
pub fn retire(kid: &str, now: Millis) -> Statement {
    sql("update signing_keys set retired_at = $1 where kid = $2 and retired_at is null")
        .bind(now)
        .bind(kid)
        .must_touch(Contested::SigningKeys)
}

/// Deletes a key that signs no more.
#[must_use]
pub fn delete_retired(kid: &str) -> Statement {
    sql("delete from signing_keys where kid = $1 and retired_at is not null")
        .bind(kid)
        .must_touch(Contested::SigningKeys)
}

/// Inserts a key.
#[must_use]
pub fn insert(kid: &str, sealed: &str, now: Millis) -> Statement {
    sql("insert into signing_keys (kid, sealed, created_at) values ($1, $2, $3) on conflict do nothing")
        .bind(kid)
        .bind(sealed)
        .bind(now)
}

/// Returns when the signing key was made.
pub async fn first(store: &Store) -> Result<Option<Millis>> {
    struct Created(Millis);
    impl FromRow for Created {
        fn from_row(row: &Row) -> Result<Self> {
            Ok(Self(Millis(row.int("created_at")?)))
        }
    }
    let text = "select created_at from signing_keys where retired_at is null order by created_at, kid limit 1";
    Ok(sql(text).maybe::<Created>(store).await?.map(|Created(at)| at))
}
