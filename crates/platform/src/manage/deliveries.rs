//! Notices to apps: sending one by hand, sending one again, and what became of them.

use kakaw_core::app::App;
use kakaw_core::app::webhooks::WebhookKind;
use kakaw_core::random;
use kakaw_core::webhook::{self, DeliveryState, Event, Notice};
use kakaw_core::wire::Expected;
use kakaw_core::{AppId, UserId};
use kakaw_store::deliveries::Delivery;
use kakaw_store::{Outcome, deliveries, links};
use kakaw_wire::event::{EventType, UnlinkReason};
use kakaw_wire::scope::Item;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::{Change, What};
use super::links::from_apps;
use super::{Actor, Refused, Version, draft, record};
use crate::Platform;

/// Sends a notice that nothing in the platform caused, whatever the app's settings and the person's consents say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// App id.
    pub app: i64,
    /// The person's user id in the app.
    pub user_id: i64,
    /// `unlink` for the unlink webhook, or an event type such as `user-unlinked` for the account-status webhook.
    pub event: String,
    /// The reason, for notices that contain one; default `UNLINK_FROM_APPS`.
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
    /// Id of the delivery.
    pub id: String,
}

/// A delivery, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryStatus {
    /// The value of `X-Kakao-Resource-ID`.
    pub id: String,
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: WebhookKind,
    /// What is sent: `unlink`, or the types of the events.
    pub events: Vec<String>,
    /// The person's user id.
    pub user_id: String,
    pub state: DeliveryState,
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
            Notice::Unlink { user_id, .. } => (vec![WebhookKind::Unlink.to_string()], user_id.to_string()),
            Notice::AccountStatus { token } => {
                let types = token.events.keys().map(|uri| uri.rsplit('/').next().unwrap_or_default().to_owned());
                (types.collect(), token.sub.clone())
            }
        };
        Self {
            id: format!("{:x}", delivery.id),
            app: delivery.app_id.0,
            webhook: delivery.notice.kind(),
            events,
            user_id,
            state: delivery.state,
            created_at: delivery.created_at.rfc3339_exact(),
            attempts: delivery.attempts,
            result: delivery.result.clone(),
        }
    }
}

impl Trigger {
    /// # Errors
    /// The app has no such webhook or another version, nobody is linked under the user id, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        let app = super::links::app(platform, AppId(self.app)).await?;
        draft::check(expected, app.version)?;
        let link = links::by_user_id(&platform.store, AppId(self.app), UserId(self.user_id)).await?;
        let nobody = || Refused::problem("user_id", self.user_id, Expected::KnownLink { app: self.app });
        let link = link.ok_or_else(nobody)?;
        let notice = if self.event == WebhookKind::Unlink.id() {
            Notice::Unlink { user_id: link.user_id, referrer_type: self.reason }
        } else {
            let Some(kind) = EventType::ALL.iter().find(|kind| kind.id() == self.event) else {
                let known = EventType::ALL.iter().map(|kind| kind.id()).collect::<Vec<_>>().join(", ");
                return Err(Refused::problem("event", &self.event, Expected::KnownEvent { known }));
            };
            let reason = (*kind == EventType::UserUnlinked).then(|| self.reason.id());
            let event = Event { kind: *kind, reason, scopes: self.scopes.clone() };
            let id: String = random::token(&*platform.random).chars().take(22).collect();
            webhook::notice(&event, &app, &link, &platform.surroundings.issuer(), &id, platform.now())
        };
        enqueue(platform, actor, &app, &notice).await
    }
}

impl Replay {
    /// # Errors
    /// There is no such delivery, its app has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        let missing = || Refused::problem("id", &self.id, Expected::KnownDelivery {});
        let id = i64::from_str_radix(&self.id, 16).map_err(|_| missing())?;
        let delivery = deliveries::by_id(&platform.store, id).await?.ok_or_else(missing)?;
        let app = super::links::app(platform, delivery.app_id).await?;
        draft::check(expected, app.version)?;
        enqueue(platform, actor, &app, &delivery.notice).await
    }
}

async fn enqueue(platform: &Platform, actor: &Actor, app: &App, notice: &Notice) -> Result<Change, Refused> {
    let kind = notice.kind();
    if !app.settings.webhooks.urls().iter().any(|(of, _)| *of == kind) {
        return Err(Refused::problem("webhook", kind.id(), Expected::KnownWebhook { app: app.id.0 }));
    }
    let id = random::ordered_id(&*platform.random, platform.now());
    let what = What::Delivery { app: app.id.0, id: format!("{id:x}") };
    let state = json!({ "webhook": kind, "state": DeliveryState::Waiting });
    let change = Change::new(platform, actor, what, None, Some(state));
    let mut changes = vec![deliveries::insert(id, app.id, notice, platform.now())];
    changes.extend(record::rows(platform, std::slice::from_ref(&change)).await?);
    match platform.store.commit(changes).await? {
        Outcome::Committed => {
            platform.wake_deliveries.notify_one();
            Ok(change)
        }
        // The id was drawn for another notice in the same moment.
        Outcome::Conflict { .. } => Err(Refused::Contention),
    }
}

/// A page of deliveries, newest first: those before a delivery, of all apps or of one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deliveries {
    /// App id; default: every app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<i64>,
    /// The id of the last delivery on the previous page; default: the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Page size, 1 to 1,000; default 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

impl Deliveries {
    /// # Errors
    /// `before` is no id of a delivery, or the database failed.
    pub async fn run(&self, platform: &Platform) -> Result<Vec<DeliveryStatus>, Refused> {
        let before = match &self.before {
            None => i64::MAX,
            Some(id) => {
                i64::from_str_radix(id, 16).map_err(|_| Refused::problem("before", id, Expected::KnownDelivery {}))?
            }
        };
        let limit = super::page_size(self.limit)?;
        let page = deliveries::page(&platform.store, self.app.map(AppId), before, limit).await?;
        Ok(page.iter().map(DeliveryStatus::from).collect())
    }
}
