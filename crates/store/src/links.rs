//! Table `links`: the links between accounts and apps.

use kakaw_core::Millis;
use kakaw_core::link::Link;
use kakaw_core::{AccountId, AppId, UserId};

use crate::accounts::Place;
use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;

pub(crate) fn link_from(row: &Row) -> Result<Link> {
    Ok(Link {
        app_id: AppId(row.int("app_id")?),
        account_id: AccountId(row.int("account_id")?),
        user_id: UserId(row.int("user_id")?),
        version: row.int("link_version")?,
        epoch: row.int("link_epoch")?,
        connected: row.bool("connected")?,
        connected_at: Millis(row.int("connected_at")?),
        consents: json::read(row, "consents")?,
        signup_due: row.maybe_int("signup_due")?.map(Millis),
        synched_at: row.maybe_int("synched_at")?.map(Millis),
        terms: json::read(row, "terms")?,
        properties: json::read(row, "properties")?,
        channels: json::read(row, "channels")?,
    })
}

impl FromRow for Link {
    fn from_row(row: &Row) -> Result<Self> {
        link_from(row)
    }
}

/// Returns the link between this account and this app, connected or not.
pub async fn of(store: &Store, app_id: AppId, account_id: AccountId) -> Result<Option<Link>> {
    sql("select app_id, account_id, user_id, version as link_version, epoch as link_epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels from links where app_id = $1 and account_id = $2")
    .bind(app_id)
    .bind(account_id)
    .maybe(store)
    .await
}

/// Returns the link with this user id, connected or not.
pub async fn by_user_id(store: &Store, app_id: AppId, user_id: UserId) -> Result<Option<Link>> {
    sql("select app_id, account_id, user_id, version as link_version, epoch as link_epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels from links where app_id = $1 and user_id = $2")
    .bind(app_id)
    .bind(user_id)
    .maybe(store)
    .await
}

struct Number(i64);

impl FromRow for Number {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(row.int("n")?))
    }
}

/// Returns user ids of linked people, from this one on, in ascending or descending order.
pub async fn user_ids(store: &Store, app_id: AppId, from: i64, upwards: bool, limit: i64) -> Result<Vec<i64>> {
    let text = if upwards {
        "select user_id as n from links where app_id = $1 and user_id >= $2 and connected and signup_due is null order by user_id limit $3"
    } else {
        "select user_id as n from links where app_id = $1 and user_id <= $2 and connected and signup_due is null order by user_id desc limit $3"
    };
    let rows: Vec<Number> = sql(text).bind(app_id).bind(from).bind(limit).all(store).await?;
    Ok(rows.into_iter().map(|Number(id)| id).collect())
}

/// Returns the number of linked people.
pub async fn count(store: &Store, app_id: AppId) -> Result<i64> {
    let text = "select count(*) as n from links where app_id = $1 and connected and signup_due is null";
    sql(text).bind(app_id).count(store).await
}

/// Returns links whose sign-up was not finished in time, earliest first.
pub async fn signup_overdue(store: &Store, now: Millis, limit: i64) -> Result<Vec<Link>> {
    sql("select app_id, account_id, user_id, version as link_version, epoch as link_epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels from links \
         where signup_due is not null and signup_due <= $1 order by signup_due limit $2")
    .bind(now)
    .bind(limit)
    .all(store)
    .await
}

/// Returns when the next unfinished sign-up ends.
pub async fn next_signup_due(store: &Store) -> Result<Option<Millis>> {
    let text = "select signup_due as n from links where signup_due is not null order by signup_due limit 1";
    Ok(sql(text).maybe::<Number>(store).await?.map(|Number(n)| Millis(n)))
}

/// Returns every link of an account, by app.
pub async fn of_account(store: &Store, account_id: AccountId) -> Result<Vec<Link>> {
    sql("select app_id, account_id, user_id, version as link_version, epoch as link_epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels from links where account_id = $1 order by app_id")
    .bind(account_id)
    .all(store)
    .await
}

