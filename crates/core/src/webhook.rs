//! What services are told without asking: unlink notices and account-status events.

use crate::UserId;
use kakaw_wire::event::{Category, EventDetails, EventSubject, EventType, SecurityEventToken, UnlinkReason};
use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::account::Account;
use crate::app::webhooks::{ACCOUNT_STATUS, UNLINK};
use crate::app::{App, Permission};
use crate::link::Link;

/// Something that happened to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: EventType,
    pub reason: Option<&'static str>,
    pub scopes: Vec<Item>,
}

impl Event {
    /// An event without details.
    #[must_use]
    pub const fn new(kind: EventType) -> Self {
        Self { kind, reason: None, scopes: Vec::new() }
    }

    /// Somebody was unlinked.
    #[must_use]
    pub const fn unlinked(reason: UnlinkReason) -> Self {
        Self { kind: EventType::UserUnlinked, reason: Some(reason.id()), scopes: Vec::new() }
    }

    /// Consent was given or taken back.
    #[must_use]
    pub const fn scopes(kind: EventType, scopes: Vec<Item>) -> Self {
        Self { kind, reason: None, scopes }
    }
}

/// What is kept until it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// For the unlink webhook.
    Unlink { user_id: UserId, referrer_type: UnlinkReason },
    /// For the account-status webhook; `aud` is filled in at delivery.
    AccountStatus { token: Box<SecurityEventToken> },
}

impl Notice {
    /// Its kind in the database.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unlink { .. } => UNLINK,
            Self::AccountStatus { .. } => ACCOUNT_STATUS,
        }
    }
}

/// Whether the app is told of the event: it subscribed, and for RISC and CAEP it has the permission and the person's
/// consent. `link` is the link as it was when the person could still agree: before an unlink.
#[must_use]
pub fn is_told(app: &App, link: &Link, kind: EventType) -> bool {
    let Some(webhook) = &app.settings.webhooks.account_status else { return false };
    let sensitive = matches!(kind.category(), Category::Risc | Category::Caep);
    let allowed = || {
        app.settings.permissions.contains(&Permission::OidcSseSupported)
            && app.settings.item(Item::AccountStatus).is_some()
            && link.consents.contains_key(&Item::AccountStatus)
    };
    webhook.events.contains(&kind) && (!sensitive || allowed())
}

/// The notice of an event. `id` makes `jti` and is the same at every try.
#[must_use]
pub fn notice(event: &Event, app: &App, link: &Link, issuer: &str, id: &str, now: Millis) -> Notice {
    let sub = link.user_id.to_string();
    let scopes: Vec<String> = event.scopes.iter().map(|item| item.id().to_owned()).collect();
    let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
    let subject = EventSubject { subject_type: "iss-sub".to_owned(), iss: issuer.to_owned(), sub: sub.clone() };
    let details = EventDetails { subject, reason: event.reason.map(str::to_owned), scope: scopes.clone(), scopes };
    Notice::AccountStatus {
        token: Box::new(SecurityEventToken {
            iss: issuer.to_owned(),
            aud: String::new(),
            sub,
            app_id: app.id.to_string(),
            iat: now.seconds(),
            toe: now.seconds(),
            txn: format!("txn-{id}"),
            txm: format!("txn-{id}"),
            jti: id.to_owned(),
            events: [(event.kind.uri(), details)].into(),
        }),
    }
}

/// What a change of an account is to the apps that it is linked with.
#[must_use]
pub fn account_events(before: &Account, after: &Account) -> Vec<Event> {
    let (old, new) = (&before.attributes, &after.attributes);
    let mut events = Vec::new();
    let mut add = |happened: bool, kind: EventType| {
        if happened {
            events.push(Event::new(kind));
        }
    };
    add(!before.restricted && after.restricted, EventType::AccountDisabled);
    add(before.restricted && !after.restricted, EventType::AccountEnabled);
    // Another epoch is another password: sessions and tokens of before are dead.
    let password = before.epoch != after.epoch;
    add(password, EventType::CredentialChange);
    add(password, EventType::SessionsRevoked);
    add(password, EventType::TokensRevoked);
    add(old.email.is_some() && old.email != new.email, EventType::IdentifierChanged);
    add(old.email == new.email && old.email_valid && !new.email_valid, EventType::IdentifierRecycled);
    let profile = (&old.nickname, &old.profile_image) != (&new.nickname, &new.profile_image);
    add(profile, EventType::UserProfileChanged);
    events
}

/// Seconds after which a delivery is tried again, by the number of tries so far; nothing = given up.
#[must_use]
pub fn retry_after(attempts: i64) -> Option<i64> {
    const AFTER: [i64; 7] = [10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600];
    AFTER.get(usize::try_from(attempts.max(1) - 1).ok()?).copied()
}

/// Failures in a row after which a webhook is paused.
pub const PAUSED_AFTER: i64 = 20;
