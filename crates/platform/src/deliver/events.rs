//! What services must be told, as statements for the transaction that causes it: told exactly if it happened.

use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::link::Link;
use kakaw_core::random;
use kakaw_core::webhook::{self, Event, Notice};
use kakaw_store::{Error, Statement, apps, deliveries, links};
use kakaw_wire::event::{EventType, UnlinkReason};

use crate::platform::World;

/// The notices that these events mean for the app.
pub fn told(world: &World, app: &App, link: &Link, events: &[Event]) -> Vec<Statement> {
    let told = events.iter().filter(|event| webhook::is_told(app, link, event.kind));
    told.map(|event| {
        let id: String = random::token(&*world.random).chars().take(22).collect();
        enqueue(world, app.id, &webhook::notice(event, app, link, &world.issuer(), &id, world.now()))
    })
    .collect()
}

/// The notices of an unlink: the unlink webhook, unless the service did it itself, and events.
pub fn unlinked(world: &World, app: &App, link: &Link, reason: UnlinkReason) -> Vec<Statement> {
    let mut changes = told(world, app, link, &[Event::unlinked(reason), Event::new(EventType::TokensRevoked)]);
    if reason.is_told_by_unlink_webhook() && app.settings.webhooks.unlink.is_some() {
        let notice = Notice::Unlink { user_id: link.user_id, referrer_type: reason };
        changes.push(enqueue(world, app.id, &notice));
    }
    changes
}

/// The notices that a change of an account means for every app that it is linked with.
///
/// # Errors
/// The database failed.
pub async fn account_changed(world: &World, before: &Account, after: &Account) -> Result<Vec<Statement>, Error> {
    let events = webhook::account_events(before, after);
    let mut changes = Vec::new();
    if events.is_empty() {
        return Ok(changes);
    }
    for link in links::of_account(&world.store, after.id).await?.into_iter().filter(|link| link.connected) {
        if let Some(app) = apps::by_id(&world.store, link.app_id).await? {
            changes.extend(told(world, &app, &link, &events));
        }
    }
    Ok(changes)
}

fn enqueue(world: &World, app_id: i64, notice: &Notice) -> Statement {
    world.wake_deliveries.notify_one();
    deliveries::insert(random::ordered_id(&*world.random, world.now()), app_id, notice, world.now())
}
