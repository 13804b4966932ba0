//! Ending links from outside a service: by the person, by an operator, by time, with the account.

use kakaw_core::UserId;
use kakaw_core::app::App;
use kakaw_core::link::Link;
use kakaw_store::{Error, Outcome, Statement, accounts, apps, links, shipping_addresses};
use kakaw_wire::event::{EventType, UnlinkReason};

use crate::Platform;
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;

/// How many overdue sign-ups are ended in one go.
const BATCH: i64 = 100;

/// Ends the link of a user id. Returns whether there was one.
///
/// # Errors
/// The database failed.
pub async fn by_user_id(platform: &Platform, app: &App, user_id: UserId, reason: UnlinkReason) -> Result<bool, Error> {
    decide_and_commit(&platform.store, |_| async {
        let link = links::by_user_id(&platform.store, app.id, user_id).await?;
        let Some(link) = link.filter(|link| link.connected) else { return Ok(Attempt::Done(false)) };
        Ok(Attempt::Commit { changes: end(platform, app, &link, reason), then: true })
    })
    .await
}

/// What ends a link.
fn end(platform: &Platform, app: &App, link: &Link, reason: UnlinkReason) -> Vec<Statement> {
    let mut changes = vec![links::unlink(link)];
    changes.extend(events::unlinked(platform, app, link, reason));
    changes
}

/// Unlinks whoever did not sign up in time. Returns whether there may be more.
///
/// # Errors
/// The database failed.
pub async fn overdue(platform: &Platform) -> Result<bool, Error> {
    let due = links::signup_overdue(&platform.store, platform.now(), BATCH).await?;
    for link in &due {
        if let Some(app) = apps::by_id(&platform.store, link.app_id).await? {
            let changes = end(platform, &app, link, UnlinkReason::IncompleteSignUp);
            // Who was faster has signed up or unlinked.
            let (Outcome::Committed | Outcome::Conflict(_)) = platform.store.commit(changes).await?;
        }
    }
    Ok(due.len() as i64 == BATCH)
}

/// Deletes an account with everything of it; services are told. Returns whether there was one.
///
/// # Errors
/// The database failed.
pub async fn delete_account(platform: &Platform, login: &str, reason: UnlinkReason) -> Result<bool, Error> {
    decide_and_commit(&platform.store, |_| async {
        let Some(stored) = accounts::by_login(&platform.store, login).await? else { return Ok(Attempt::Done(false)) };
        let id = stored.account.id;
        let mut changes = Vec::new();
        for link in links::of_account(&platform.store, id).await?.into_iter().filter(|link| link.connected) {
            changes.push(links::unlink(&link));
            if let Some(app) = apps::by_id(&platform.store, link.app_id).await? {
                changes.extend(events::unlinked(platform, &app, &link, reason));
                let purged = kakaw_core::webhook::Event::new(EventType::AccountPurged);
                changes.extend(events::told(platform, &app, &link, &[purged]));
            }
        }
        changes.push(accounts::clear_logins(id));
        changes.push(shipping_addresses::delete_all(id));
        changes.push(accounts::delete(&stored.account));
        Ok(Attempt::Commit { changes, then: true })
    })
    .await
}
