//! The link between an account and an app: the person's user id there, and what they agreed to.

use std::collections::BTreeMap;

use kakaw_wire::scope::Item;

use crate::Millis;
use crate::app::App;

/// A link. It is kept after an unlink, so that the user id never changes and is never given to another (F18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub app_id: i64,
    pub account_id: i64,
    /// Per app, in [2^32, 2^53).
    pub user_id: i64,
    /// Goes up with every change.
    pub version: i64,
    /// Unlink raises it: codes and grants of before die.
    pub epoch: i64,
    /// Whether the person is linked now.
    pub connected: bool,
    pub connected_at: Millis,
    /// What the person agreed to, and when.
    pub consents: BTreeMap<Item, Millis>,
}

impl Link {
    /// What the person agreed to and the app still uses.
    #[must_use]
    pub fn agreed(&self, app: &App) -> Vec<Item> {
        self.consents.keys().copied().filter(|item| app.settings.consent_items.contains_key(item)).collect()
    }
}
