//! Notices for services, as statements for the transaction that causes them, so that both happen or neither does.

use std::collections::BTreeMap;

use kakaw_core::AppId;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::link::Link;
use kakaw_core::random;
use kakaw_core::webhook::{self, Event, Notice};
use kakaw_store::{Error, Statement, apps, deliveries, links};
use kakaw_wire::event::{EventType, UnlinkReason};

use crate::Platform;

/// Returns the notices of these events for the app.
pub fn notify(platform: &Platform, app: &App, link: &Link, events: &[Event]) -> Vec<Statement> {
    let notified = events.iter().filter(|event| webhook::is_notified(app, link, event.kind));
    notified
        .map(|event| {
            let id: String = random::token(&*platform.random).chars().take(22).collect();
            enqueue(
                platform,
                app.id,
                &webhook::notice(event, app, link, &platform.surroundings.issuer(), &id, platform.now()),
            )
        })
        .collect()
}

/// Returns the notices of an unlink: events, and the unlink webhook unless the service unlinked the person itself.
pub fn unlinked(platform: &Platform, app: &App, link: &Link, reason: UnlinkReason) -> Vec<Statement> {
    let mut changes = notify(platform, app, link, &[Event::unlinked(reason), Event::new(EventType::TokensRevoked)]);
    if reason.triggers_unlink_webhook() && app.settings.webhooks.unlink.is_some() {
        let notice = Notice::Unlink { user_id: link.user_id, referrer_type: reason };
        changes.push(enqueue(platform, app.id, &notice));
    }
    changes
}

/// Returns the notices of an account's change, for every app that it is linked with. `changing` are the apps that the
/// same commit changes, in their new state.
///
/// # Errors
/// The database failed.
pub(crate) async fn account_changed(
    platform: &Platform,
    changing: &BTreeMap<AppId, App>,
    before: &Account,
    after: &Account,
) -> Result<Vec<Statement>, Error> {
    let events = webhook::account_events(before, after);
    let mut changes = Vec::new();
    if events.is_empty() {
        return Ok(changes);
    }
    for link in links::of_account(&platform.store, after.id).await?.into_iter().filter(|link| link.connected) {
        let app = match changing.get(&link.app_id) {
            Some(app) => Some(app.clone()),
            None => apps::by_id(&platform.store, link.app_id).await?,
        };
        if let Some(app) = app {
            changes.extend(notify(platform, &app, &link, &events));
        }
    }
    Ok(changes)
}

fn enqueue(platform: &Platform, app_id: AppId, notice: &Notice) -> Statement {
    platform.wake_deliveries.notify_one();
    deliveries::insert(random::ordered_id(&*platform.random, platform.now()), app_id, notice, platform.now())
}
