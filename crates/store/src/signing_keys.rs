//! Table `signing_keys`: sealed private keys that sign ID tokens.

use kakaw_core::Millis;

use crate::db::{FromRow, Result, Row, Statement, Store, sql};

struct Sealed(String);

impl FromRow for Sealed {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(row.text("sealed")?))
    }
}

/// Returns every sealed key, oldest first. The first key signs; the key set announces the others.
pub async fn all(store: &Store) -> Result<Vec<String>> {
    let rows: Vec<Sealed> = sql("select sealed from signing_keys order by created_at, kid").all(store).await?;
    Ok(rows.into_iter().map(|Sealed(text)| text).collect())
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
    let text = "select created_at from signing_keys order by created_at, kid limit 1";
    Ok(sql(text).maybe::<Created>(store).await?.map(|Created(at)| at))
}
