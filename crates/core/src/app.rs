//! An app: what it may do, which keys it has, what it asks people for.

use std::collections::BTreeMap;

use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::account::Attributes;
use crate::service_terms::{ServiceTerm, SimpleSignup};
use crate::webhook::Webhooks;
use crate::{Millis, redirect_uri};

/// An app with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Numeric app id.
    pub id: i64,
    /// Goes up with every change.
    pub version: i64,
    /// What its team sets.
    pub settings: AppSettings,
}

/// What an app's team sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppSettings {
    pub name: String,
    pub company: String,
    pub kakao_login: bool,
    pub oidc: bool,
    pub test_app: bool,
    pub under_14: Under14,
    /// Log-in ids of the team's members.
    pub team: Vec<String>,
    pub logout_redirect_uris: Vec<String>,
    pub consent_items: BTreeMap<Item, ConsentItem>,
    /// Whether `/v2/user/me` repeats nickname and pictures in `properties`, as older libraries read them.
    pub legacy_properties: bool,
    #[serde(default)]
    pub standing: Standing,
    /// Whether the app is registered to a business: only these may ask for items of [`Availability::Business`].
    ///
    /// [`Availability::Business`]: kakaw_wire::scope::Availability::Business
    #[serde(default = "yes")]
    pub business: bool,
    #[serde(default)]
    pub permissions: Vec<Permission>,
    #[serde(default)]
    pub simple_signup: SimpleSignup,
    /// In the order in which screens show them.
    #[serde(default)]
    pub service_terms: Vec<ServiceTerm>,
    /// Connected Talk Channels.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Keys that `/v1/user/update_profile` and `/v1/user/signup` may store.
    #[serde(default)]
    pub user_properties: Vec<String>,
    /// Whether agreeing links at once; else people wait for `/v1/user/signup`.
    #[serde(default = "yes")]
    pub automatic_link: bool,
    #[serde(default)]
    pub webhooks: Webhooks,
    #[serde(default)]
    pub quotas: Quotas,
}

const fn yes() -> bool {
    true
}

impl AppSettings {
    /// The settings of a new app.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            company: String::new(),
            kakao_login: true,
            oidc: false,
            test_app: false,
            under_14: Under14::Allow,
            team: Vec::new(),
            logout_redirect_uris: Vec::new(),
            consent_items: BTreeMap::new(),
            legacy_properties: false,
            standing: Standing::Active,
            business: true,
            permissions: Vec::new(),
            simple_signup: SimpleSignup::default(),
            service_terms: Vec::new(),
            channels: Vec::new(),
            user_properties: Vec::new(),
            automatic_link: true,
            webhooks: Webhooks::default(),
            quotas: Quotas::default(),
        }
    }

    /// Whether the app is closed to a person of this age (T212, -406).
    #[must_use]
    pub fn denies_age_of(&self, attributes: &Attributes, now: Millis) -> bool {
        let open = match self.under_14 {
            Under14::Allow => true,
            Under14::ParentalConsent => attributes.parental_consent,
            Under14::Deny => false,
        };
        !open && attributes.age(now).is_some_and(|age| age < 14)
    }

    /// How the app uses an item; nothing when it is not set, or its use is not permitted.
    #[must_use]
    pub fn item(&self, item: Item) -> Option<&ConsentItem> {
        self.consent_items.get(&item).filter(|setting| setting.permission)
    }
}

/// Limits of this app, a minute, in place of the operator's; 0 = none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Calls of `/v1/user/ids` (429, -10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ids: Option<u32>,
    /// Calls of the user API (-10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    /// Token requests (KOE237).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
}

/// Whether the app may be used at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    #[default]
    Active,
    /// Sanctioned (-12).
    Blocked,
    /// Not used for long (-13).
    Suspended,
}

/// What an app must ask the operator for, by the documented names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    OauthImplicitGrantSupported,
    PlusFriendsOnAgreementSupported,
    PluginSupported,
    DelegateSupported,
    ChannelSupported,
    GroupAppSupported,
    UserManagementKeepUserId,
    /// More than five keys of a kind.
    IncreasedAppKeyCount,
    /// Account-status events of RISC and CAEP.
    OidcSseSupported,
    #[serde(rename = "UPDATE_NOT_ALLOWED_UNDER_AGE14")]
    UpdateNotAllowedUnderAge14,
}

