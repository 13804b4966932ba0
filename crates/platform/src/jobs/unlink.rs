//! Ending links from outside a service: by the person, by an operator, by time, with the account.

use kakaw_core::UserId;
use kakaw_core::app::App;
use kakaw_core::link::Link;
use kakaw_store::{Error, Outcome, accounts, apps, links, shipping_addresses};
use kakaw_wire::event::{EventType, UnlinkReason};

use crate::Platform;
use crate::deliver::events;

/// How many overdue sign-ups are ended in one go.
const BATCH: i64 = 100;

/// Ends the link of a user id. Returns whether there was one.
///
/// # Errors
/// The database failed.
pub async fn by_user_id(platform: &Platform, app: &App, user_id: UserId, reason: UnlinkReason) -> Result<bool, Error> {
    for _ in 0..4 {
        let link = links::by_user_id(&platform.store, app.id, user_id).await?;
        let Some(link) = link.filter(|link| link.connected) else { return Ok(false) };
        if end(platform, app, &link, reason).await? {
            return Ok(true);
        }
    }
    Err(Error::Unusable("the link was changed again and again".to_owned()))
}

async fn end(platform: &Platform, app: &App, link: &Link, reason: UnlinkReason) -> Result<bool, Error> {
    let mut changes = vec![links::unlink(link)];
    changes.extend(events::unlinked(platform, app, link, reason));
    Ok(platform.store.commit(changes).await? == Outcome::Committed)
}

/// Unlinks whoever did not sign up in time. Returns whether there may be more.
///
/// # Errors
/// The database failed.
pub async fn overdue(platform: &Platform) -> Result<bool, Error> {
    let due = links::signup_overdue(&platform.store, platform.now(), BATCH).await?;
    for link in &due {
        if let Some(app) = apps::by_id(&platform.store, link.app_id).await? {
            // Who was faster has signed up or unlinked.
            end(platform, &app, link, UnlinkReason::IncompleteSignUp).await?;
        }
    }
    Ok(due.len() as i64 == BATCH)
}

/// Deletes an account with everything of it; services are told. Returns whether there was one.
///
/// # Errors
/// The database failed.
pub async fn delete_account(platform: &Platform, login: &str, reason: UnlinkReason) -> Result<bool, Error> {
    for _ in 0..4 {
        let Some(stored) = accounts::by_login(&platform.store, login).await? else { return Ok(false) };
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
        if platform.store.commit(changes).await? == Outcome::Committed {
            return Ok(true);
        }
    }
    Err(Error::Unusable("the account was changed again and again".to_owned()))
}
