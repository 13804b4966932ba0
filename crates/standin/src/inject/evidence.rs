//! The evidence of an injected error: what the request itself has, as in the error that its own mistake would cause.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use kakaw_core::app::platform::Identity;
use kakaw_core::app::{ApiGroup, App, AppKey, Consent, KeyKind};
use kakaw_core::crypto::secret;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::{self, Item};

use crate::faults::Fault;
use kakaw_platform::http::unknown;

/// What an exchange has, for its evidence.
pub struct Received<'a> {
    /// The world's base URL, as the client used it.
    pub base: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    /// The form of the body, undecoded.
    pub form: &'a str,
    pub headers: &'a HeaderMap,
    /// The key that the request names, or that its token or code was issued to.
    pub app_key: Option<&'a str>,
    /// The items that its access token covers.
    pub scopes: &'a [Item],
}

impl Received<'_> {
    /// Whether the call authenticates with an admin key.
    pub fn by_admin_key(&self) -> bool {
        self.credentials().is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("KakaoAK"))
    }

    fn credentials(&self) -> Option<(&str, &str)> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.split_once(' ').map(|(scheme, text)| (scheme, text.trim()))
    }

    /// Returns the text of the key that the call is about.
    pub fn key(&self) -> Option<&str> {
        let (_, key) = self.credentials().filter(|_| self.by_admin_key()).unzip();
        key.or(self.app_key)
    }
}

/// The evidence of one request.
pub struct Evidence<'a> {
    pub received: &'a Received<'a>,
    pub found: Option<&'a (Arc<App>, AppKey)>,
    /// Address of the caller.
    pub address: &'a str,
    /// What the rule gives in place of the request's own.
    pub fault: &'a Fault,
    query: Pairs,
    form: Pairs,
}

impl<'a> Evidence<'a> {
    pub fn new(
        received: &'a Received<'a>,
        found: Option<&'a (Arc<App>, AppKey)>,
        address: &'a str,
        fault: &'a Fault,
    ) -> Self {
        let parse = |text| Pairs::parse(text).unwrap_or_default();
        Self { received, found, address, fault, query: parse(received.query), form: parse(received.form) }
    }

    /// Returns a value that the request sent.
    fn sent(&self, name: &str) -> Option<String> {
        let one = |pairs: &Pairs| pairs.one(name).ok().flatten().filter(|value| !value.is_empty()).map(str::to_owned);
        one(&self.query).or_else(|| one(&self.form))
    }

    fn all<'s>(&'s self, name: &'s str) -> Vec<&'s str> {
        self.query.all(name).chain(self.form.all(name)).collect()
    }

    fn app(&self) -> Option<&App> {
        Some(&self.found?.0)
    }

    /// Returns the evidence with this name of the problem `of`, or what a request with this mistake would have.
    pub fn of(&self, of: &str, name: &str) -> String {
        if let Some(given) = self.fault.evidence.get(name) {
            return given.clone();
        }
        let (received, app, key) = (self.received, self.app(), self.found.map(|(_, key)| key));
        let is_kapi = received.path.starts_with("/v");
        let own = match name {
            "app" => app.map(|app| app.settings.name.clone()),
            "app_id" => app.map(|app| app.id.to_string()),
            "kind" => key.map(|key| key.kind.label().to_owned()),
            "client_id" => self.client_id(key),
            "scope" => self.refused_scope(),
            "required" if of == "InsufficientScopes" => Some(self.missing_scopes()),
            "allowed" => Some(ids(received.scopes.iter().copied())),
            "api_type" => Some(self.api_type().to_owned()),
            "required" => Some(self.required()),
            "agreed" => Some([self.all("scope"), self.all("term")].concat().join(",")),
            "parameter" => Some(self.parameter(of)),
            "reason" if of == "BadTokenRequest" => Some(format!("{} was sent more than once", self.parameter(of))),
            "reason" => Some(reason(of).to_owned()),
            "header" => Some("Authorization".to_owned()),
            "scopes" => self.sent(name).map(|text| joined(&text)),
            "tags" => self.sent(name),
            "keys" => self.sent("properties").map(|text| keys_of(&text)),
            "item" => Some(self.item().id().to_owned()),
            "api" if of == "AdminKeyNotAllowed" => Some(group(received.path).id().to_owned()),
            "api" => Some("SHIPPING_ADDRESS".to_owned()),
            "ip" => Some(self.address.to_owned()),
            "scheme" => Some(if received.by_admin_key() { "KakaoAK" } else { "Bearer" }.to_owned()),
            "caller" => self.caller(of),
            "app_key" => received.key().map(secret::masked),
            "method" => Some(received.method.to_owned()),
            "path" => Some(received.path.chars().take(200).collect()),
            "nearest" => Some(self.nearest()),
            "successor" if is_kapi => Some("/v2/user/me".to_owned()),
            name => self.sent(name),
        };
        own.unwrap_or_default()
    }

    /// Returns the `client_id`. An admin key is never repeated.
    fn client_id(&self, key: Option<&AppKey>) -> Option<String> {
        let of_program = self.received.path == "/oauth/token";
        let admin = key.filter(|key| key.kind == KeyKind::Admin);
        match (of_program, self.sent("client_id")) {
            (true, Some(sent)) if admin.is_some() => Some(secret::masked(&sent)),
            (true, None) if self.all("client_id").is_empty() => Some("[null]".to_owned()),
            (true, None) => Some("[]".to_owned()),
            (false, _) if admin.is_some() => None,
            (_, sent) => sent,
        }
    }

