//! What an operator does besides settings: end links and accounts, look after webhooks. Every way to
//! them, such as the command line, calls the same functions.

pub mod world_file;

use kakaw_core::app::App;
use kakaw_core::app::webhooks;
use kakaw_core::random;
use kakaw_core::webhook::{self, Event, Notice};
use kakaw_core::{AppId, UserId};
use kakaw_store::deliveries::Delivery;
use kakaw_store::{Outcome, apps, deliveries, links};
use kakaw_wire::event::{EventType, UnlinkReason};
use kakaw_wire::scope::Item;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Platform;
use crate::deliver;
use crate::jobs::unlink;

/// Deliveries of an app that are told.
const DELIVERIES: i64 = 100;

/// Why an operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was received, what was expected.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Store(#[from] kakaw_store::Error),
}

/// Ends one person's link with an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlink {
    /// App id.
    pub app: i64,
    /// The person's user id there.
    pub user_id: i64,
    /// Default: `UNLINK_FROM_APPS`, as if the person did it on the pages of the account.
    #[serde(default = "from_apps")]
    pub reason: UnlinkReason,
}

const fn from_apps() -> UnlinkReason {
    UnlinkReason::UnlinkFromApps
}

/// Deletes an account and ends all its links.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// Log-in id.
    pub login: String,
    /// Default: `ACCOUNT_DELETE`.
    #[serde(default = "account_delete")]
    pub reason: UnlinkReason,
}

const fn account_delete() -> UnlinkReason {
    UnlinkReason::AccountDelete
}

/// Puts a paused webhook back in use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: String,
}

/// A webhook and how it fares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WebhookStatus {
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: String,
    pub url: String,
    /// `in use` or `paused`.
    pub state: String,
    /// Failures in a row.
    pub failures: i64,
    /// Notices that are due or will be tried again.
    pub waiting: i64,
    /// Notices that were held because the webhook is paused.
    pub held: i64,
    /// Notices that were given up in the last week.
    pub failed: i64,
    /// What the last delivery ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

impl Unlink {
    /// # Errors
    /// The app or the person is not there, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<(), Refused> {
        let app = apps::by_id(&platform.store, AppId(self.app)).await?;
        let app = app.ok_or_else(|| Refused::Wrong(format!("there is no app {}", self.app)))?;
        if unlink::by_user_id(platform, &app, UserId(self.user_id), self.reason).await? {
            return Ok(());
        }
        Err(Refused::Wrong(format!("nobody is linked with app {} under user id {}", self.app, self.user_id)))
    }
}

impl DeleteAccount {
    /// # Errors
    /// The account is not there, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<(), Refused> {
        if unlink::delete_account(platform, &self.login, self.reason).await? {
            return Ok(());
        }
        Err(Refused::Wrong(format!("nobody logs in with {:?}", self.login)))
    }
}

impl Resume {
    /// # Errors
    /// There is no such webhook, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<(), Refused> {
        let known = webhook_states(platform).await?;
        if !known.iter().any(|status| status.app == self.app && status.webhook == self.webhook) {
            return Err(Refused::Wrong(format!("app {} has no webhook {:?}", self.app, self.webhook)));
        }
        Ok(deliver::resume(platform, AppId(self.app), &self.webhook).await?)
    }
}

/// Sends a notice that nothing in the platform caused, whatever the app's settings and the person's consents say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// App id.
    pub app: i64,
    /// The person's user id there.
    pub user_id: i64,
    /// `unlink` for the unlink webhook, or a type of event such as `user-unlinked` for the account-status webhook.
    pub event: String,
    /// Why, where the notice says so; default `UNLINK_FROM_APPS`.
    #[serde(default = "from_apps")]
    pub reason: UnlinkReason,
    /// Consent items, for events about scopes.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub scopes: Vec<Item>,
}

/// Sends a notice again, as it was.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The delivery.
    pub id: String,
}

/// A delivery, as it is told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryStatus {
    /// The value of `X-Kakao-Resource-ID`.
    pub id: String,
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: String,
    /// What is sent: `unlink`, or the types of the events.
    pub events: Vec<String>,
    /// The person's user id.
    pub user_id: String,
    /// `waiting`, `delivered`, `failed` or `held`.
    pub state: String,
    /// Platform time, RFC 3339.
    pub created_at: String,
    /// Tries so far.
    pub attempts: i64,
    /// What the last try ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl From<&Delivery> for DeliveryStatus {
    fn from(delivery: &Delivery) -> Self {
        let (events, user_id) = match &delivery.notice {
            Notice::Unlink { user_id, .. } => (vec![webhooks::UNLINK.to_owned()], user_id.to_string()),
            Notice::AccountStatus { token } => {
                let types = token.events.keys().map(|uri| uri.rsplit('/').next().unwrap_or_default().to_owned());
                (types.collect(), token.sub.clone())
            }
        };
        Self {
            id: format!("{:x}", delivery.id),
            app: delivery.app_id.0,
            webhook: delivery.notice.kind().to_owned(),
            events,
            user_id,
            state: delivery.state.clone(),
            created_at: delivery.created_at.rfc3339_exact(),
            attempts: delivery.attempts,
            result: delivery.result.clone(),
        }
    }
}

