//! Fault rules: which requests they match, and how these fail.

pub mod causes;
mod error;

use kakaw_core::app::webhooks::WebhookKind;
use kakaw_core::{AccountId, AppId, Span};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::durations::{milliseconds, seconds, whole_seconds};
pub use error::{InjectedError, messages, snake};

/// A rule. Absent fields match everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FaultRule {
    /// Assigned when the rule is added.
    #[schemars(skip)]
    pub id: u64,
    /// Method: `GET`, `POST` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Prefix of the path; a missing `/` at its start is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// App key of the request or of its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// Id of the app that the key, the token or the admin key belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub app: Option<AppId>,
    /// Login id of the person that the request's token, code, login or session belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Values of parameters in the query or the form: `parameters.grant_type=refresh_token`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Matches deliveries of this webhook instead of requests: `unlink` or `account_status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookKind>,
    /// The account of `person`, found when the rule is added.
    #[serde(skip)]
    #[schemars(with = "Option<i64>")]
    pub account: Option<AccountId>,
    /// Only the nth match, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Apply the fault at most this many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Probability that the fault is applied, 0 to 1; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The fault.
    pub fault: Fault,
    /// Number of matches so far.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub fitted: u64,
    /// How often it was applied so far.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub applied: u64,
}

/// How an exchange fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Reply with this error, in the same form as the real error: JSON, a page, or a redirect. A code (`KOE320`,
    /// `-401`, `KAE203`), an `error` of OAuth 2.0 (`invalid_scope`), or the name of one of the messages of a code
    /// (`access_token_expired`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub error: Option<InjectedError>,
    /// Values in the error's message, in place of the request's own: `fault.evidence.reason=…`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, String>,
    /// Delay of the reply: milliseconds of real time, or `2s`.
    #[serde(rename = "latency_ms", with = "milliseconds", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub latency: Option<Duration>,
    /// Random extra delay, up to this many milliseconds, or `2s`.
    #[serde(rename = "spread_ms", with = "milliseconds", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub spread: Option<Duration>,
    /// Drop the connection before the request is processed, or after it: then the reply is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// Drop the connection after this many bytes of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<usize>,
    /// Send the body byte by byte, with this pause: milliseconds of real time. A long body comes in 1000 pieces.
    #[serde(rename = "trickle_ms", with = "milliseconds", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub trickle: Option<Duration>,
    /// Send this content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Reply with this status: 200 to 599 with `body`, else a gateway's error page with 429 or 500 to 599.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Reply with this body; `status` defaults to 200. JSON gets the content type of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Add the header `Retry-After` with this many seconds.
    #[serde(with = "whole_seconds", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub retry_after: Option<Duration>,
    /// The fault in the ID token of `/oauth/token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<IdToken>,
    /// The fault in the key set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Keys>,
    /// The fault in a webhook's delivery: `{"late": "90s"}`, or a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

impl Fault {
    /// Whether it changes an answer.
    #[must_use]
    pub fn changes_an_answer(&self) -> bool {
        Self { delivery: None, ..self.clone() } != Self::default()
    }
}

/// What is wrong with the delivery of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// This many seconds of world time late.
    Late(
        #[serde(with = "seconds")]
        #[schemars(with = "i64")]
        Span,
    ),
    /// Twice, as after a crash between sending and writing down; a token keeps its `jti`.
    Twice,
    /// After the one that follows; an hour later if none follows.
    OutOfOrder,
    /// With a signature that does not verify, or another admin key.
    BadSignature,
}

/// When the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    Before,
    After,
}

/// What is wrong with an ID token; all but the last are signed rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdToken {
    Expired,
    OtherAudience,
    OtherNonce,
    OtherIssuer,
    BadSignature,
}

/// What is wrong with a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// No key at all.
    Empty,
    /// Without the key that signs now: what a cache holds after a rotation.
    Stale,
}

/// The fault rules of a world, in the order in which they were added.
#[derive(Default)]
pub struct FaultRules(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    next: u64,
    rules: Vec<FaultRule>,
    /// Deliveries that wait for the next one.
    overtaken: Vec<Overtaken>,
    /// The faults of deliveries, by the delivery's id, until they are sent.
    kept: HashMap<i64, Delivery>,
}

/// A delivery that is sent after the next one of the same webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Overtaken {
    app_id: AppId,
    kind: WebhookKind,
    id: i64,
}

impl FaultRules {
    /// Adds a rule. Returns its id.
    pub fn add(&self, mut rule: FaultRule) -> u64 {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.next += 1;
        rule.id = rules.next;
        rules.rules.push(rule);
        rules.next
    }

