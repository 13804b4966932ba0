//! The description of a change, sufficient for an audit log.

use kakaw_core::account::Attributes;
use kakaw_core::account::shipping::Address;
use kakaw_core::app::webhooks::WebhookKind;
use kakaw_core::crypto::secret;
use kakaw_core::link::Link;
use kakaw_core::{AccountId, Millis};
use kakaw_store::{accounts, app_keys};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Actor;
use crate::Platform;

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Milliseconds since 1970.
    pub at: Millis,
    pub by: Actor,
    pub what: What,
    /// The part of the old state that differs. Absent if there was none. Secrets are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The part of the new state that differs. Absent if it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The person that it is about, for the audit trail.
    #[serde(skip)]
    pub(super) account: Option<AccountId>,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// An app's settings and keys.
    App { app: i64 },
    /// An account, by a log-in id.
    Account { login: String },
    /// A person's link with an app.
    Link { app: i64, user_id: i64 },
    /// A shipping address.
    Address { id: i64 },
    /// A webhook.
    Webhook { app: i64, webhook: WebhookKind },
    /// A notice to an app.
    Delivery { app: i64, id: String },
    /// A key that signs ID tokens.
    SigningKey { kid: String },
    /// A key that seals, by its number.
    SealingKey { id: u8 },
}

impl Change {
    pub(super) fn new(
        platform: &Platform,
        actor: &Actor,
        what: What,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Self {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => {
                let (before, after) = differences(before, after);
                (Some(before), Some(after))
            }
            other => other,
        };
        Self { at: platform.now(), by: *actor, what, before, after, account: None }
    }

    /// Says which person the change is about.
    pub(super) const fn of(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// Whether nothing has changed.
    #[must_use]
    pub(crate) fn is_nothing(&self) -> bool {
        self.before == self.after
    }
}

/// Returns the members in which two values differ.
fn differences(before: Value, after: Value) -> (Value, Value) {
    let (Value::Object(before), Value::Object(mut after)) = (before.clone(), after.clone()) else {
        return (before, after);
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for (name, was) in before {
        match after.remove(&name) {
            Some(is) if is == was => {}
            Some(is) => {
                let (was, is) = differences(was, is);
                old.insert(name.clone(), was);
                new.insert(name, is);
            }
            None => drop(old.insert(name, was)),
        }
    }
    new.extend(after);
    (Value::Object(old), Value::Object(new))
}

/// Returns a key without its secrets. A client secret is replaced by the first characters of its keyed hash, which only
/// show whether it differs.
pub(super) fn key_view(stored: &app_keys::Stored) -> Value {
    let key = &stored.key;
    json!({
        "kind": key.kind.id(),
        "position": stored.position,
        "deleted": key.deleted,
        "settings": key.settings,
        "client_secret": key.secret_hash.as_deref().map(mark),
    })
}

pub(super) fn account_view(stored: &accounts::Stored) -> Value {
    let account = &stored.account;
    // Whether the linking information changed is shown, and not what it is.
    let ci = account.attributes.ci.as_deref().map(|ci| mark(&secret::hash(ci)));
    let attributes = Attributes { ci, ..account.attributes.clone() };
    json!({
        "restricted": account.restricted,
        "agreed_to_terms": account.agreed_to_terms,
        "attributes": attributes,
        "has_password": stored.password_hash.is_some() || stored.sealed_password.is_some(),
        "epoch": account.epoch,
    })
}

pub(super) fn link_view(link: &Link) -> Value {
    json!({
        "user_id": link.user_id,
        "connected": link.connected,
        "connected_at": link.connected_at,
        "consents": link.consents,
        "signup_due": link.signup_due,
        "synched_at": link.synched_at,
        "terms": link.terms,
        "properties": link.properties,
        "channels": link.channels,
    })
}

pub(super) fn address_view(address: &Address) -> Value {
    json!({ "is_default": address.is_default, "updated_at": address.updated_at, "fields": address.fields })
}

fn mark(hash: &str) -> String {
    format!("…{}", hash.chars().take(6).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let before = json!({ "a": 1, "b": { "c": [1], "d": 2 }, "gone": true });
        let after = json!({ "a": 1, "b": { "c": [1, 2], "d": 2 }, "new": null });
        let (old, new) = differences(before.clone(), after);
        assert_eq!(old, json!({ "b": { "c": [1] }, "gone": true }));
        assert_eq!(new, json!({ "b": { "c": [1, 2] }, "new": null }));
        assert_eq!(differences(before.clone(), before), (json!({}), json!({})));
    }
}
