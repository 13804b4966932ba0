//! The worker: takes due notices, delivers them, and writes down what became of them.

use std::sync::Arc;
use std::time::Duration;

use kakaw_core::app::{App, KeyKind};
use kakaw_core::random;
use kakaw_core::seal::Purpose;
use kakaw_core::webhook::{self, Method, Notice};
use kakaw_store::deliveries::{self, Delivery, State};
use kakaw_store::{Error, Outcome, Statement, app_keys, apps};
use kakaw_wire::event::SetRefusal;
use reqwest::header;
use tokio::task::JoinSet;

use crate::world::World;

/// Deliveries at a time.
const AT_A_TIME: i64 = 64;
/// Seconds of world time after which an unfinished delivery is taken again. Receivers have three.
const LEASE: i64 = 20;
/// Between two looks when nothing woke the worker: other nodes write to the same tables.
const IDLE: Duration = Duration::from_secs(1);
/// A notice is announced a moment before its transaction is over.
const MOMENT: Duration = Duration::from_millis(10);
/// Bytes of a receiver's reply that are read.
const REPLY: usize = 4096;
/// Characters of what a receiver says that are kept.
const KEPT: usize = 256;

/// Delivers for as long as the process lives.
pub async fn work(world: Arc<World>) {
    loop {
        match batch(&world).await {
            Ok(0) => {
                let woken = tokio::time::timeout(IDLE, world.wake_deliveries.notified()).await;
                if woken.is_ok() {
                    tokio::time::sleep(MOMENT).await;
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "deliveries");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Takes what is due and delivers it. Returns how many there were.
async fn batch(world: &Arc<World>) -> Result<usize, Error> {
    let lease = random::token(&*world.random);
    let now = world.now();
    let taken = deliveries::take(&world.store, now, &lease, now.plus_seconds(LEASE), AT_A_TIME).await?;
    let count = taken.len();
    let mut under_way = JoinSet::new();
    for delivery in taken {
        let (world, lease) = (Arc::clone(world), lease.clone());
        under_way.spawn(async move {
            if let Err(error) = one(&world, &delivery, &lease).await {
                // The lease ends by itself, and the delivery is taken again.
                tracing::error!(%error, delivery = delivery.id, "a delivery could not be written down");
            }
        });
    }
    while under_way.join_next().await.is_some() {}
    Ok(count)
}

async fn one(world: &World, delivery: &Delivery, lease: &str) -> Result<(), Error> {
    let kind = delivery.notice.kind();
    let app = apps::by_id(&world.store, delivery.app_id).await?;
    let url = app.as_ref().and_then(|app| url_of(app, kind));
    let (Some(app), Some(url)) = (app, url) else {
        return commit(world, vec![deliveries::finish(delivery.id, lease, "failed", "the webhook was removed")]).await;
    };
    let state = deliveries::state(&world.store, app.id, kind).await?.filter(|state| state.url == url);
    if state.as_ref().is_some_and(|state| state.paused_at.is_some()) {
        return commit(world, vec![deliveries::hold(delivery.id, lease)]).await;
    }
    match send(world, &app, &url, delivery).await {
        Ok(result) => {
            let mut changes = vec![deliveries::finish(delivery.id, lease, "delivered", &result)];
            if state.is_some_and(|state| state.failures > 0) {
                changes.push(deliveries::put_state(app.id, kind, &State { url, failures: 0, paused_at: None }));
            }
            commit(world, changes).await
        }
        Err(result) => failed(world, &app, url, delivery, lease, state, &result).await,
    }
}

async fn failed(
    world: &World,
    app: &App,
    url: String,
    delivery: &Delivery,
    lease: &str,
    state: Option<State>,
    result: &str,
) -> Result<(), Error> {
    let kind = delivery.notice.kind();
    let failures = state.map_or(0, |state| state.failures) + 1;
    let paused_at = (failures >= webhook::PAUSED_AFTER).then(|| world.now());
    if paused_at.is_some() {
        tracing::warn!("webhook {kind} of app {} is paused after {failures} failures in a row: {result}", app.id);
    }
    let again = match delivery.notice {
        // An unlink is told once (the documentation says so).
        Notice::Unlink { .. } => None,
        Notice::AccountStatus { .. } => webhook::retry_after(delivery.attempts),
    };
    let change = match again {
        Some(seconds) => {
            // A fifth earlier or later, so that what failed together does not come back together.
            let jitter = i64::from(random::bytes::<1>(&*world.random)[0]) - 128;
            let millis = seconds * 1000 + seconds * 1000 * jitter / 640;
            deliveries::retry(delivery.id, lease, kakaw_core::Millis(world.now().0 + millis), result)
        }
        None => deliveries::finish(delivery.id, lease, "failed", result),
    };
    commit(world, vec![change, deliveries::put_state(app.id, kind, &State { url, failures, paused_at })]).await
}

async fn commit(world: &World, changes: Vec<Statement>) -> Result<(), Error> {
    match world.store.commit(changes).await? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict(_) => Err(Error::Unusable("the delivery was changed meanwhile".to_owned())),
    }
}

fn url_of(app: &App, kind: &str) -> Option<String> {
    let webhooks = &app.settings.webhooks;
    match kind {
        webhook::UNLINK => webhooks.unlink.as_ref().map(|webhook| webhook.url.clone()),
        _ => webhooks.account_status.as_ref().map(|webhook| webhook.url.clone()),
    }
}

/// Sends a notice. What the receiver answered, or why it counts as a failure.
async fn send(world: &World, app: &App, url: &str, delivery: &Delivery) -> Result<String, String> {
    let url = world.webhooks.check(url)?;
    let http = world.webhooks.http()?;
    let request = match &delivery.notice {
        Notice::Unlink { user_id, referrer_type } => {
            let (app_id, user_id) = (app.id.to_string(), user_id.to_string());
            let fields = [("app_id", app_id.as_str()), ("user_id", &user_id), ("referrer_type", referrer_type.id())];
            let get = app.settings.webhooks.unlink.as_ref().is_some_and(|webhook| webhook.method == Method::Get);
            let request = if get { http.get(url).query(&fields) } else { http.post(url).form(&fields) };
            let key = admin_key(world, app.id).await?;
            request.header(header::AUTHORIZATION, format!("KakaoAK {}", key.expose()))
        }
        Notice::AccountStatus { token } => {
            let mut claims = token.clone();
            claims.aud = rest_api_key(world, app.id).await?;
            let keys = world.signer.keys().await;
            let signed = keys.first().and_then(|key| key.sign_as("secevent+jwt", &claims));
            let signed = signed.ok_or_else(|| "the token could not be signed".to_owned())?;
            http.post(url).header(header::CONTENT_TYPE, "application/secevent+jwt").body(signed)
        }
    };
    let id = format!("{:x}", delivery.id);
    let answer = request.header("X-Kakao-Resource-ID", id).send().await.map_err(|error| why(&error))?;
    let status = answer.status().as_u16();
    let expected = if matches!(delivery.notice, Notice::Unlink { .. }) { 200 } else { 202 };
    if status == expected {
        return Ok(status.to_string());
    }
    Err(format!("{status}, and {expected} was expected{}", said(answer).await).chars().take(KEPT).collect())
}

/// What a receiver says of a security event token that it refuses.
async fn said(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > REPLY {
            return String::new();
        }
    }
    match serde_json::from_slice::<SetRefusal>(&bytes) {
        Ok(SetRefusal { err, description }) if !err.is_empty() => format!(" ({err}: {description})"),
        _ => String::new(),
    }
}

/// The innermost reason of a failure: "error sending request" tells nobody anything.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within 3 seconds".to_owned();
    }
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string().chars().take(KEPT).collect()
}