    /// Returns the words of `scope` that the app has not set. A request without a mistake has none: then all of them, or
    /// an item that the app has not set.
    fn refused_scope(&self) -> Option<String> {
        let app = self.app();
        let is_set = |word: &&str| {
            app.is_some_and(|app| {
                Item::from_id(word)
                    .map_or(app.settings.oidc && *word == "openid", |item| app.settings.item(item).is_some())
            })
        };
        let Some(sent) = self.sent("scope") else {
            let item = Item::ALL.iter().find(|item| app.is_some_and(|app| app.settings.item(**item).is_none()))?;
            return Some(item.id().to_owned());
        };
        let mut refused: Vec<&str> = scope::split(&sent).filter(|word| !is_set(word)).collect();
        refused.sort_unstable();
        refused.dedup();
        Some(if refused.is_empty() { sent.clone() } else { refused.join(",") })
    }

    /// Returns what the consent screen requires.
    fn required(&self) -> String {
        let Some(app) = self.app() else { return String::new() };
        let items = Item::ALL.iter().copied();
        let required = |item: &Item| app.settings.item(*item).is_some_and(|set| set.consent == Consent::Required);
        ids(items.filter(required))
    }

    /// Returns the first item that the app may have and the token does not cover.
    fn missing_scopes(&self) -> String {
        if self.received.path == "/v1/oidc/userinfo" {
            return "openid".to_owned();
        }
        let is_set = |item: &Item| self.app().is_some_and(|app| app.settings.item(*item).is_some());
        let missing = Item::ALL.iter().copied().filter(is_set).find(|item| !self.received.scopes.contains(item));
        missing.unwrap_or(Item::AccountEmail).id().to_owned()
    }

    fn api_type(&self) -> &'static str {
        if self.received.path == "/v1/oidc/userinfo" { "OIDC_USERINFO" } else { "USER" }
    }

    fn item(&self) -> Item {
        Item::ShippingAddress
    }

    /// Returns the parameter of the mistake: one that is missing, or repeated, or else the first.
    fn parameter(&self, of: &str) -> String {
        let all: Vec<&str> = self.query.iter().chain(self.form.iter()).map(|(name, _)| name).collect();
        let repeated = all.iter().enumerate().find(|(index, name)| all.iter().take(*index).any(|one| one == *name));
        if of == "MissingParameter" {
            let needed: &[&str] = match self.received.path {
                "/oauth/logout" => &["client_id", "logout_redirect_uri"],
                _ => &["client_id", "redirect_uri", "response_type"],
            };
            let missing = needed.iter().find(|name| self.sent(name).is_none());
            return (*missing.unwrap_or(&"response_type")).to_owned();
        }
        let default = if of == "BadArgument" { "target_id" } else { "response_type" };
        repeated.map(|(_, name)| *name).or(all.first().copied()).unwrap_or(default).to_owned()
    }

    fn caller(&self, of: &str) -> Option<String> {
        let identity =
            Identity::of(self.received.headers.get("ka").and_then(|ka| ka.to_str().ok()).unwrap_or_default());
        match of {
            "KeyHashMismatched" => identity.android_key_hash,
            "BundleIdMismatched" => identity.ios_bundle_id,
            _ => identity.web_origin,
        }
    }

    fn nearest(&self) -> String {
        let all: Vec<String> = kakaw_platform::http::endpoints().iter().map(ToString::to_string).collect();
        let wanted = format!("{} {}", self.received.method, self.received.path);
        let others = all.iter().map(String::as_str).filter(|endpoint| *endpoint != wanted);
        unknown::nearest(self.received.method, self.received.path, others)
    }
}

fn ids(items: impl Iterator<Item = Item>) -> String {
    items.map(Item::id).collect::<Vec<_>>().join(",")
}

/// Returns the words of a JSON list, joined as in messages.
fn joined(list: &str) -> String {
    serde_json::from_str::<Vec<String>>(list).map_or_else(|_| list.to_owned(), |all| all.join(","))
}

/// Returns the names of a JSON object.
fn keys_of(object: &str) -> String {
    let object: serde_json::Map<_, _> = serde_json::from_str(object).unwrap_or_default();
    object.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The server's words about a mistake that the request does not show.
const fn reason(of: &str) -> &'static str {
    match of.as_bytes() {
        b"BadArgument" => "It was sent more than once.",
        b"PkceFailed" => "code_verifier does not match code_challenge",
        b"AppsInvalidRequest" => "neither return_url nor trans_id was sent",
        _ => "it was sent more than once",
    }
}

fn group(path: &str) -> ApiGroup {
    match path {
        "/v1/user/logout" => ApiGroup::Logout,
        "/v1/user/unlink" => ApiGroup::Unlink,
        "/v2/user/scopes" | "/v2/user/revoke/scopes" => ApiGroup::Scopes,
        "/v1/user/shipping_address" => ApiGroup::ShippingAddress,
        path if path.ends_with("service_terms") => ApiGroup::ServiceTerms,
        _ => ApiGroup::UserInfo,
    }
}
