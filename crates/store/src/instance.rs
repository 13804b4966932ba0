//! Table `instance`. Row 1 proves that a key file belongs to this database. Row 2 names a signing key that was made last,
//! so that of several nodes that miss signing keys one makes them.

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

struct Sealed(String);

impl FromRow for Sealed {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(row.text("sealed")?))
    }
}

struct Any;

impl FromRow for Any {
    fn from_row(_: &Row) -> Result<Self> {
        Ok(Self)
    }
}

/// Returns the sealed text that was written when the database was set up.
pub async fn proof(store: &Store) -> Result<Option<String>> {
    let found: Option<Sealed> = sql("select proof as sealed from instance where id = 1").maybe(store).await?;
    Ok(found.map(|Sealed(text)| text))
}

/// Inserts that text, unless there is one.
#[must_use]
pub fn put_proof(sealed: &str) -> Statement {
    sql("insert into instance (id, proof) values (1, $1) on conflict do nothing").bind(sealed)
}

/// Returns the mark of whoever made signing keys last.
pub async fn made_keys(store: &Store) -> Result<Option<String>> {
    let found: Option<Sealed> = sql("select proof as sealed from instance where id = 2").maybe(store).await?;
    Ok(found.map(|Sealed(text)| text))
}

/// Marks that whoever commits this makes signing keys. It conflicts if another commit was faster. `before` is the mark
/// that was read.
#[must_use]
pub fn make_keys(mark: &str, before: Option<&str>) -> Statement {
    sql("insert into instance (id, proof) values (2, $1) \
         on conflict (id) do update set proof = excluded.proof where instance.proof = $2")
    .bind(mark)
    .bind(before.unwrap_or_default())
    .must_touch(Contested::SigningKeys)
}

/// Returns another sealed text, for a database that was set up before there was a proof.
pub async fn sealed(store: &Store) -> Result<Option<String>> {
    for text in [
        "select sealed from signing_keys order by created_at, kid limit 1",
        "select sealed from app_keys where sealed is not null order by app_key limit 1",
        "select sealed_password as sealed from accounts where sealed_password is not null order by id limit 1",
    ] {
        if let Some(Sealed(text)) = sql(text).maybe(store).await? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Whether nobody has used the database yet.
pub async fn is_unused(store: &Store) -> Result<bool> {
    for text in [
        "select id from instance limit 1",
        "select kid from signing_keys limit 1",
        "select id from apps limit 1",
        "select id from accounts limit 1",
    ] {
        if sql(text).maybe::<Any>(store).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