/// A Talk Channel of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Profile id, such as `_ZeUTxl`.
    pub id: String,
    pub name: String,
}

/// Whether people under 14 may use the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Under14 {
    Allow,
    /// Only those whose parents agreed.
    ParentalConsent,
    Deny,
}

/// When an item is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// At the first log-in; there is no going on without it.
    Required,
    /// At the first log-in; may be left out.
    Optional,
    /// Only when `scope` names it, and required then.
    OnUse,
}

/// How an app uses an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentItem {
    pub consent: Consent,
    /// "Provision after collecting information": the screen asks for a value that the account lacks.
    pub collect_if_missing: bool,
    /// When that was switched on: who agreed before is not asked (F20).
    pub collect_since: Millis,
    /// Shown to people.
    pub purpose: String,
    /// Whether the operator permits the item: without it the item is as good as not set (-5, KAE103).
    #[serde(default = "yes")]
    pub permission: bool,
}

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
    /// The name in the database.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::RestApi => "rest_api",
            Self::Javascript => "javascript",
            Self::Native => "native",
            Self::Admin => "admin",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::RestApi, Self::Javascript, Self::Native, Self::Admin].into_iter().find(|kind| kind.id() == id)
    }

    /// The name that people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::RestApi => "REST API",
            Self::Javascript => "JavaScript",
            Self::Native => "native",
            Self::Admin => "admin",
        }
    }

    /// Seconds that an access token of this key lives.
    #[must_use]
    pub const fn access_lifetime(self) -> i64 {
        match self {
            Self::RestApi | Self::Admin => 6 * 3600,
            Self::Javascript => 2 * 3600,
            Self::Native => 12 * 3600,
        }
    }
}

/// A key of an app, with the settings that hang on it.
#[derive(Debug, Clone, PartialEq)]
pub struct AppKey {
    /// The key as clients send it; of an admin key, its keyed hash.
    pub key: String,
    pub app_id: i64,
    pub kind: KeyKind,
    /// Deleting the key raises it.
    pub epoch: i64,
    pub deleted: bool,
    pub settings: KeySettings,
    /// Keyed hash of the client secret; absent = the client-secret feature is off.
    pub secret_hash: Option<String>,
}

/// Settings of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySettings {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sdk_domains: Vec<String>,
    /// Of a JavaScript key: whether pages may poll for its codes where that is strict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code_polling: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub android: Vec<AndroidApp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ios: Vec<IosApp>,
    /// Addresses from which the key may be used; none = from everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
    /// Of an admin key: what it may call; none = everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiGroup>,
    /// Of an admin key: whether webhooks carry it.
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
    /// `/v2/user/service_terms` and what changes them.
    ServiceTerms,
    /// `/v1/user/shipping_address`.
    ShippingAddress,
}

impl ApiGroup {
    /// Every group.
    pub const ALL: &'static [Self] =
        &[Self::UserInfo, Self::Logout, Self::Unlink, Self::Scopes, Self::ServiceTerms, Self::ShippingAddress];

    /// The word in settings.
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
    /// Whether the app may send people to `uri`: exact comparison, or the built-in URI of a native key.
    #[must_use]
    pub fn accepts_redirect_uri(&self, uri: &str) -> bool {
        self.settings.redirect_uris.iter().any(|registered| registered == uri)
            || (self.kind == KeyKind::Native && uri == format!("kakao{}://oauth", self.key))
            || (self.kind == KeyKind::Javascript && is_built_in(uri))
    }

    /// Whether `uri` is of this machine, and registered but for its port.
    #[must_use]
    pub fn accepts_on_another_port(&self, uri: &str) -> bool {
        let sent = redirect_uri::without_local_port(uri);
        let registered = self.settings.redirect_uris.iter().map(|uri| redirect_uri::without_local_port(uri));
        sent.is_some() && registered.into_iter().any(|registered| registered == sent)
    }
}

/// Redirect targets that the JavaScript SDK uses without registering them: the log-in ends on a page of ours, and the
/// code is fetched with `/apiweb/code.json`.
pub const BUILT_IN_TARGETS: [&str; 2] = ["JS-SDK", "https://kapi.kakao.com/cors/afterlogin.html"];

/// Whether a redirect URI is one of [`BUILT_IN_TARGETS`].
#[must_use]
pub fn is_built_in(uri: &str) -> bool {
    BUILT_IN_TARGETS.contains(&uri)
}
