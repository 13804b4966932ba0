//! Webhooks: unlink notices and account-status events for services.

use crate::{Span, UserId};
use kakaw_wire::event::{Category, EventDetails, EventSubject, EventType, SecurityEventToken, UnlinkReason};
use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::account::Account;
use crate::app::webhooks::WebhookKind;
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
    /// Makes an event without details.
    #[must_use]
    pub const fn new(kind: EventType) -> Self {
        Self { kind, reason: None, scopes: Vec::new() }
    }

    /// Makes an event for an unlink.
    #[must_use]
    pub const fn unlinked(reason: UnlinkReason) -> Self {
        Self { kind: EventType::UserUnlinked, reason: Some(reason.id()), scopes: Vec::new() }
    }

    /// Makes an event for consent that was given or revoked.
    #[must_use]
    pub const fn scopes(kind: EventType, scopes: Vec<Item>) -> Self {
        Self { kind, reason: None, scopes }
    }
}

/// A notice, as it is stored until it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// For the unlink webhook.
    Unlink { user_id: UserId, referrer_type: UnlinkReason },
    /// For the account-status webhook; `aud` is filled in at delivery.
    AccountStatus { token: Box<SecurityEventToken> },
}

impl Notice {
    /// Returns its kind in the database.
    #[must_use]
    pub const fn kind(&self) -> WebhookKind {
        match self {
            Self::Unlink { .. } => WebhookKind::Unlink,
            Self::AccountStatus { .. } => WebhookKind::AccountStatus,
        }
    }
}

/// How far the delivery of a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is due, or will be tried again.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Failed,
    /// It waits until its paused webhook is put back in use.
    Held,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Delivered, Self::Failed, Self::Held];

    /// Its name, as the database has it too.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Held => "held",
        }
    }
}

/// Whether the app is notified of the event: it subscribed, and for RISC and CAEP it has the permission and the
/// person's consent. `link` is the link while the person could still consent: before an unlink.
#[must_use]
pub fn is_notified(app: &App, link: &Link, kind: EventType) -> bool {
    let Some(webhook) = &app.settings.webhooks.account_status else { return false };
    let sensitive = matches!(kind.category(), Category::Risc | Category::Caep);
    let allowed = || {
        app.settings.permissions.contains(&Permission::OidcSseSupported)
            && app.settings.item(Item::AccountStatus).is_some()
            && link.consents.contains_key(&Item::AccountStatus)
    };
    webhook.events.contains(&kind) && (!sensitive || allowed())
}

/// Makes the notice of an event. `id` becomes `jti`, which every attempt repeats.
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
            aud: None,
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

/// Returns the events that a change of an account causes for the apps that it is linked with.
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
    // A new epoch means a new password, which invalidates earlier sessions and tokens.
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

/// Returns the seconds until the next attempt, by the number of attempts so far. `None` means that the delivery is
/// given up.
#[must_use]
pub fn retry_after(attempts: i64) -> Option<Span> {
    const AFTER: [Span; 7] = [
        Span::seconds(10),
        Span::seconds(30),
        Span::minutes(2),
        Span::minutes(10),
        Span::hours(1),
        Span::hours(6),
        Span::hours(24),
    ];
    AFTER.get(usize::try_from(attempts.max(1) - 1).ok()?).copied()
}

