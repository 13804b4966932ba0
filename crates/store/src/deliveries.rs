//! Tables `deliveries` and `webhook_states`: notices for services, written in the transaction that causes them.
//!
//! A row is due until it is delivered or given up. A worker that takes rows moves their due time into the future (the
//! lease). If the worker dies, they are due again. So a delivery may happen twice, and is never lost.

use kakaw_core::AppId;
use kakaw_core::Millis;
use kakaw_core::app::webhooks::WebhookKind;
use kakaw_core::webhook::{DeliveryState, Notice};

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;
use crate::unsealed::{Unsealed, sealed};

/// A notice and its delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub id: i64,
    pub app_id: AppId,
    pub notice: Notice,
    pub state: DeliveryState,
    pub created_at: Millis,
    /// Attempts so far, including the present one.
    pub attempts: i64,
    /// The result of the last attempt.
    pub result: Option<String>,
}

impl FromRow for Delivery {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.int("id")?,
            app_id: AppId(row.int("app_id")?),
            notice: json::read(row, "payload")?,
            state: state_of(row)?,
            created_at: Millis(row.int("created_at")?),
            attempts: row.int("attempts")?,
            result: row.maybe_text("result")?,
        })
    }
}

fn state_of(row: &Row) -> Result<DeliveryState> {
    let text = row.str("state")?;
    DeliveryState::ALL
        .into_iter()
        .find(|state| state.id() == text)
        .ok_or_else(|| row.wrong("state", format!("unknown state {text:?}")))
}

/// Inserts a notice, due now.
#[must_use]
pub fn insert(id: i64, app_id: AppId, notice: &Notice, now: Millis) -> Statement {
    sql("insert into deliveries (id, app_id, kind, payload, state, created_at, due_at, attempts) \
         values ($1, $2, $3, $4, $5, $6, $7, 0)")
    .bind(id)
    .bind(app_id)
    .bind(notice.kind().id())
    .bind_sealed(json::write(notice))
    .bind(DeliveryState::Waiting.id())
    .bind(now)
    .bind(now)
    .must_touch(Contested::Delivery)
}

/// Takes up to `limit` due rows for the holder of `lease`, until `until`.
pub async fn take(store: &Store, now: Millis, lease: &str, until: Millis, limit: i64) -> Result<Vec<Delivery>> {
    struct Due;
    impl FromRow for Due {
        fn from_row(_: &Row) -> Result<Self> {
            Ok(Self)
        }
    }
    // Reading first keeps an idle worker from writing.
    let due = sql("select id from deliveries where due_at is not null and due_at <= $1 limit 1").bind(now);
    if due.maybe::<Due>(store).await?.is_none() {
        return Ok(Vec::new());
    }
    let claim = sql("update deliveries set due_at = $1, lease = $2, attempts = attempts + 1 where id in \
         (select id from deliveries where due_at is not null and due_at <= $3 order by due_at, id limit $4) \
         and due_at <= $3")
    .bind(until)
    .bind(lease)
    .bind(now)
    .bind(limit);
    let crate::Outcome::Committed = store.commit(vec![claim]).await? else { return Ok(Vec::new()) };
    sql("select id, app_id, payload, state, created_at, attempts, result from deliveries where lease = $1 order by id")
        .bind(lease)
        .opening()
        .all(store)
        .await
}

/// Returns when the next delivery is due.
pub async fn next_due(store: &Store) -> Result<Option<Millis>> {
    struct Due(i64);
    impl FromRow for Due {
        fn from_row(row: &Row) -> Result<Self> {
            Ok(Self(row.int("due_at")?))
        }
    }
    let text = "select due_at from deliveries where due_at is not null order by due_at limit 1";
    Ok(sql(text).maybe::<Due>(store).await?.map(|Due(due)| Millis(due)))
}

/// Ends a delivery as `delivered`.
#[must_use]
pub fn deliver(id: i64, lease: &str, result: &str) -> Statement {
    end(id, lease, DeliveryState::Delivered, result)
}

/// Ends a delivery as `failed`.
#[must_use]
pub fn give_up(id: i64, lease: &str, result: &str) -> Statement {
    end(id, lease, DeliveryState::Failed, result)
}

fn end(id: i64, lease: &str, state: DeliveryState, result: &str) -> Statement {
    sql("update deliveries set due_at = null, lease = null, state = $1, result = $2 where id = $3 and lease = $4")
        .bind(state.id())
        .bind(result)
        .bind(id)
        .bind(lease)
}

/// Postpones a delivery.
#[must_use]
pub fn retry(id: i64, lease: &str, due_at: Millis, result: &str) -> Statement {
    sql("update deliveries set due_at = $1, lease = null, result = $2 where id = $3 and lease = $4")
        .bind(due_at)
        .bind(result)
        .bind(id)
        .bind(lease)
}

