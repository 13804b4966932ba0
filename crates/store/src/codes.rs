//! Table `codes`: authorization codes by their hash. Each is valid for one exchange.

use kakaw_core::GrantId;
use kakaw_core::Millis;
use kakaw_core::authorize::authorization::Epochs;
use kakaw_core::authorize::code::{Code, CodeLife, Found};

use crate::accounts::account_from;
use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::grants::{authorization_from, bind_authorization};
use crate::links::link_from;

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        let epochs = Epochs {
            link: row.int("code_link_epoch")?,
            account: row.int("code_account_epoch")?,
            key: row.int("code_key_epoch")?,
        };
        let code = Code {
            id: row.text("id")?,
            authorization: authorization_from(row, epochs)?,
            redirect_uri: row.text("redirect_uri")?,
            code_challenge: row.maybe_text("code_challenge")?,
            created_at: Millis(row.int("created_at")?),
            expires_at: Millis(row.int("expires_at")?),
            life: life_from(row)?,
            tx_id: row.maybe_text("tx_id")?,
        };
        let current_key = row.int("current_key")?;
        let key_epoch = (!row.bool("key_deleted")?).then_some(current_key);
        Ok(Self { code, link: link_from(row)?, account: account_from(row)?, key_epoch })
    }
}

/// A code that is no longer live has a time, and a grant if it was redeemed. Earlier versions wrote grant 0 for no
/// grant.
fn life_from(row: &Row) -> Result<CodeLife> {
    let grant = row.maybe_int("grant_id")?.filter(|grant| *grant != 0).map(GrantId);
    Ok(match (row.maybe_int("spent_at")?.map(Millis), grant) {
        (None, _) => CodeLife::Live,
        (Some(at), Some(grant)) => CodeLife::Redeemed { at, grant },
        (Some(at), None) => CodeLife::Invalidated { at },
    })
}

/// Returns the code with this hash.
pub async fn by_id(store: &Store, id: &str) -> Result<Option<Found>> {
    sql("select c.id, c.app_key, c.redirect_uri, c.scopes, c.openid, c.nonce, c.code_challenge, c.auth_time, c.session_id, \
         c.device, c.address, c.link_epoch as code_link_epoch, c.account_epoch as code_account_epoch, \
         c.key_epoch as code_key_epoch, c.created_at, c.expires_at, c.spent_at, c.grant_id, c.tx_id, \
         l.app_id, l.account_id, l.user_id, l.version as link_version, l.epoch as link_epoch, l.connected, l.connected_at, \
         l.consents, l.signup_due, l.synched_at, l.terms, l.properties, l.channels, \
         a.version as account_version, a.epoch as account_epoch, a.restricted, a.agreed_to_terms, a.attributes, a.private, \
         k.epoch as current_key, k.deleted as key_deleted \
         from codes c join links l on l.app_id = c.app_id and l.account_id = c.account_id \
         join accounts a on a.id = c.account_id join app_keys k on k.app_key = c.app_key where c.id = $1")
    .bind(id)
    .maybe(store)
    .await
}

/// Inserts a code.
#[must_use]
pub fn insert(code: &Code) -> Statement {
    let insert = sql(
        "insert into codes (id, app_id, app_key, account_id, scopes, openid, nonce, auth_time, session_id, \
         device, address, link_epoch, account_epoch, key_epoch, redirect_uri, code_challenge, created_at, expires_at, tx_id) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    );
    bind_authorization(insert.bind(code.id.as_str()), &code.authorization)
        .bind(code.redirect_uri.as_str())
        .bind(code.code_challenge.clone())
        .bind(code.created_at)
        .bind(code.expires_at)
        .bind(code.tx_id.clone())
        .must_touch(Contested::Code)
}

/// Redeems a code for this grant. One statement decides the race. Repeated for the same grant, it succeeds again.
#[must_use]
pub fn redeem(id: &str, grant_id: GrantId, now: Millis) -> Statement {
    sql("update codes set spent_at = $1, grant_id = $2 where id = $3 and (spent_at is null or grant_id = $2)")
        .bind(now)
        .bind(grant_id)
        .bind(id)
        .must_touch(Contested::Code)
}

/// Invalidates a live code.
#[must_use]
pub fn invalidate(id: &str, now: Millis) -> Statement {
    sql("update codes set spent_at = $1 where id = $2 and spent_at is null")
        .bind(now)
        .bind(id)
        .must_touch(Contested::Code)
}