/// The app's primary admin key, or its first.
async fn admin_key(world: &World, app_id: i64) -> Result<kakaw_core::secret::Secret, String> {
    let keys = app_keys::of_app(&world.store, app_id).await.map_err(|error| error.to_string())?;
    let admin = |key: &&app_keys::Stored| key.key.kind == KeyKind::Admin && !key.key.deleted;
    let primary = keys.iter().filter(admin).find(|key| key.key.settings.primary);
    let sealed = primary.or_else(|| keys.iter().find(admin)).and_then(|key| key.sealed.as_deref());
    let plain = sealed.and_then(|sealed| world.sealer.open(Purpose::Keep, sealed));
    let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
    plain.map(kakaw_core::secret::Secret::new).ok_or_else(|| "the app has no admin key".to_owned())
}

/// The app's first REST API key: the audience of its tokens.
async fn rest_api_key(world: &World, app_id: i64) -> Result<String, String> {
    let keys = app_keys::of_app(&world.store, app_id).await.map_err(|error| error.to_string())?;
    let rest = keys.into_iter().find(|key| key.key.kind == KeyKind::RestApi && !key.key.deleted);
    rest.map(|key| key.key.key).ok_or_else(|| "the app has no REST API key".to_owned())
}

/// Puts a paused webhook back in use; what was held goes out.
///
/// # Errors
/// The database failed.
pub async fn resume(world: &World, app_id: i64, kind: &str) -> Result<(), Error> {
    let mut changes = vec![deliveries::release(app_id, kind, world.now())];
    if let Some(state) = deliveries::state(&world.store, app_id, kind).await? {
        changes.insert(0, deliveries::put_state(app_id, kind, &State { failures: 0, paused_at: None, ..state }));
    }
    commit(world, changes).await?;
    world.wake_deliveries.notify_one();
    Ok(())
}
