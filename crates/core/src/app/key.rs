//! The keys of an app and their settings.

use crate::{AppId, Span};
use serde::{Deserialize, Serialize};

use crate::validate::url;

/// The kinds of app keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    RestApi,
    Javascript,
    Native,
    Admin,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::RestApi, Self::Javascript, Self::Native, Self::Admin];

    /// Lifetime in seconds of the longest-lived access token of any kind of key.
    pub(crate) const LONGEST_ACCESS: Span = Self::Native.access_lifetime();

    /// Returns the name in the database.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::RestApi => "rest_api",
            Self::Javascript => "javascript",
            Self::Native => "native",
            Self::Admin => "admin",
        }
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.id() == id)
    }

    /// Returns the name of the settings list that contains keys of this kind.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::RestApi => "rest_api_keys",
            Self::Javascript => "javascript_keys",
            Self::Native => "native_keys",
            Self::Admin => "admin_keys",
        }
    }

    /// Returns the name that people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::RestApi => "REST API",
            Self::Javascript => "JavaScript",
            Self::Native => "native",
            Self::Admin => "admin",
        }
    }

    /// Returns the lifetime of an access token of this key.
    #[must_use]
    pub const fn access_lifetime(self) -> Span {
        match self {
            Self::RestApi | Self::Admin => Span::hours(6),
            Self::Javascript => Span::hours(2),
            Self::Native => Span::hours(12),
        }
    }
}

/// A key of an app, with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct AppKey {
    /// The key as clients send it. For an admin key, its keyed hash.
    pub key: String,
    pub app_id: AppId,
    pub kind: KeyKind,
    /// Increases when the key is deleted.
    pub epoch: i64,
    pub deleted: bool,
    pub settings: KeySettings,
    /// Keyed hash of the client secret. `None`: the client-secret feature is off.
    pub secret_hash: Option<String>,
}

/// Settings of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySettings {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sdk_domains: Vec<String>,
    /// JavaScript keys: whether pages may poll for the key's codes when polling is strict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code_polling: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub android: Vec<AndroidApp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ios: Vec<IosApp>,
    /// Addresses that may use the key. Empty: every address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
    /// Admin keys: the calls that the key may make. Empty: every call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiGroup>,
    /// Admin keys: whether webhooks carry the key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

/// A group of calls that an admin key may be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiGroup {
    /// `/v2/user/me`, `/v2/app/users`, `/v1/user/ids`.
    UserInfo,
    /// `/v1/user/logout`.
    Logout,
    /// `/v1/user/unlink`.
    Unlink,
    /// `/v2/user/scopes`, `/v2/user/revoke/scopes`.
    Scopes,
    /// `/v2/user/service_terms` and the calls that change them.
    ServiceTerms,
    /// `/v1/user/shipping_address`.
    ShippingAddress,
}

impl ApiGroup {
    /// Every group.
    pub const ALL: &'static [Self] =
        &[Self::UserInfo, Self::Logout, Self::Unlink, Self::Scopes, Self::ServiceTerms, Self::ShippingAddress];

    /// Returns the name in settings.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::UserInfo => "user_info",
            Self::Logout => "logout",
            Self::Unlink => "unlink",
            Self::Scopes => "scopes",
            Self::ServiceTerms => "service_terms",
            Self::ShippingAddress => "shipping_address",
        }
    }
}

/// An Android app that may use a native key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidApp {
    pub package: String,
    /// Base64 of the SHA-1 of the signing certificate: 28 characters.
    #[serde(default)]
    pub key_hashes: Vec<String>,
}

/// An iOS app that may use a native key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IosApp {
    pub bundle_id: String,
}

impl AppKey {
    /// Returns the epoch that valid codes and grants of this key have, or `None` if the key is deleted.
    #[must_use]
    pub(crate) fn live_epoch(&self) -> Option<i64> {
        (!self.deleted).then_some(self.epoch)
    }

    /// Whether the app may send people to `uri`: exact comparison, or the built-in URI of a native key.
    #[must_use]
    pub fn accepts_redirect_uri(&self, uri: &str) -> bool {
        self.settings.redirect_uris.iter().any(|registered| registered == uri)
            || (self.kind == KeyKind::Native && uri == format!("kakao{}://oauth", self.key))
            || (self.kind == KeyKind::Javascript && is_built_in(uri))
    }