/// Makes a postponed delivery due now.
#[must_use]
pub fn make_due(id: i64, now: Millis) -> Statement {
    sql("update deliveries set due_at = $1 where id = $2 and lease is null and due_at is not null").bind(now).bind(id)
}

/// Returns the delivery with this id.
pub async fn by_id(store: &Store, id: i64) -> Result<Option<Delivery>> {
    sql("select id, app_id, payload, state, created_at, attempts, result from deliveries where id = $1")
        .bind(id)
        .opening()
        .maybe(store)
        .await
}

/// Stops a delivery whose webhook is paused: its state becomes `held`.
#[must_use]
pub fn pause(id: i64, lease: &str) -> Statement {
    sql("update deliveries set due_at = null, lease = null, state = $1, attempts = attempts - 1 \
         where id = $2 and lease = $3")
    .bind(DeliveryState::Held.id())
    .bind(id)
    .bind(lease)
}

/// Continues the deliveries that were stopped while their webhook was paused.
#[must_use]
pub fn release(app_id: AppId, kind: WebhookKind, now: Millis) -> Statement {
    sql("update deliveries set due_at = $1, state = $2 where app_id = $3 and kind = $4 and state = $5")
        .bind(now)
        .bind(DeliveryState::Waiting.id())
        .bind(app_id)
        .bind(kind.id())
        .bind(DeliveryState::Held.id())
}

/// Returns the last deliveries of an app, newest first.
pub async fn last(store: &Store, app_id: AppId, limit: i64) -> Result<Vec<Delivery>> {
    sql("select id, app_id, payload, state, created_at, attempts, result from deliveries where app_id = $1 \
         order by id desc limit $2")
    .bind(app_id)
    .bind(limit)
    .opening()
    .all(store)
    .await
}

/// Returns a page of deliveries, newest first: those before an id, of one app or of all.
pub async fn page(store: &Store, app_id: Option<AppId>, before: i64, limit: i64) -> Result<Vec<Delivery>> {
    let statement = match app_id {
        None => sql("select id, app_id, payload, state, created_at, attempts, result from deliveries where id < $1 \
             order by id desc limit $2")
        .bind(before),
        Some(app_id) => sql("select id, app_id, payload, state, created_at, attempts, result from deliveries \
             where app_id = $1 and id < $2 order by id desc limit $3")
        .bind(app_id)
        .bind(before),
    };
    statement.bind(limit).opening().all(store).await
}

/// Seals the notices that an earlier version stored unsealed, at most `limit` after an id. Returns the last id; `None` if
/// there is none.
pub async fn seal_some(store: &Store, after: i64, limit: i64) -> Result<Option<i64>> {
    let text = "select id, payload as text from deliveries where payload like '{%' and id > $1 \
                order by id limit $2";
    let found: Vec<Unsealed> = sql(text).bind(after).bind(limit).all(store).await?;
    let update = |row: &Unsealed| {
        sql("update deliveries set payload = $1 where id = $2 and payload = $3")
            .bind_sealed(row.text.clone())
            .bind(row.id)
            .bind(row.text.as_str())
    };
    sealed(store, found.iter().map(update).collect()).await?;
    Ok(found.last().map(|row| row.id))
}

/// Returns the number of notices of this kind in this state.
pub async fn count(store: &Store, app_id: AppId, kind: WebhookKind, state: DeliveryState) -> Result<i64> {
    let text = "select count(*) as n from deliveries where app_id = $1 and kind = $2 and state = $3";
    sql(text).bind(app_id).bind(kind.id()).bind(state.id()).count(store).await
}

/// The state of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The URL that failed. A new URL starts with no failures.
    pub url: String,
    /// Failures in a row.
    pub failures: i64,
    pub paused_at: Option<Millis>,
}

impl FromRow for State {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            url: row.text("url")?,
            failures: row.int("failures")?,
            paused_at: row.maybe_int("paused_at")?.map(Millis),
        })
    }
}

/// Returns the state of an app's webhook, if it has ever failed.
pub async fn state(store: &Store, app_id: AppId, kind: WebhookKind) -> Result<Option<State>> {
    sql("select url, failures, paused_at from webhook_states where app_id = $1 and kind = $2")
        .bind(app_id)
        .bind(kind.id())
        .maybe(store)
        .await
}

/// Stores the state of an app's webhook.
#[must_use]
pub fn put_state(app_id: AppId, kind: WebhookKind, state: &State) -> Statement {
    sql("insert into webhook_states (app_id, kind, url, failures, paused_at) values ($1, $2, $3, $4, $5) \
         on conflict (app_id, kind) do update set url = excluded.url, failures = excluded.failures, \
         paused_at = excluded.paused_at")
    .bind(app_id)
    .bind(kind.id())
    .bind(state.url.as_str())
    .bind(state.failures)
    .bind(state.paused_at)
}
