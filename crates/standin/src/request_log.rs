//! The request log of a stand-in: requests, responses and their reasons. It stores no passwords, secrets, codes and
//! tokens.

use kakaw_core::{AccountId, AppId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kakaw_core::crypto::secret;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Notify;

use crate::durations::microseconds;

/// Maximum number of exchanges.
const KEPT: usize = 1000;
/// Maximum length of one value, in characters.
const VALUE: usize = 300;
/// Parameters whose values are masked.
const SECRET: [&str; 14] = [
    "password",
    "client_secret",
    "access_token",
    "refresh_token",
    "id_token",
    "id_token_hint",
    "code",
    "code_verifier",
    "agt",
    "kakaw_form",
    "kakaw_interaction",
    "kakaw_selection",
    "kauth_tx_id",
    "continue",
];

/// An exchange.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Exchange {
    /// Goes up by one.
    pub id: u64,
    /// The log-in that it belongs to: from authorize to user information. 0 = none is known.
    pub flow: u64,
    /// World time, RFC 3339.
    pub at: String,
    pub method: String,
    pub path: String,
    /// The whole URL, without the query.
    pub url: String,
    /// Headers of the request that tell what the client is; secrets are masked.
    pub headers: Vec<(String, String)>,
    /// Parameters of query and form; secrets are masked.
    pub parameters: Vec<(String, String)>,
    /// How many of the parameters stood in the query; the others were the form.
    pub in_query: usize,
    /// Content type of the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// `client_id`, or `app_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// The app of the key, of the token or of the admin key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub app: Option<AppId>,
    /// Login id of the person that the request's token, code, login or session belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Their account.
    #[serde(skip)]
    #[schemars(with = "Option<i64>")]
    pub account: Option<AccountId>,
    pub status: u16,
    /// Microseconds of real time.
    #[serde(rename = "took_us", serialize_with = "microseconds::serialize")]
    #[schemars(with = "u64")]
    pub took: Duration,
    /// Where it was redirected; secrets are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What was decided, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The code of the catalogue, of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnosis: Vec<String>,
    /// The fault rule that was applied to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<u64>,
}

/// The last exchanges.
#[derive(Default)]
pub struct RequestLog {
    kept: Mutex<Kept>,
    added: Notify,
    flows: Mutex<Flows>,
}

/// The log-ins of browsers, codes and tokens, which are stored by their hashes.
#[derive(Default)]
struct Flows {
    last: u64,
    by_key: HashMap<String, u64>,
    order: VecDeque<String>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    exchanges: VecDeque<Exchange>,
}

/// Which exchanges are meant. What is absent fits all.
#[derive(Debug, Clone, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Only requests after this id.
    pub after: Option<u64>,
    /// Method: `GET`, `POST` …
    pub method: Option<String>,
    /// Prefix of the path.
    pub path: Option<String>,
    /// App key of the request or of its token.
    pub app_key: Option<String>,
    /// Id of the app that the key, the token or the admin key belongs to.
    #[schemars(with = "Option<i64>")]
    pub app: Option<AppId>,
    /// Login id of the person that the request's token, code, login or session belongs to.
    pub person: Option<String>,
    /// The account of `person`, found when the filter is read.
    #[serde(skip)]
    #[schemars(with = "Option<i64>")]
    pub account: Option<AccountId>,
    /// Values of parameters in the query or the form: `parameters.state=abc`. Of secrets, only the first letters are compared.
    pub parameters: BTreeMap<String, String>,
    /// HTTP status of the reply.
    pub status: Option<u16>,
    /// Error code.
    pub code: Option<String>,
}

impl Filter {
    /// Whether an exchange matches.
    #[must_use]
    pub fn fits(&self, exchange: &Exchange) -> bool {
        self.after.is_none_or(|after| exchange.id > after)
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&exchange.method))
            && self.path.as_ref().is_none_or(|path| exchange.path.starts_with(path.as_str()))
            && self.app_key.as_ref().is_none_or(|key| Some(key) == exchange.app_key.as_ref())
            && self.app.is_none_or(|app| exchange.app == Some(app))
            && self.account.is_none_or(|account| exchange.account == Some(account))
            && self.parameters.iter().all(|(name, value)| {
                let kept = kept_value(name, value);
                exchange.parameters.iter().any(|(known, value)| known == name && *value == kept)
            })
            && self.status.is_none_or(|status| status == exchange.status)
            && self.code.as_deref().is_none_or(|code| Some(code) == exchange.code)
    }
}

