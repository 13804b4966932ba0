//! Table `codes`: authorization codes by their hash, each good for one exchange.

use kakaw_core::GrantId;
use kakaw_core::Millis;
use kakaw_core::account::Account;
use kakaw_core::authorize::code::Code;
use kakaw_core::link::Link;
use kakaw_core::{AccountId, AppId};

use crate::accounts::account_from;
use crate::db::{FromRow, Result, Row, Statement, Store, sql};
use crate::json;
use crate::links::link_from;

/// A code with what its exchange is decided and answered by.
#[derive(Debug)]
pub struct Found {
    pub code: Code,
    /// The present epoch of the key that it was made with.
    pub key_epoch: i64,
    pub link: Link,
    pub account: Account,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        let code = Code {
            id: row.text("id")?,
            app_id: AppId(row.int("app_id")?),
            app_key: row.text("app_key")?,
            account_id: AccountId(row.int("account_id")?),
            redirect_uri: row.text("redirect_uri")?,
            scopes: json::read(row, "scopes")?,
            openid: row.bool("openid")?,
            nonce: row.maybe_text("nonce")?,
            code_challenge: row.maybe_text("code_challenge")?,
            auth_time: Millis(row.int("auth_time")?),
            session_id: row.text("session_id")?,
            device: row.text("device")?,
            address: row.text("address")?,
            link_epoch: row.int("code_link_epoch")?,
            account_epoch: row.int("code_account_epoch")?,
            key_epoch: row.int("code_key_epoch")?,
            created_at: Millis(row.int("created_at")?),
            expires_at: Millis(row.int("expires_at")?),
            spent_at: row.maybe_int("spent_at")?.map(Millis),
            grant_id: row.maybe_int("grant_id")?.map(GrantId),
            tx_id: row.maybe_text("tx_id")?,
        };
        Ok(Self { code, key_epoch: row.int("current_key")?, link: link_from(row)?, account: account_from(row)? })
    }
}

/// The code of this hash.
pub async fn by_id(store: &Store, id: &str) -> Result<Option<Found>> {
    sql("select c.id, c.app_key, c.redirect_uri, c.scopes, c.openid, c.nonce, c.code_challenge, c.auth_time, c.session_id, \
         c.device, c.address, c.link_epoch as code_link_epoch, c.account_epoch as code_account_epoch, \
         c.key_epoch as code_key_epoch, c.created_at, c.expires_at, c.spent_at, c.grant_id, c.tx_id, \
         l.app_id, l.account_id, l.user_id, l.version as link_version, l.epoch as link_epoch, l.connected, l.connected_at, \
         l.consents, l.signup_due, l.synched_at, l.terms, l.properties, l.channels, \
         a.version as account_version, a.epoch as account_epoch, a.restricted, a.agreed_to_terms, a.attributes, \
         k.epoch as current_key \
         from codes c join links l on l.app_id = c.app_id and l.account_id = c.account_id \
         join accounts a on a.id = c.account_id join app_keys k on k.app_key = c.app_key where c.id = $1")
    .bind(id)
    .maybe(store)
    .await
}

/// Adds a code.
#[must_use]
pub fn insert(code: &Code) -> Statement {
    sql("insert into codes (id, app_id, app_key, account_id, redirect_uri, scopes, openid, nonce, code_challenge, auth_time, \
         session_id, device, address, link_epoch, account_epoch, key_epoch, created_at, expires_at, tx_id) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)")
    .bind(code.id.as_str())
    .bind(code.app_id)
    .bind(code.app_key.as_str())
    .bind(code.account_id)
    .bind(code.redirect_uri.as_str())
    .bind(json::write(&code.scopes))
    .bind(code.openid)
    .bind(code.nonce.clone())
    .bind(code.code_challenge.clone())
    .bind(code.auth_time)
    .bind(code.session_id.as_str())
    .bind(code.device.as_str())
    .bind(code.address.as_str())
    .bind(code.link_epoch)
    .bind(code.account_epoch)
    .bind(code.key_epoch)
    .bind(code.created_at)
    .bind(code.expires_at)
    .bind(code.tx_id.clone())
    .must_touch()
}

/// Spends a code for this grant. One statement decides the race; tried again for the same grant, it knows its own work.
#[must_use]
pub fn spend(id: &str, grant_id: GrantId, now: Millis) -> Statement {
    sql("update codes set spent_at = $1, grant_id = $2 where id = $3 and (spent_at is null or grant_id = $2)")
        .bind(now)
        .bind(grant_id)
        .bind(id)
        .must_touch()
}