impl Trigger {
    /// Returns the id of the delivery.
    ///
    /// # Errors
    /// The app has no such webhook, or nobody is linked under the user id, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<String, Refused> {
        let app = apps::by_id(&platform.store, AppId(self.app)).await?;
        let app = app.ok_or_else(|| Refused::Wrong(format!("there is no app {}", self.app)))?;
        let nobody = || format!("nobody was ever linked with app {} under user id {}", self.app, self.user_id);
        let link = links::by_user_id(&platform.store, AppId(self.app), UserId(self.user_id)).await?;
        let link = link.ok_or_else(|| Refused::Wrong(nobody()))?;
        let notice = if self.event == webhooks::UNLINK {
            Notice::Unlink { user_id: link.user_id, referrer_type: self.reason }
        } else {
            let kind = EventType::ALL.iter().find(|kind| kind.id() == self.event);
            let known = || EventType::ALL.iter().map(|kind| kind.id()).collect::<Vec<_>>().join(", ");
            let kind =
                kind.ok_or_else(|| Refused::Wrong(format!("event: {:?}; expected unlink, {}", self.event, known())))?;
            let reason = (*kind == EventType::UserUnlinked).then(|| self.reason.id());
            let event = Event { kind: *kind, reason, scopes: self.scopes.clone() };
            let id: String = random::token(&*platform.random).chars().take(22).collect();
            webhook::notice(&event, &app, &link, &platform.surroundings.issuer(), &id, platform.now())
        };
        enqueue(platform, &app, &notice).await
    }
}

impl Replay {
    /// Returns the id of the new delivery.
    ///
    /// # Errors
    /// There is no such delivery, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<String, Refused> {
        let missing = || Refused::Wrong(format!("there is no delivery {:?}", self.id));
        let id = i64::from_str_radix(&self.id, 16).map_err(|_| missing())?;
        let delivery = deliveries::by_id(&platform.store, id).await?.ok_or_else(missing)?;
        let app = apps::by_id(&platform.store, delivery.app_id).await?.ok_or_else(missing)?;
        enqueue(platform, &app, &delivery.notice).await
    }
}

async fn enqueue(platform: &Platform, app: &App, notice: &Notice) -> Result<String, Refused> {
    let kind = notice.kind();
    if !app.settings.webhooks.urls().iter().any(|(of, _)| *of == kind) {
        return Err(Refused::Wrong(format!("app {} has no webhook {kind:?}: set webhooks.{kind}.url", app.id)));
    }
    let id = random::ordered_id(&*platform.random, platform.now());
    match platform.store.commit(vec![deliveries::insert(id, app.id, notice, platform.now())]).await? {
        Outcome::Committed => {
            platform.wake_deliveries.notify_one();
            Ok(format!("{id:x}"))
        }
        Outcome::Conflict(_) => Err(Refused::Wrong("the id was taken: try again".to_owned())),
    }
}

/// The last deliveries of every app, newest first.
///
/// # Errors
/// The database failed.
pub async fn last_deliveries(platform: &Platform) -> Result<Vec<DeliveryStatus>, kakaw_store::Error> {
    let mut all = Vec::new();
    for app in apps::all(&platform.store).await? {
        all.extend(deliveries::last(&platform.store, app.id, DELIVERIES).await?);
    }
    all.sort_by_key(|delivery| std::cmp::Reverse(delivery.id));
    Ok(all.iter().map(DeliveryStatus::from).collect())
}

/// Every webhook and how it fares.
///
/// # Errors
/// The database failed.
pub async fn webhook_states(platform: &Platform) -> Result<Vec<WebhookStatus>, kakaw_store::Error> {
    let mut all = Vec::new();
    for app in apps::all(&platform.store).await? {
        for (kind, url) in app.settings.webhooks.urls() {
            let state = deliveries::state(&platform.store, app.id, kind).await?.filter(|state| state.url == url);
            let count = async |state| deliveries::count(&platform.store, app.id, kind, state).await;
            let last = deliveries::last(&platform.store, app.id, 20).await?;
            let last = last.into_iter().find(|delivery| delivery.notice.kind() == kind && delivery.result.is_some());
            let paused = state.as_ref().is_some_and(|state| state.paused_at.is_some());
            all.push(WebhookStatus {
                app: app.id.0,
                webhook: kind.to_owned(),
                url,
                state: if paused { "paused" } else { "in use" }.to_owned(),
                failures: state.map_or(0, |state| state.failures),
                waiting: count("waiting").await?,
                held: count("held").await?,
                failed: count("failed").await?,
                last: last.and_then(|delivery| delivery.result),
            });
        }
    }
    Ok(all)
}
