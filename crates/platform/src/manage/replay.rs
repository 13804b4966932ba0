//! Use case: ends again what people had ended after a backup was made.

use kakaw_core::link::Link;
use kakaw_store::accounts::{self, Place};
use kakaw_store::{Outcome, links, shipping_addresses};
use serde_json::json;

use super::{Actor, PAGE, Refused};
use crate::Platform;
use crate::audit::{self, Entry, Event};
use crate::tombstones::{Ended, Tombstone};

/// What was ended again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    pub unlinked: usize,
    pub erased: usize,
}

/// Unlinks and erases again, as the tombstones say. What a person did after the tombstone stays: a link that began
/// later is another one. Nobody is notified: the apps were notified the first time.
///
/// # Errors
/// The database failed.
pub async fn replay(platform: &Platform, actor: &Actor, ended: &Ended) -> Result<Replayed, Refused> {
    let (mut done, mut after) = (Replayed::default(), Place::START);
    loop {
        let page = accounts::page(&platform.store, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        let of_page = links::of_page(&platform.store, after, PAGE).await?;
        after = last.place;
        for listed in &page {
            let account = &listed.stored.account;
            let links = of_page.iter().filter(|link| link.account_id == account.id);
            if ended.has(platform, Tombstone::Erased(account.id), listed.place.created_at) {
                let mut changes: Vec<_> = links.filter(|link| link.connected).map(links::unlink).collect();
                changes.extend([accounts::clear_logins(account.id), shipping_addresses::delete_all(account.id)]);
                changes.push(accounts::delete(account));
                changes.extend(audit::erase(account.id));
                let entry = Entry::new(Event::AccountDeleted, actor.name()).detail(json!({ "reason": "tombstone" }));
                changes.extend(entry.statement(platform));
                commit(platform, changes).await?;
                done.erased += 1;
                continue;
            }
            let over = |link: &&Link| link.connected && ended.has(platform, Tombstone::of(link), link.connected_at);
            for link in links.filter(over) {
                let mut changes = vec![links::unlink(link)];
                let why = json!({ "reason": "tombstone" });
                changes.extend(audit::by_call(platform, Event::Unlink, actor.name(), link, why).await?);
                commit(platform, changes).await?;
                done.unlinked += 1;
            }
        }
    }
}

async fn commit(platform: &Platform, changes: Vec<kakaw_store::Statement>) -> Result<(), Refused> {
    match platform.store.commit(changes).await? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict { .. } => Err(Refused::Contention),
    }
}
