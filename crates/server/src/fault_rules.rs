//! Faults that a stand-in injects on demand: which exchange is meant, and how its answer is spoilt.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A rule. What is absent fits all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultRule {
    /// Given when the rule is added.
    pub id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The beginning of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `client_id` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// Only the nth exchange that fits, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// At most so many exchanges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// 0 to 1; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How the answer is spoilt.
    pub fault: Fault,
    /// Exchanges that fitted so far.
    #[serde(skip_deserializing)]
    pub fitted: u64,
    /// Exchanges that were spoilt so far.
    #[serde(skip_deserializing)]
    pub applied: u64,
}

/// How an answer is spoilt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Answer this code of the catalogue instead, in the shape of the path's surface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds of real time before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Up to so many milliseconds more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_ms: Option<u64>,
    /// Break the connection: before anything happens, or after it happened and the answer is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// Break the connection after so many bytes of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<usize>,
    /// Another content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// A page of a broken gateway with this status, 500 to 599.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What is wrong with the ID token of `/oauth/token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<IdToken>,
    /// What is wrong with the key set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Keys>,
}

/// When the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    Before,
    After,
}

/// What is wrong with an ID token; all but the last are signed rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdToken {
    Expired,
    OtherAudience,
    OtherNonce,
    OtherIssuer,
    BadSignature,
}

/// What is wrong with a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// No key at all.
    Empty,
    /// Without the key that signs now: what a cache holds after a rotation.
    Stale,
}

/// The rules of a world, in the order in which they were added.
#[derive(Default)]
pub struct FaultRules(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    next: u64,
    rules: Vec<FaultRule>,
}

impl FaultRules {
    /// Adds a rule; returns its id.
    pub fn add(&self, mut rule: FaultRule) -> u64 {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.next += 1;
        rule.id = rules.next;
        rules.rules.push(rule);
        rules.next
    }

    /// Every rule, with how often it fitted and was applied.
    #[must_use]
    pub fn list(&self) -> Vec<FaultRule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }

    /// Removes a rule, or all of them.
    pub fn remove(&self, id: Option<u64>) {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.rules.retain(|rule| id.is_some_and(|id| rule.id != id));
    }

    /// Whether there is none: then nothing need be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.is_empty()
    }

    /// The fault of this exchange, by the first rule that fits; `chance` is a number from 0 to 1.
    #[must_use]
    pub fn choose(&self, method: &str, path: &str, app_key: Option<&str>, chance: f64) -> Option<(u64, Fault)> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in &mut rules.rules {
            let fits = rule.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_ref().is_none_or(|wanted| path.starts_with(wanted.as_str()))
                && rule.app_key.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == app_key);
            if !fits {
                continue;
            }
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
        let choose = |path, chance| rules.choose("GET", path, None, chance).map(|(id, _)| id);
        assert_eq!(choose("/v2/user/me", 0.9), None, "the first of /v2, and no luck");
        assert_eq!(choose("/v2/user/me", 0.9), Some(1));
        assert_eq!((choose("/v1", 0.1), choose("/v1", 0.1)), (Some(2), None));
        rules.remove(Some(1));
        assert_eq!(rules.list().len(), 1);
        rules.remove(None);
        assert!(rules.is_empty());
    }
}