/// Number of failures in a row after which a webhook is paused.
pub const PAUSED_AFTER: i64 = 20;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::Attributes;
    use crate::app::Consent;
    use crate::app::webhooks::AccountStatusWebhook;
    use crate::samples::{self, NOW};

    /// An app that subscribed to every event.
    fn app() -> App {
        let mut app = samples::app(&[(Item::AccountStatus, Consent::Optional)]);
        let (url, events) = ("https://a.example/".to_owned(), EventType::ALL.to_vec());
        app.settings.webhooks.account_status = Some(AccountStatusWebhook { url, events });
        app.settings.permissions = vec![Permission::OidcSseSupported];
        app
    }

    #[test]
    fn events_of_the_account_need_permission_and_consent() {
        let (agreed, not_agreed) = (samples::link(&[Item::AccountStatus]), samples::link(&[]));
        let of = |app: &App, link: &Link| {
            EventType::ALL.iter().copied().filter(|kind| is_notified(app, link, *kind)).collect::<Vec<_>>()
        };
        let open: Vec<_> = EventType::ALL
            .iter()
            .copied()
            .filter(|kind| matches!(kind.category(), Category::Oauth | Category::Kakao))
            .collect();
        assert_eq!(of(&app(), &agreed), EventType::ALL);
        assert_eq!(of(&app(), &not_agreed), open);
        let mut without = app();
        without.settings.permissions = vec![Permission::PluginSupported];
        assert_eq!(of(&without, &agreed), open);
        let mut unset = app();
        unset.settings.consent_items.clear();
        assert_eq!(of(&unset, &agreed), open);
        let mut one = app();
        if let Some(webhook) = &mut one.settings.webhooks.account_status {
            webhook.events = vec![EventType::UserLinked];
        }
        assert_eq!(of(&one, &agreed), [EventType::UserLinked]);
        one.settings.webhooks.account_status = None;
        assert_eq!(of(&one, &agreed), []);
    }

    #[test]
    fn a_notice_says_who_what_and_when() {
        let of = |event: &Event| {
            let notice = notice(event, &app(), &samples::link(&[]), "https://us", "id", NOW);
            assert_eq!(notice.kind(), WebhookKind::AccountStatus);
            serde_json::to_value(notice).expect("JSON")["token"].clone()
        };
        let token = of(&Event::unlinked(UnlinkReason::UnlinkFromApps));
        let user = (1i64 << 32).to_string();
        let uri = "https://schemas.openid.net/secevent/oauth/event-type/user-unlinked";
        let subject = json!({ "subject_type": "iss-sub", "iss": "https://us", "sub": user });
        assert_eq!(token["events"], json!({ uri: { "subject": subject, "reason": "UNLINK_FROM_APPS" } }));
        assert_eq!((&token["jti"], &token["txn"], &token["txm"]), (&json!("id"), &json!("txn-id"), &json!("txn-id")));
        assert_eq!((&token["iat"], &token["toe"]), (&json!(NOW.seconds()), &json!(NOW.seconds())));
        assert_eq!((&token["app_id"], &token["sub"], &token["iss"]), (&json!("1"), &json!(user), &json!("https://us")));
        let token = of(&Event::scopes(EventType::UserScopeConsent, vec![Item::Name]));
        let details = token["events"].as_object().expect("events").values().next().expect("one event").clone();
        assert_eq!(
            (&details["scope"], &details["scopes"], details.get("reason")),
            (&json!(["name"]), &json!(["name"]), None)
        );
        let none = of(&Event::new(EventType::UserLinked));
        assert!(!none.to_string().contains("scope") && !none.to_string().contains("reason"), "{none}");
        let unlink = Notice::Unlink { user_id: UserId(1), referrer_type: UnlinkReason::AccountDelete };
        assert_eq!(unlink.kind(), WebhookKind::Unlink);
        assert_eq!(serde_json::to_value(&unlink).expect("JSON")["kind"], Value::from("unlink"));
    }

    #[test]
    fn an_account_change_causes_the_right_events() {
        let mut before = samples::account(Attributes {
            email: Some("a@b.example".to_owned()),
            email_valid: true,
            nickname: Some("N".to_owned()),
            ..Attributes::default()
        });
        type Change = fn(&mut Account);
        let of = |before: &Account, change: Change| {
            let mut after = before.clone();
            change(&mut after);
            account_events(before, &after).iter().map(|event| event.kind).collect::<Vec<_>>()
        };
        let password = [EventType::CredentialChange, EventType::SessionsRevoked, EventType::TokensRevoked];
        let cases: [(Change, &[EventType]); 9] = [
            (|_| {}, &[]),
            (|a| a.restricted = true, &[EventType::AccountDisabled]),
            (|a| a.epoch += 1, &password),
            (|a| a.attributes.email = Some("c@d.example".to_owned()), &[EventType::IdentifierChanged]),
            (|a| a.attributes.email = None, &[EventType::IdentifierChanged]),
            (|a| a.attributes.email_valid = false, &[EventType::IdentifierRecycled]),
            (|a| a.attributes.nickname = None, &[EventType::UserProfileChanged]),
            (|a| a.attributes.profile_image = Some("cat".to_owned()), &[EventType::UserProfileChanged]),
            (|a| a.attributes.name = Some("N".to_owned()), &[]),
        ];
        for (number, (change, events)) in cases.into_iter().enumerate() {
            assert_eq!(of(&before, change), events, "{number}");
        }
        (before.restricted, before.attributes.email_valid) = (true, false);
        assert_eq!(of(&before, |a| a.restricted = false), [EventType::AccountEnabled]);
        assert_eq!(of(&before, |a| a.attributes.email_valid = true), []);
        assert_eq!(
            of(&before, |a| a.attributes.email = Some("c@d.example".to_owned())),
            [EventType::IdentifierChanged],
            "another address that is not valid is not a recycled one"
        );
        before.attributes.email = None;
        assert_eq!(of(&before, |a| a.attributes.email = Some("c@d.example".to_owned())), [], "a first address");
    }

    #[test]
    fn states_are_spelled_alike_in_the_database_and_in_replies() {
        assert_eq!(json!(DeliveryState::ALL), json!(DeliveryState::ALL.map(DeliveryState::id)));
        assert_eq!(json!(DeliveryState::ALL), json!(["waiting", "delivered", "failed", "held"]));
    }

    #[test]
    fn deliveries_are_tried_for_a_day_and_a_half_and_then_given_up() {
        let waits: Vec<_> = (0..=9).map(|attempts| retry_after(attempts).map(Span::as_seconds)).collect();
        let (hour, day) = (3600, 86_400);
        let expected =
            [Some(10), Some(10), Some(30), Some(120), Some(600), Some(hour), Some(6 * hour), Some(day), None, None];
        assert_eq!(waits, expected);
        assert_eq!(retry_after(-1), Some(Span::seconds(10)));
    }
}