    /// Whether `uri` is on this machine and, except for its port, registered.
    #[must_use]
    pub fn accepts_on_another_port(&self, uri: &str) -> bool {
        let sent = url::without_local_port(uri);
        let registered = self.settings.redirect_uris.iter().map(|uri| url::without_local_port(uri));
        sent.is_some() && registered.into_iter().any(|registered| registered == sent)
    }
}

/// Redirect targets that the JavaScript SDK uses without registration. The log-in ends on a page of ours, and the SDK
/// fetches the code from `/apiweb/code.json`.
pub const BUILT_IN_TARGETS: [&str; 2] = ["JS-SDK", "https://kapi.kakao.com/cors/afterlogin.html"];

/// Whether a redirect URI is one of [`BUILT_IN_TARGETS`].
#[must_use]
pub fn is_built_in(uri: &str) -> bool {
    BUILT_IN_TARGETS.contains(&uri)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    const KINDS: [KeyKind; 4] = [KeyKind::RestApi, KeyKind::Javascript, KeyKind::Native, KeyKind::Admin];

    #[test]
    fn a_kind_has_one_name_everywhere_it_is_kept() {
        for kind in KINDS {
            assert_eq!(KeyKind::from_id(kind.id()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("text"), kind.id());
        }
        assert_eq!(KeyKind::from_id("REST API"), None);
        for group in ApiGroup::ALL {
            assert_eq!(serde_json::to_value(group).expect("text"), group.id());
        }
        assert_eq!(KINDS.map(KeyKind::label), ["REST API", "JavaScript", "native", "admin"]);
        assert_eq!(KINDS.map(KeyKind::list), ["rest_api_keys", "javascript_keys", "native_keys", "admin_keys"]);
    }

    #[test]
    fn a_deleted_key_has_no_epoch() {
        let key = AppKey { epoch: 5, ..samples::key(KeyKind::RestApi) };
        assert_eq!(key.live_epoch(), Some(5));
        assert_eq!(AppKey { deleted: true, ..key }.live_epoch(), None);
    }

    #[test]
    fn access_tokens_live_as_long_as_the_documentation_says() {
        assert_eq!(KINDS.map(KeyKind::access_lifetime), [6, 2, 12, 6].map(Span::hours));
    }

    #[test]
    fn a_redirect_uri_is_accepted_to_the_letter_or_built_in_for_the_kind() {
        let (registered, native) = ("https://a.example/", "kakaok://oauth");
        let [script, page] = BUILT_IN_TARGETS;
        for (uri, accepting) in [
            (registered, &KINDS[..]),
            ("https://a.example", &[]),
            ("https://A.example/", &[]),
            ("https://a.example/?", &[]),
            ("", &[]),
            (native, &[KeyKind::Native]),
            ("kakaoother://oauth", &[]),
            (script, &[KeyKind::Javascript]),
            (page, &[KeyKind::Javascript]),
            ("js-sdk", &[]),
        ] {
            let accepted: Vec<_> =
                KINDS.into_iter().filter(|kind| samples::key(*kind).accepts_redirect_uri(uri)).collect();
            assert_eq!(accepted, accepting, "{uri}");
        }
    }

    #[test]
    fn another_port_is_good_on_this_machine_only() {
        let mut key = samples::key(KeyKind::RestApi);
        key.settings.redirect_uris.push("http://localhost:3000/callback".to_owned());
        for (uri, accepted) in [
            ("http://localhost:4000/callback", true),
            ("http://localhost/callback", true),
            ("http://localhost:4000/other", false),
            ("http://127.0.0.1:3000/callback", false),
            ("https://localhost:3000/callback", false),
            ("https://a.example:8443/", false),
            ("https://a.example/", false),
        ] {
            assert_eq!(key.accepts_on_another_port(uri), accepted, "{uri}");
        }
    }

    proptest! {
        /// A URI that resembles a registered one is not accepted.
        #[test]
        fn one_letter_more_or_less_is_another_uri(at in 0usize..18, letter in "[ -~]") {
            let (key, uri) = (samples::key(KeyKind::RestApi), "https://a.example/");
            let more = format!("{}{letter}{}", &uri[..at], &uri[at..]);
            let less = format!("{}{}", &uri[..at], &uri[at + 1..]);
            prop_assert!(!key.accepts_redirect_uri(&more) && !key.accepts_redirect_uri(&less));
        }
    }
}
