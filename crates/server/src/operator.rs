//! What an operator does besides settings: end links and accounts, look after webhooks. The control API of a stand-in and
//! the command line are two ways to the same functions.

use kakaw_store::{apps, deliveries};
use kakaw_wire::event::UnlinkReason;
use serde::{Deserialize, Serialize};

use crate::world::World;
use crate::{unlink, webhooks};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// App id.
    pub app: i64,
    /// `unlink` or `account_status`.
    pub webhook: String,
}

/// A webhook and how it fares.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub async fn run(&self, world: &World) -> Result<(), Refused> {
        let app = apps::by_id(&world.store, self.app).await?;
        let app = app.ok_or_else(|| Refused::Wrong(format!("there is no app {}", self.app)))?;
        if unlink::by_user_id(world, &app, self.user_id, self.reason).await? {
            return Ok(());
        }
        Err(Refused::Wrong(format!("nobody is linked with app {} under user id {}", self.app, self.user_id)))
    }
}

impl DeleteAccount {
    /// # Errors
    /// The account is not there, or the database failed.
    pub async fn run(&self, world: &World) -> Result<(), Refused> {
        if unlink::delete_account(world, &self.login, self.reason).await? {
            return Ok(());
        }
        Err(Refused::Wrong(format!("nobody logs in with {:?}", self.login)))
    }
}

impl Resume {
    /// # Errors
    /// There is no such webhook, or the database failed.
    pub async fn run(&self, world: &World) -> Result<(), Refused> {
        let known = webhook_states(world).await?;
        if !known.iter().any(|status| status.app == self.app && status.webhook == self.webhook) {
            return Err(Refused::Wrong(format!("app {} has no webhook {:?}", self.app, self.webhook)));
        }
        Ok(webhooks::resume(world, self.app, &self.webhook).await?)
    }
}

/// Every webhook and how it fares.
///
/// # Errors
/// The database failed.
pub async fn webhook_states(world: &World) -> Result<Vec<WebhookStatus>, kakaw_store::Error> {
    let mut all = Vec::new();
    for app in apps::all(&world.store).await? {
        for (kind, url) in app.settings.webhooks.urls() {
            let state = deliveries::state(&world.store, app.id, kind).await?.filter(|state| state.url == url);
            let count = async |state| deliveries::count(&world.store, app.id, kind, state).await;
            let last = deliveries::last(&world.store, app.id, 20).await?;
            let last = last.into_iter().find(|delivery| delivery.notice.kind() == kind && delivery.result.is_some());
            let paused = state.as_ref().is_some_and(|state| state.paused_at.is_some());
            all.push(WebhookStatus {
                app: app.id,
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
