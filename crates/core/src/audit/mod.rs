//! The audit trail: what was done, who did it, and which person it is about.
//!
//! A row is written in the commit that it records. Later a job puts the rows of a node into batches, and each batch into
//! a chain (`chain.rs`). A row names a person by a key that only that person has (`person.rs`): once the key is
//! destroyed, nobody can tell whose row it is, and the chain is still whole.

pub mod chain;
pub mod person;

use serde_json::Value;

use crate::{AppId, Millis};

macro_rules! events {
    ($($variant:ident $name:literal $about:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Event {
            $(#[doc = $about] $variant,)*
        }

        impl Event {
            /// Every event.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in rows.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its meaning, as a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

events! {
    Login "login" "A person logged in.";
    LoginFailed "login_failed" "Somebody sent a wrong password for an account. One row for each account and minute; `times` counts.";
    LogoutEverywhere "logout_everywhere" "All logins of a person ended, in one app or in all.";
    SignUp "sign_up" "A person created an account.";
    TermsAgreed "terms_agreed" "A person agreed to the terms of the account service.";
    Consent "consent" "A person agreed to consent items or service terms of an app.";
    ConsentWithdrawn "consent_withdrawn" "A person or an app withdrew consent.";
    Link "link" "A person was linked to an app.";
    Unlink "unlink" "A person was unlinked from an app.";
    AppCreated "app_created" "An app was created.";
    AppChanged "app_changed" "Settings or keys of an app were changed.";
    AppDeleted "app_deleted" "An app was deleted.";
    AccountCreated "account_created" "An operator created an account.";
    AccountChanged "account_changed" "An operator changed an account.";
    AccountDeleted "account_deleted" "An operator deleted an account.";
    LinkCreated "link_created" "An operator created a link.";
    LinkChanged "link_changed" "An operator changed a link.";
    LinkDeleted "link_deleted" "An operator ended a link.";
    AddressCreated "address_created" "An operator created a shipping address.";
    AddressChanged "address_changed" "An operator changed a shipping address.";
    AddressDeleted "address_deleted" "An operator deleted a shipping address.";
    WebhookChanged "webhook_changed" "An operator resumed a webhook.";
    DeliveryCreated "delivery_created" "An operator sent a webhook notice.";
    SigningKeyCreated "signing_key_created" "A key that signs ID tokens was created.";
    SigningKeyRetired "signing_key_retired" "A key signs no more; the next one signs.";
    SigningKeyDeleted "signing_key_deleted" "A key that signed no more was deleted.";
    SealingKeyCreated "sealing_key_created" "A key that seals tokens and secrets was created.";
    SealingKeyDeleted "sealing_key_deleted" "A key that sealed tokens and secrets was deleted; what it had sealed was sealed again.";
    SessionsEnded "sessions_ended" "An operator ended all logins of a person, of an app or of everybody.";
    Export "export" "An operator exported apps and people.";
    AuditRead "audit_read" "An operator read this trail.";
    Backup "backup" "An operator made a backup.";
    Restore "restore" "An operator restored a backup.";
}

impl Event {
    /// Returns the event with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name() == name)
    }
}

/// A row of the trail, before it is in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Increases with time.
    pub id: i64,
    pub at: Millis,
    /// The machine.
    pub node: String,
    /// The name of an [`Event`].
    pub event: String,
    /// Who did it: the person, an app, or an operator's interface.
    pub actor: String,
    /// The person's name in this trail.
    pub person: Option<String>,
    pub app: Option<AppId>,
    /// How often it happened.
    pub times: i64,
    /// JSON without personal data.
    pub detail: String,
    /// JSON with personal data, sealed under the person's own key.
    pub sealed: Option<String>,
}

impl Row {
    /// Returns the details. `{}` if they are no JSON.
    #[must_use]
    pub fn details(&self) -> Value {
        serde_json::from_str(&self.detail).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_found_by_its_name_and_described_in_a_sentence() {
        for event in Event::ALL {
            assert_eq!(Event::from_name(event.name()), Some(*event));
            assert!(event.about().ends_with('.') && event.name().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        }
        assert_eq!(Event::from_name("Login"), None);
    }

    #[test]
    fn details_that_are_no_json_are_empty() {
        let row = Row {
            id: 1,
            at: Millis(1),
            node: String::new(),
            event: String::new(),
            actor: String::new(),
            person: None,
            app: None,
            times: 1,
            detail: "{\"a\":1}".to_owned(),
            sealed: None,
        };
        assert_eq!(row.details(), serde_json::json!({ "a": 1 }));
        assert_eq!(Row { detail: "x".to_owned(), ..row }.details(), serde_json::json!({}));
    }
}
