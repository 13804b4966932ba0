//! Table `shipping_addresses`: the addresses of accounts.

use kakaw_core::AccountId;
use kakaw_core::Millis;
use kakaw_core::account::shipping::Address;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;
use crate::unsealed::{Unsealed, sealed};

impl FromRow for Address {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.int("id")?,
            account_id: AccountId(row.int("account_id")?),
            version: row.int("version")?,
            is_default: row.bool("is_default")?,
            updated_at: Millis(row.int("updated_at")?),
            fields: json::read(row, "fields")?,
        })
    }
}

/// Returns every address of an account.
pub async fn of_account(store: &Store, account_id: AccountId) -> Result<Vec<Address>> {
    sql("select id, account_id, version, is_default, updated_at, fields from shipping_addresses where account_id = $1 \
         order by id")
    .bind(account_id)
    .opening()
    .all(store)
    .await
}

/// Selects every address, by account and id, for one consistent read.
pub(crate) fn all() -> Statement {
    sql(
        "select id, account_id, version, is_default, updated_at, fields from shipping_addresses order by account_id, id",
    )
    .opening()
}

/// Inserts an address. It conflicts when its id is taken.
#[must_use]
pub fn insert(address: &Address) -> Statement {
    sql("insert into shipping_addresses (id, account_id, version, is_default, updated_at, fields) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing")
    .bind(address.id)
    .bind(address.account_id)
    .bind(address.version)
    .bind(address.is_default)
    .bind(address.updated_at)
    .bind_sealed(json::write(&address.fields))
    .must_touch(Contested::Address)
}

/// Updates an address, if it still has the version that `address` was read with.
#[must_use]
pub fn update(address: &Address) -> Statement {
    sql("update shipping_addresses set version = version + 1, is_default = $1, updated_at = $2, fields = $3 \
         where id = $4 and version = $5")
    .bind(address.is_default)
    .bind(address.updated_at)
    .bind_sealed(json::write(&address.fields))
    .bind(address.id)
    .bind(address.version)
    .must_touch(Contested::Address)
}

/// Seals the addresses that an earlier version stored unsealed, at most `limit` after an id. Returns the last id; `None` if
/// there is none.
pub async fn seal_some(store: &Store, after: i64, limit: i64) -> Result<Option<i64>> {
    let text = "select id, fields as text from shipping_addresses where fields like '{%' and id > $1 \
                order by id limit $2";
    let found: Vec<Unsealed> = sql(text).bind(after).bind(limit).all(store).await?;
    let update = |row: &Unsealed| {
        sql("update shipping_addresses set fields = $1 where id = $2 and fields = $3")
            .bind_sealed(row.text.clone())
            .bind(row.id)
            .bind(row.text.as_str())
    };
    sealed(store, found.iter().map(update).collect()).await?;
    Ok(found.last().map(|row| row.id))
}

/// Makes this the only default address of its account.
#[must_use]
pub fn set_default(account_id: AccountId, id: i64) -> Statement {
    sql("update shipping_addresses set version = version + 1, is_default = (id = $1) where account_id = $2")
        .bind(id)
        .bind(account_id)
}

/// Deletes an address of the account.
#[must_use]
pub fn delete(account_id: AccountId, id: i64) -> Statement {
    sql("delete from shipping_addresses where account_id = $1 and id = $2")
        .bind(account_id)
        .bind(id)
        .must_touch(Contested::Address)
}

/// Deletes every address of an account.
#[must_use]
pub fn delete_all(account_id: AccountId) -> Statement {
    sql("delete from shipping_addresses where account_id = $1").bind(account_id)
}
