//! The link between an account and an app: the person's user id there, and what they agreed to.

pub mod consent;
pub mod properties;
pub mod rules;
pub mod scopes;
pub mod service_terms;

use crate::{AccountId, AppId, UserId};
use std::collections::{BTreeMap, BTreeSet};

use kakaw_wire::scope::Item;

use crate::Millis;
use crate::app::App;
use crate::link::service_terms::Agreement;

/// A link. An unlink keeps it, so that the user id never changes and never goes to another person (F18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub app_id: AppId,
    pub account_id: AccountId,
    /// The person's id in this app, in [2^32, 2^53).
    pub user_id: UserId,
    /// Increases with every change.
    pub version: i64,
    /// Increases with an unlink, which invalidates earlier codes and grants.
    pub epoch: i64,
    /// Whether the person is linked now.
    pub connected: bool,
    pub connected_at: Millis,
    /// What the person agreed to, and when.
    pub consents: BTreeMap<Item, Millis>,
    /// When an unfinished sign-up is unlinked. `None`: the person is registered.
    pub signup_due: Option<Millis>,
    /// When the person used simple sign-up, if they did.
    pub synched_at: Option<Millis>,
    /// Agreements to service terms, by tag.
    pub terms: BTreeMap<String, Agreement>,
    /// User properties that the app stored.
    pub properties: BTreeMap<String, String>,
    /// Talk Channels that the person added on a consent screen.
    pub channels: BTreeSet<String>,
}

impl Link {
    /// Returns the items that the person agreed to and the app still uses.
    #[must_use]
    pub fn agreed(&self, app: &App) -> Vec<Item> {
        self.consents.keys().copied().filter(|item| app.settings.item(*item).is_some()).collect()
    }

    /// Makes a new link without consent.
    #[must_use]
    pub fn new(app_id: AppId, account_id: AccountId, user_id: UserId, now: Millis) -> Self {
        Self {
            app_id,
            account_id,
            user_id,
            version: 1,
            epoch: 0,
            connected: true,
            connected_at: now,
            consents: BTreeMap::new(),
            signup_due: None,
            synched_at: None,
            terms: BTreeMap::new(),
            properties: BTreeMap::new(),
            channels: BTreeSet::new(),
        }
    }

    /// Whether the person finished signing up. If not, they wait for `/v1/user/signup`.
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        self.signup_due.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Consent;
    use crate::samples;

    #[test]
    fn what_was_agreed_to_counts_while_the_app_uses_it() {
        let mut app = samples::app(&[(Item::Name, Consent::Required), (Item::Gender, Consent::Optional)]);
        let link = samples::link(&[Item::Name, Item::Gender, Item::Birthyear]);
        assert_eq!(link.agreed(&app), [Item::Name, Item::Gender], "birthyear is not set");
        app.settings.consent_items.entry(Item::Name).and_modify(|item| item.permission = false);
        assert_eq!(link.agreed(&app), [Item::Gender], "nor is what is not permitted");
    }

    #[test]
    fn a_new_link_is_registered_and_agrees_to_nothing() {
        let link = samples::link(&[]);
        assert!(link.connected && link.is_registered() && link.consents.is_empty());
        assert!(!Link { signup_due: Some(samples::NOW), ..link }.is_registered());
    }
}