    /// Returns every rule, with how often it matched and was applied.
    #[must_use]
    pub fn list(&self) -> Vec<FaultRule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }

    /// Removes a rule, or all of them.
    pub fn remove(&self, id: Option<u64>) {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.rules.retain(|rule| id.is_some_and(|id| rule.id != id));
    }

    /// Whether there are no rules, so that nothing must be compared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.is_empty()
    }

    /// Returns the fault of this exchange: that of the first rule that matches.
    #[must_use]
    pub fn choose(&self, sent: &Sent<'_>) -> Option<(u64, Fault)> {
        self.first(sent.chance, |rule| {
            rule.webhook.is_none()
                && rule.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(sent.method))
                && rule.path.as_ref().is_none_or(|wanted| sent.path.starts_with(wanted.as_str()))
                && rule.app_key.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == sent.app_key)
                && rule.app.is_none_or(|app| Some(app) == sent.app)
                && rule.account.is_none_or(|account| Some(account) == sent.person)
                && rule
                    .parameters
                    .iter()
                    .all(|wanted| sent.parameters.contains(&(wanted.0.as_str(), wanted.1.as_str())))
        })
    }

    /// Returns the fault of a delivery of this webhook: that of the first rule that matches.
    #[must_use]
    pub fn choose_delivery(&self, webhook: WebhookKind, chance: f64) -> Option<Delivery> {
        self.first(chance, |rule| rule.webhook == Some(webhook))?.1.delivery
    }

    /// Stores the fault of a delivery until it is sent.
    pub fn keep_for(&self, delivery: i64, fault: Delivery) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.insert(delivery, fault);
    }

    /// Takes the fault of a delivery that is sent now.
    #[must_use]
    pub fn kept_for(&self, delivery: i64) -> Option<Delivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.remove(&delivery)
    }

    /// Records that a delivery waits for the next one.
    pub fn let_overtake(&self, app_id: AppId, kind: WebhookKind, id: i64) {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.overtaken.push(Overtaken { app_id, kind, id });
    }

    /// Returns the deliveries that waited for this one, which has ended.
    #[must_use]
    pub fn overtaken_by(&self, app_id: AppId, kind: WebhookKind, id: i64) -> Vec<i64> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, left) = rules.overtaken.iter().partition(|o| o.app_id == app_id && o.kind == kind);
        rules.overtaken = left;
        let gone: Vec<Overtaken> = gone;
        gone.into_iter().map(|overtaken| overtaken.id).filter(|waiting| *waiting != id).collect()
    }

    fn first(&self, chance: f64, fits: impl Fn(&FaultRule) -> bool) -> Option<(u64, Fault)> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.rules.iter_mut().filter(|rule| fits(rule)) {
            rule.fitted += 1;
            let meant = rule.nth.is_none_or(|nth| nth == rule.fitted)
                && rule.times.is_none_or(|times| rule.applied < times)
                && chance < rule.probability.unwrap_or(1.0);
            if meant {
                rule.applied += 1;
                return Some((rule.id, rule.fault.clone()));
            }
        }
        None
    }
}

/// The values that rules are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub app_key: Option<&'a str>,
    pub app: Option<AppId>,
    /// Parameters of the query and the form.
    pub parameters: &'a [(&'a str, &'a str)],
    /// The account, if a rule needs it.
    pub person: Option<AccountId>,
    /// From 0 to 1.
    pub chance: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_and_choose() {
        let rules = FaultRules::default();
        let fault = Fault { status: Some(502), ..Fault::default() };
        rules.add(FaultRule {
            path: Some("/v2".to_owned()),
            nth: Some(2),
            fault: fault.clone(),
            ..FaultRule::default()
        });
        rules.add(FaultRule { times: Some(1), probability: Some(0.5), fault: fault.clone(), ..FaultRule::default() });
        let choose = |path, chance| {
            let sent = Sent { method: "GET", path, app_key: None, app: None, parameters: &[], person: None, chance };
            rules.choose(&sent).map(|(id, _)| id)
        };
        assert_eq!(choose("/v2/user/me", 0.9), None, "the first of /v2, and no luck");
        assert_eq!(choose("/v2/user/me", 0.9), Some(1));
        assert_eq!((choose("/v1", 0.1), choose("/v1", 0.1)), (Some(2), None));
        rules.remove(Some(1));
        assert_eq!(rules.list().len(), 1);
        rules.remove(None);
        assert!(rules.is_empty());
    }
}