/// Returns the links of a page of accounts, by account and app.
pub async fn of_page(store: &Store, after: Place, limit: i64) -> Result<Vec<Link>> {
    sql("select l.app_id, l.account_id, l.user_id, l.version as link_version, l.epoch as link_epoch, l.connected, \
         l.connected_at, l.consents, l.signup_due, l.synched_at, l.terms, l.properties, l.channels from links l \
         join (select id from accounts where (created_at, id) > ($1, $2) order by created_at, id limit $3) a \
         on a.id = l.account_id order by l.account_id, l.app_id")
    .bind(after.created_at)
    .bind(after.id)
    .bind(limit)
    .all(store)
    .await
}

/// Selects every link, by account and app, for one consistent read.
pub(crate) fn all() -> Statement {
    sql(
        "select app_id, account_id, user_id, version as link_version, epoch as link_epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels from links order by account_id, app_id",
    )
}

/// Inserts the first link. It conflicts when there is one, or when another person has the user id in this app.
#[must_use]
pub fn insert(link: &Link) -> Statement {
    sql("insert into links (app_id, account_id, user_id, version, epoch, connected, connected_at, consents, \
         signup_due, synched_at, terms, properties, channels) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing")
    .bind(link.app_id)
    .bind(link.account_id)
    .bind(link.user_id)
    .bind(link.version)
    .bind(link.epoch)
    .bind(link.connected)
    .bind(link.connected_at)
    .bind(json::write(&link.consents))
    .bind(link.signup_due)
    .bind(link.synched_at)
    .bind(json::write(&link.terms))
    .bind(json::write(&link.properties))
    .bind(json::write(&link.channels))
    .must_touch(Contested::Link)
}

/// Updates a link, if it still has the version that `link` was read with.
#[must_use]
pub fn update(link: &Link) -> Statement {
    sql("update links set version = version + 1, epoch = $1, connected = $2, connected_at = $3, consents = $4, \
         signup_due = $5, synched_at = $6, terms = $7, properties = $8, channels = $9 \
         where app_id = $10 and account_id = $11 and version = $12")
    .bind(link.epoch)
    .bind(link.connected)
    .bind(link.connected_at)
    .bind(json::write(&link.consents))
    .bind(link.signup_due)
    .bind(link.synched_at)
    .bind(json::write(&link.terms))
    .bind(json::write(&link.properties))
    .bind(json::write(&link.channels))
    .bind(link.app_id)
    .bind(link.account_id)
    .bind(link.version)
    .must_touch(Contested::Link)
}

/// Sets the user id of the link, as a world file requires it.
#[must_use]
pub fn set_user_id(link: &Link, user_id: UserId) -> Statement {
    sql("update links set user_id = $1 where app_id = $2 and account_id = $3")
        .bind(user_id)
        .bind(link.app_id)
        .bind(link.account_id)
        .must_touch(Contested::Link)
}

/// Ends every log-in of the link, on all devices. The person stays linked.
#[must_use]
pub fn log_out(link: &Link) -> Statement {
    sql("update links set version = version + 1, epoch = epoch + 1 where app_id = $1 and account_id = $2 and version = $3")
        .bind(link.app_id)
        .bind(link.account_id)
        .bind(link.version)
        .must_touch(Contested::Link)
}

/// Ends the link, if it still has the version that `link` was read with: all of its consent, terms, properties, codes
/// and tokens. The user id stays.
#[must_use]
pub fn unlink(link: &Link) -> Statement {
    sql("update links set version = version + 1, epoch = epoch + 1, connected = false, consents = '{}', signup_due = null, synched_at = null, \
         terms = '{}', properties = '{}', channels = '[]' \
         where app_id = $1 and account_id = $2 and connected and version = $3")
    .bind(link.app_id)
    .bind(link.account_id)
    .bind(link.version)
    .must_touch(Contested::Link)
}
