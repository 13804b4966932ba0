//! Table `grants`: one log-in of one person in one app on one device.

use kakaw_core::Millis;
use kakaw_core::account::session::SessionId;
use kakaw_core::authorize::authorization::{Authorization, Epochs};
use kakaw_core::token::grant::{Bearer, Ended, EndedBy, Grant};
use kakaw_core::{AccountId, AppId, GrantId};

use crate::accounts::{Place, account_from, open_child};
use crate::app_keys::key_from;
use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;
use crate::links::link_from;

/// Reads the authorization of a row of `codes` or `grants`. Its epochs have other names than those of the joined
/// tables.
pub(crate) fn authorization_from(row: &Row, epochs: Epochs) -> Result<Authorization> {
    Ok(Authorization {
        app_id: AppId(row.int("app_id")?),
        app_key: row.text("app_key")?,
        account_id: AccountId(row.int("account_id")?),
        scopes: json::read(row, "scopes")?,
        openid: row.bool("openid")?,
        nonce: row.maybe_text("nonce")?,
        auth_time: Millis(row.int("auth_time")?),
        session_id: Some(row.text("session_id")?).filter(|id| !id.is_empty()).map(SessionId::from_stored),
        device: row.text("device")?,
        address: row.text("address")?,
        epochs,
    })
}

/// Binds an authorization, whose session is empty text if there is none: `app_id, app_key, account_id, scopes, openid, nonce, auth_time, session_id, device, address,
/// link_epoch, account_epoch, key_epoch`.
pub(crate) fn bind_authorization(statement: Statement, authorization: &Authorization) -> Statement {
    statement
        .bind(authorization.app_id)
        .bind(authorization.app_key.as_str())
        .bind(authorization.account_id)
        .bind(json::write(&authorization.scopes))
        .bind(authorization.openid)
        .bind(authorization.nonce.clone())
        .bind(authorization.auth_time)
        .bind(authorization.session_id.as_ref().map_or("", SessionId::as_str))
        .bind(authorization.device.as_str())
        .bind(authorization.address.as_str())
        .bind(authorization.epochs.link)
        .bind(authorization.epochs.account)
        .bind(authorization.epochs.key)
}

impl FromRow for Bearer {
    fn from_row(row: &Row) -> Result<Self> {
        let link = link_from(row)?;
        let epochs = Epochs {
            link: row.int("grant_link_epoch")?,
            account: row.int("grant_account_epoch")?,
            key: row.int("grant_key_epoch")?,
        };
        let words = row.maybe_text("ended_why")?;
        let ended = row
            .maybe_int("ended_at")?
            .map(|at| Ended { at: Millis(at), by: EndedBy::from_words(words.as_deref().unwrap_or_default()) });
        let grant = Grant {
            id: GrantId(row.int("id")?),
            authorization: authorization_from(row, epochs)?,
            created_at: Millis(row.int("created_at")?),
            refresh_generation: row.int("refresh_generation")?,
            refresh_expires_at: Millis(row.int("refresh_expires_at")?),
            rotated_at: row.maybe_int("rotated_at")?.map(Millis),
            ended,
        };
        Ok(Self { grant, link, account: account_from(row)?, key: key_from(row)?, app_version: row.int("app_version")? })
    }
}

/// Returns a grant with everything that a token check compares, by one statement. Nothing of it is ever cached. The
/// private attributes of an adult stay sealed: most requests need none of them.
pub async fn bearer(store: &Store, id: GrantId) -> Result<Option<Bearer>> {
    let mut found: Option<Bearer> = sql("select g.id, g.scopes, g.openid, g.nonce, g.auth_time, g.session_id, g.device, g.address, \
         g.link_epoch as grant_link_epoch, g.account_epoch as grant_account_epoch, g.key_epoch as grant_key_epoch, \
         g.created_at, g.refresh_generation, g.refresh_expires_at, g.rotated_at, g.ended_at, g.ended_why, \
         l.app_id, l.account_id, l.user_id, l.version as link_version, l.epoch as link_epoch, l.connected, l.connected_at, \
         l.consents, l.signup_due, l.synched_at, l.terms, l.properties, l.channels, \
         a.version as account_version, a.epoch as account_epoch, a.restricted, a.agreed_to_terms, a.attributes, a.private, \
         k.app_key, k.kind, k.epoch as key_epoch, k.deleted, k.settings as key_settings, k.secret_hash, \
         p.version as app_version \
         from grants g join links l on l.app_id = g.app_id and l.account_id = g.account_id \
         join accounts a on a.id = g.account_id join app_keys k on k.app_key = g.app_key join apps p on p.id = g.app_id \
         where g.id = $1")
    .bind(id)
    .maybe(store)
    .await?;
    if let Some(bearer) = &mut found {
        open_child(store, &mut bearer.account)?;
    }
    Ok(found)
}

/// Inserts a grant. It conflicts when its id is taken.
#[must_use]
pub fn insert(grant: &Grant) -> Statement {
    let insert =
        sql("insert into grants (id, app_id, app_key, account_id, scopes, openid, nonce, auth_time, session_id, \
         device, address, link_epoch, account_epoch, key_epoch, created_at, refresh_generation, refresh_expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict do nothing");
    bind_authorization(insert.bind(grant.id), &grant.authorization)
        .bind(grant.created_at)
        .bind(grant.refresh_generation)
        .bind(grant.refresh_expires_at)
        .must_touch(Contested::GrantId)
}

/// Rotates the refresh token once: from the preceding generation to that of `next`.
#[must_use]
pub fn rotate(next: &Grant) -> Statement {
    sql("update grants set refresh_generation = $1, refresh_expires_at = $2, rotated_at = $3 \
         where id = $4 and refresh_generation = $5 and ended_at is null")
    .bind(next.refresh_generation)
    .bind(next.refresh_expires_at)
    .bind(next.rotated_at)
    .bind(next.id)
    .bind(next.refresh_generation - 1)
    .must_touch(Contested::Rotation)
}

/// Marks a grant as ended, with the reason, so that a later refusal can be explained.
#[must_use]
pub fn end(id: GrantId, now: Millis, by: &EndedBy) -> Statement {
    sql("update grants set ended_at = $1, ended_why = $2 where id = $3 and ended_at is null")
        .bind(now)
        .bind(by.words())
        .bind(id)
}

/// The number of live log-ins of a person in an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub account_id: AccountId,
    pub app_id: AppId,
    pub count: i64,
}

impl FromRow for Live {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            account_id: AccountId(row.int("account_id")?),
            app_id: AppId(row.int("app_id")?),
            count: row.int("n")?,
        })
    }
}

/// Counts the live grants of a page of accounts, by account and app. No index serves it, so each call scans the table:
/// only stand-ins use it.
pub async fn live_of_page(store: &Store, after: Place, limit: i64, now: Millis) -> Result<Vec<Live>> {
    sql("select g.account_id, g.app_id, count(*) as n from grants g \
         join (select id, epoch from accounts where (created_at, id) > ($1, $2) order by created_at, id limit $3) a \
         on a.id = g.account_id and a.epoch = g.account_epoch \
         join links l on l.app_id = g.app_id and l.account_id = g.account_id and l.epoch = g.link_epoch \
         where g.refresh_expires_at > $4 and g.ended_at is null group by g.account_id, g.app_id \
         order by g.account_id, g.app_id")
    .bind(after.created_at)
    .bind(after.id)
    .bind(limit)
    .bind(now)
    .all(store)
    .await
}
