//! Use cases for webhooks and their state.

use std::fmt;

use kakaw_core::AppId;
use kakaw_core::app::App;
use kakaw_core::app::webhooks::WebhookKind;
use kakaw_core::webhook::DeliveryState;
use kakaw_core::wire::Expected;
use kakaw_store::deliveries;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::{Change, What};
use super::{Actor, Refused, Version, apps, draft, links, record};
use crate::Platform;
use crate::deliver;

/// Puts a paused webhook back in use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: WebhookKind,
}

/// Whether a webhook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum WebhookState {
    #[serde(rename = "in use")]
    InUse,
    /// It failed too often in a row.
    #[serde(rename = "paused")]
    Paused,
}

impl fmt::Display for WebhookState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::InUse => "in use",
            Self::Paused => "paused",
        })
    }
}

/// A webhook and how it fares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WebhookStatus {
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: WebhookKind,
    pub url: String,
    pub state: WebhookState,
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

impl Resume {
    /// # Errors
    /// There is no such webhook, the app has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        let app = links::app(platform, AppId(self.app)).await?;
        draft::check(expected, app.version)?;
        if !app.settings.webhooks.urls().iter().any(|(kind, _)| *kind == self.webhook) {
            return Err(Refused::problem("webhook", self.webhook.id(), Expected::KnownWebhook { app: self.app }));
        }
        let state = deliveries::state(&platform.store, AppId(self.app), self.webhook).await?;
        let was = state.is_some_and(|state| state.paused_at.is_some());
        let what = What::Webhook { app: self.app, webhook: self.webhook };
        let view = |paused: bool| Some(json!({ "paused": paused }));
        let change = Change::new(platform, actor, what, view(was), view(false));
        let rows = record::rows(platform, std::slice::from_ref(&change)).await?;
        deliver::resume(platform, AppId(self.app), self.webhook, rows).await?;
        Ok(change)
    }
}

/// Returns every webhook with its state.
///
/// # Errors
/// The database failed.
pub async fn webhook_states(platform: &Platform) -> Result<Vec<WebhookStatus>, kakaw_store::Error> {
    let mut all = Vec::new();
    for app in apps::all(platform).await? {
        all.extend(states_of(platform, &app).await?);
    }
    Ok(all)
}

async fn states_of(platform: &Platform, app: &App) -> Result<Vec<WebhookStatus>, kakaw_store::Error> {
    let mut all = Vec::new();
    for (kind, url) in app.settings.webhooks.urls() {
        let state = deliveries::state(&platform.store, app.id, kind).await?.filter(|state| state.url == url);
        let count = async |state| deliveries::count(&platform.store, app.id, kind, state).await;
        let last = deliveries::last(&platform.store, app.id, 20).await?;
        let last = last.into_iter().find(|delivery| delivery.notice.kind() == kind && delivery.result.is_some());
        let paused = state.as_ref().is_some_and(|state| state.paused_at.is_some());
        all.push(WebhookStatus {
            app: app.id.0,
            webhook: kind,
            url,
            state: if paused { WebhookState::Paused } else { WebhookState::InUse },
            failures: state.map_or(0, |state| state.failures),
            waiting: count(DeliveryState::Waiting).await?,
            held: count(DeliveryState::Held).await?,
            failed: count(DeliveryState::Failed).await?,
            last: last.and_then(|delivery| delivery.result),
        });
    }
    Ok(all)
}
