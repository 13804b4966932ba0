//! The worker: takes due notices, has them sent, and stores the results.
//!
//! Here the database is used, in groups. Signing and sending happen on a thread with a low priority.

use kakaw_core::{AppId, Span};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use kakaw_core::Millis;
use kakaw_core::app::webhooks::{Method, WebhookKind};
use kakaw_core::app::{App, KeyKind};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random;
use kakaw_core::webhook::{self, Notice};
use kakaw_store::deliveries::{self, Delivery, State};
use kakaw_store::{Error, Outcome, Statement, app_keys, apps};
use tokio::task::JoinSet;

use super::send::{Receiver, send};
use crate::Platform;
use crate::clock;
use crate::surroundings::Schedule;

/// Maximum number of deliveries at the same time.
const AT_A_TIME: usize = 128;
/// The time after which another worker may take an unfinished delivery. A receiver has three seconds.
const LEASE: Span = Span::seconds(20);
/// Interval at which the worker looks for deliveries without being woken, because other nodes write to the same tables.
const IDLE: Duration = Duration::from_secs(1);
/// A notice is announced shortly before its transaction ends.
const MOMENT: Duration = Duration::from_millis(10);
/// Deliveries that end within this time are written together.
const TOGETHER: Duration = Duration::from_millis(40);

