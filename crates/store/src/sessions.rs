//! Table `sessions`: account sessions of browsers, by the hash of their cookie.

use kakaw_core::AccountId;
use kakaw_core::Millis;
use kakaw_core::account::Account;
use kakaw_core::account::session::{Session, SessionId};

use crate::accounts::Place;
use crate::accounts::account_from;
use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

struct Found(Session, Account);

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        let session = Session {
            id: SessionId::from_stored(row.text("session_id")?),
            account_id: AccountId(row.int("account_id")?),
            auth_time: Millis(row.int("auth_time")?),
            expires_at: Millis(row.int("expires_at")?),
            account_epoch: row.int("session_epoch")?,
        };
        Ok(Self(session, account_from(row)?))
    }
}

/// Returns a session with its account, live or not.
pub async fn with_account(store: &Store, id: &SessionId) -> Result<Option<(Session, Account)>> {
    let found: Option<Found> = sql("select s.id as session_id, s.account_id, s.auth_time, s.expires_at, \
         s.account_epoch as session_epoch, a.version as account_version, a.epoch as account_epoch, a.restricted, \
         a.agreed_to_terms, a.attributes, a.private from sessions s join accounts a on a.id = s.account_id where s.id = $1")
    .bind(id.as_str())
    .opening()
    .maybe(store)
    .await?;
    Ok(found.map(|Found(session, account)| (session, account)))
}

/// Inserts a session.
#[must_use]
pub fn insert(session: &Session, device: &str, address: &str) -> Statement {
    sql("insert into sessions (id, account_id, auth_time, expires_at, account_epoch, device, address) \
         values ($1, $2, $3, $4, $5, $6, $7)")
    .bind(session.id.as_str())
    .bind(session.account_id)
    .bind(session.auth_time)
    .bind(session.expires_at)
    .bind(session.account_epoch)
    .bind(device)
    .bind(address)
    .must_touch(Contested::Session)
}

/// Deletes a session.
#[must_use]
pub fn delete(id: &SessionId) -> Statement {
    sql("delete from sessions where id = $1").bind(id.as_str())
}

/// The number of live sessions of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub account_id: AccountId,
    pub count: i64,
}

impl FromRow for Live {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { account_id: AccountId(row.int("account_id")?), count: row.int("n")? })
    }
}

/// Counts the live sessions of a page of accounts, by account. No index serves it, so each call scans the table: only
/// stand-ins use it.
pub async fn live_of_page(store: &Store, after: Place, limit: i64, now: Millis) -> Result<Vec<Live>> {
    sql("select s.account_id, count(*) as n from sessions s \
         join (select id, epoch from accounts where (created_at, id) > ($1, $2) order by created_at, id limit $3) a \
         on a.id = s.account_id and a.epoch = s.account_epoch where s.expires_at > $4 \
         group by s.account_id order by s.account_id")
    .bind(after.created_at)
    .bind(after.id)
    .bind(limit)
    .bind(now)
    .all(store)
    .await
}
