//! An app: what it may do, which keys it has, what it asks people for.

use std::collections::BTreeMap;

use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::account::Attributes;

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
}

impl AppSettings {
    /// Whether the app is closed to a person of this age (T212, -406).
    #[must_use]
    pub fn denies_age_of(&self, attributes: &Attributes, now: Millis) -> bool {
        self.under_14 == Under14::Deny && attributes.age(now).is_some_and(|age| age < 14)
    }
}

/// Whether people under 14 may use the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Under14 {
    Allow,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub android: Vec<AndroidApp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ios: Vec<IosApp>,
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
    }
}