/// Delivers until the process ends.
pub async fn work(platform: Arc<Platform>) {
    let mut worker = Worker::new(platform);
    loop {
        if let Err(error) = worker.turn().await {
            tracing::error!(%error, "deliveries");
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// Delivers everything that is due now and waits for the end. Returns the number of deliveries.
///
/// # Errors
/// The database failed.
pub async fn deliver_due(platform: &Arc<Platform>) -> Result<usize, Error> {
    let mut worker = Worker::new(Arc::clone(platform));
    let mut count = 0;
    loop {
        let taken = worker.take().await?;
        count += taken;
        if taken == 0 && worker.under_way.is_empty() {
            return Ok(count);
        }
        worker.finish_some().await?;
    }
}

/// A delivery that was sent, and its result.
struct Done {
    delivery: Delivery,
    receiver: Arc<Receiver>,
    lease: String,
    result: Result<String, String>,
    /// Deliveries that become due when this one has ended.
    then: Vec<i64>,
}

/// The receiver of a webhook, and the webhook's state.
struct Known {
    receiver: Arc<Receiver>,
    state: State,
}

struct Worker {
    platform: Arc<Platform>,
    under_way: JoinSet<Done>,
    /// Receivers by app and kind. They are used for at most one second, because settings change.
    known: HashMap<(AppId, WebhookKind), Option<Known>>,
    known_since: std::time::Instant,
}

impl Worker {
    fn new(platform: Arc<Platform>) -> Self {
        Self { platform, under_way: JoinSet::new(), known: HashMap::new(), known_since: clock::monotonic() }
    }

    async fn turn(&mut self) -> Result<(), Error> {
        if self.under_way.len() < AT_A_TIME / 2 && self.take().await? > 0 {
            return Ok(());
        }
        if !self.under_way.is_empty() {
            return self.finish_some().await;
        }
        if tokio::time::timeout(IDLE, self.platform.wake_deliveries.notified()).await.is_ok() {
            tokio::time::sleep(MOMENT).await;
        }
        Ok(())
    }

    /// Takes due deliveries, as many as there is room for, and has them sent.
    async fn take(&mut self) -> Result<usize, Error> {
        let platform = Arc::clone(&self.platform);
        let (now, lease) = (platform.now(), random::token(&*platform.random));
        let room = AT_A_TIME.saturating_sub(self.under_way.len()) as i64;
        let taken = deliveries::take(&platform.store, now, &lease, now + LEASE, room).await?;
        if self.known_since.elapsed() > IDLE {
            self.known.clear();
            self.known_since = clock::monotonic();
        }
        let count = taken.len();
        let mut changes = Vec::new();
        for delivery in taken {
            let key = (delivery.app_id, delivery.notice.kind());
            let known = match self.known.entry(key) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(known(&platform, key.0, key.1).await?),
            };
            match known {
                None => changes.push(deliveries::give_up(delivery.id, &lease, "the webhook was removed")),
                Some(known) if known.state.paused_at.is_some() => changes.push(deliveries::pause(delivery.id, &lease)),
                Some(known) => {
                    let receiver = Arc::clone(&known.receiver);
                    let then = match platform.surroundings.schedule(&delivery, &*platform.random) {
                        Schedule::Now { then } => then,
                        Schedule::Later { by, why } => {
                            changes.push(deliveries::retry(delivery.id, &lease, now + by, why));
                            continue;
                        }
                    };
                    let (platform, lease) = (Arc::clone(&platform), lease.clone());
                    let work = async move {
                        let result = send(platform, Arc::clone(&receiver), &delivery).await;
                        Done { delivery, receiver, lease, result, then }
                    };
                    self.under_way.spawn_on(work, &self.platform.webhooks.runtime());
                }
            }
        }
        commit(&platform, changes).await?;
        Ok(count)
    }

    /// Waits for a delivery to end, and stores its result together with all others that have ended.
    async fn finish_some(&mut self) -> Result<(), Error> {
        let Some(first) = self.under_way.join_next().await else { return Ok(()) };
        // Other deliveries end at about the same time. One commit for all of them is cheaper, because each commit
        // invalidates the page caches of readers.
        tokio::time::sleep(TOGETHER).await;
        let mut ended = vec![first];
        while let Some(next) = self.under_way.try_join_next() {
            ended.push(next);
        }
        let mut changes = Vec::new();
        // If a task was lost, its delivery is taken again when the lease expires.
        for done in ended.into_iter().flatten() {
            self.judge(&done, &mut changes);
        }
        commit(&self.platform, changes).await
    }

    fn judge(&mut self, done: &Done, changes: &mut Vec<Statement>) {
        let Done { delivery, receiver, lease, result, then } = done;
        let (platform, kind) = (&self.platform, delivery.notice.kind());
        let known = self.known.get_mut(&(receiver.app_id, kind)).and_then(Option::as_mut);
        let mut state = known.as_ref().map_or_else(
            || State { url: receiver.url.clone(), failures: 0, paused_at: None },
            |known| known.state.clone(),
        );
        let before = state.clone();
        changes.extend(then.iter().map(|id| deliveries::make_due(*id, platform.now())));
        match result {
            Ok(said) => {
                platform.metrics.delivered("delivered");
                changes.push(deliveries::deliver(delivery.id, lease, said));
                state.failures = 0;
            }
            Err(reason) => {
                state.failures += 1;
                if state.failures >= webhook::PAUSED_AFTER && state.paused_at.is_none() {
                    state.paused_at = Some(platform.now());
                    tracing::warn!(
                        "webhook {kind} of app {} is paused after {} failures in a row, the last: {reason}",
                        receiver.app_id,
                        state.failures
                    );
                }
                let due_again = again(platform, delivery);
                platform.metrics.delivered(if due_again.is_some() { "failed" } else { "given_up" });
                changes.push(match due_again {
                    Some(due_at) => deliveries::retry(delivery.id, lease, due_at, reason),
                    None => deliveries::give_up(delivery.id, lease, reason),
                });
            }
        }
        if state != before {
            changes.push(deliveries::put_state(receiver.app_id, kind, &state));
            if let Some(known) = known {
                known.state = state;
            }
        }
    }
}

/// Returns when a failed delivery is retried. An unlink notice is sent only once, as the documentation says.
fn again(platform: &Platform, delivery: &Delivery) -> Option<Millis> {
    let Notice::AccountStatus { .. } = delivery.notice else { return None };
    let wait = webhook::retry_after(delivery.attempts)?;
    // Vary by a fifth, so that deliveries that failed together are not retried together.
    let jitter = i64::from(random::bytes::<1>(&*platform.random)[0]) - 128;
    Some(platform.now() + wait + Span::milliseconds(wait.as_milliseconds() * jitter / 640))
}

async fn known(platform: &Platform, app_id: AppId, kind: WebhookKind) -> Result<Option<Known>, Error> {
    let Some(app) = apps::by_id(&platform.store, app_id).await? else { return Ok(None) };
    let Some((url, method)) = url_of(&app, kind) else { return Ok(None) };
    let state = deliveries::state(&platform.store, app_id, kind).await?.filter(|state| state.url == url);
    let keys = app_keys::of_app(&platform.store, app_id).await?;
    let of_kind = |kind| keys.iter().filter(move |key| key.key.kind == kind && !key.key.deleted);
    let primary = of_kind(KeyKind::Admin).find(|key| key.key.settings.primary);
    let sealed = primary.or_else(|| of_kind(KeyKind::Admin).next()).and_then(|key| key.sealed.as_deref());
    let plain = sealed.and_then(|sealed| platform.sealer.open(Purpose::Keep, sealed));
    let receiver = Receiver {
        app_id,
        url: url.clone(),
        method,
        admin_key: plain.and_then(|plain| String::from_utf8(plain).ok()).map(Secret::new),
        rest_api_key: of_kind(KeyKind::RestApi).next().map(|key| key.key.key.clone()),
    };
    let state = state.unwrap_or(State { url, failures: 0, paused_at: None });
    Ok(Some(Known { receiver: Arc::new(receiver), state }))
}

fn url_of(app: &App, kind: WebhookKind) -> Option<(String, Method)> {
    let webhooks = &app.settings.webhooks;
    match kind {
        WebhookKind::Unlink => webhooks.unlink.as_ref().map(|webhook| (webhook.url.clone(), webhook.method)),
        WebhookKind::AccountStatus => {
            webhooks.account_status.as_ref().map(|webhook| (webhook.url.clone(), Method::Post))
        }
    }
}

async fn commit(platform: &Platform, changes: Vec<Statement>) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    match platform.store.commit(changes).await? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict { .. } => Err(Error::Unusable("the deliveries were changed meanwhile".to_owned())),
    }
}

/// Resumes a paused webhook and the deliveries that were stopped meanwhile.
///
/// # Errors
/// The database failed.
pub async fn resume(platform: &Platform, app_id: AppId, kind: WebhookKind, rows: Vec<Statement>) -> Result<(), Error> {
    let mut changes = rows;
    changes.push(deliveries::release(app_id, kind, platform.now()));
    if let Some(state) = deliveries::state(&platform.store, app_id, kind).await? {
        changes.insert(0, deliveries::put_state(app_id, kind, &State { failures: 0, paused_at: None, ..state }));
    }
    commit(platform, changes).await?;
    platform.wake_deliveries.notify_one();
    Ok(())
}