impl RequestLog {
    /// Adds an exchange, and gives it an id.
    pub fn add(&self, mut exchange: Exchange) {
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.next += 1;
            exchange.id = kept.next;
            if kept.exchanges.len() == KEPT {
                kept.exchanges.pop_front();
            }
            kept.exchanges.push_back(exchange);
        }
        self.added.notify_waiters();
    }

    /// Returns the matching exchanges, oldest first.
    #[must_use]
    pub fn list(&self, filter: &Filter) -> Vec<Exchange> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.exchanges.iter().filter(|exchange| filter.fits(exchange)).cloned().collect()
    }

    /// Returns the exchange with this id, if it is still kept.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Exchange> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.exchanges.iter().find(|exchange| exchange.id == id).cloned()
    }

    /// Waits for the first matching exchange.
    pub async fn wait(&self, filter: &Filter) -> Exchange {
        loop {
            // Subscribe before reading, so that no exchange is missed.
            let added = self.added.notified();
            if let Some(found) = self.list(filter).into_iter().next() {
                return found;
            }
            added.await;
        }
    }

    /// Returns the log-in of this browser, code or token.
    #[must_use]
    pub fn flow_of(&self, key: &str) -> Option<u64> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner).by_key.get(&secret::hash(key)).copied()
    }

    /// Starts a log-in.
    pub fn begin_flow(&self) -> u64 {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.last += 1;
        flows.last
    }

    /// Records that this browser, code or token belongs to a log-in.
    pub fn belongs(&self, key: &str, flow: u64) {
        let key = secret::hash(key);
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if flows.by_key.insert(key.clone(), flow).is_none() {
            flows.order.push_back(key);
        }
        if flows.order.len() > 4 * KEPT
            && let Some(oldest) = flows.order.pop_front()
        {
            flows.by_key.remove(&oldest);
        }
    }

    /// Waits for an exchange after this id, and returns all of them.
    pub async fn after(&self, after: u64) -> Vec<Exchange> {
        let filter = Filter { after: Some(after), ..Filter::default() };
        loop {
            let added = self.added.notified();
            let found = self.list(&filter);
            if !found.is_empty() {
                return found;
            }
            added.await;
        }
    }

    /// Deletes all exchanges. Ids continue.
    pub fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).exchanges.clear();
    }
}

/// Returns parameters with secrets masked.
#[must_use]
pub fn kept(text: &str) -> Vec<(String, String)> {
    let pairs = Pairs::parse(text).unwrap_or_default();
    pairs.iter().take(50).map(|(name, value)| (cut(name), kept_value(name, value))).collect()
}

/// Returns the target of a redirect with secrets masked.
#[must_use]
pub fn kept_location(location: &str) -> String {
    let (path, query) = split_query(location);
    if query.is_empty() {
        return cut(location);
    }
    let pairs = kept(query).into_iter().map(|(name, value)| format!("{name}={value}"));
    cut(&format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

/// Returns a header with secrets masked: of credentials, the scheme and the first letters remain.
#[must_use]
pub fn kept_header(name: &str, value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, credentials)) if name == "authorization" => format!("{scheme} {}", secret::masked(credentials)),
        None if name == "authorization" => secret::masked(value),
        _ => cut(value),
    }
}

fn kept_value(name: &str, value: &str) -> String {
    // The first letters of a password help to guess it.
    if name == "password" && !value.is_empty() {
        return "…".to_owned();
    }
    if SECRET.contains(&name) && !value.is_empty() { secret::masked(value) } else { cut(value) }
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_kept() {
        let text = "client_id=abc&client_secret=topsecret&code=abcdefgh&password=hunter22&state=s";
        let all = format!("{:?}", kept(text));
        assert!(all.contains("abc…") || all.contains("abcd…"), "{all}");
        for secret in ["topsecret", "abcdefgh", "hunt"] {
            assert!(!all.contains(secret), "{all}");
        }
        assert_eq!(
            kept_location("http://localhost/cb?code=abcdefgh&state=s"),
            "http://localhost/cb?code=abcd…&state=s"
        );
    }
}
