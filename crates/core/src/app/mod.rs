//! An app: what it may do, its keys, and what it asks people for.

pub mod client_auth;
pub mod client_id;
mod key;
pub mod key_settings;
pub mod platform;
pub mod service_terms;
pub mod settings;
pub mod webhooks;

pub use crate::validate::Limits;
pub use key::{AndroidApp, ApiGroup, AppKey, BUILT_IN_TARGETS, IosApp, KeyKind, KeySettings, is_built_in};

use std::collections::BTreeMap;

use kakaw_wire::scope::Item;
use serde::{Deserialize, Serialize};

use crate::account::Attributes;
use crate::app::service_terms::{ServiceTerm, SimpleSignup};
use crate::app::webhooks::Webhooks;
use crate::{AppId, Millis};

/// An app with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Numeric app id.
    pub id: AppId,
    /// Increases with every change.
    pub version: i64,
    /// The settings that its team controls.
    pub settings: AppSettings,
}

/// The settings that an app's team controls.
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
    /// `standing` is its name in databases of earlier versions.
    #[serde(default, alias = "standing")]
    pub status: AppStatus,
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
    /// Talk Channels that are connected with the app.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Keys that `/v1/user/update_profile` and `/v1/user/signup` may store.
    #[serde(default)]
    pub user_properties: Vec<String>,
    /// Whether consent links the person at once. If not, the person waits for `/v1/user/signup`.
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
            status: AppStatus::Active,
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

    /// Whether the app refuses a person of this age (T212, -406).
    #[must_use]
    pub fn denies_age_of(&self, attributes: &Attributes, now: Millis) -> bool {
        let open = match self.under_14 {
            Under14::Allow => true,
            Under14::ParentalConsent => attributes.parental_consent,
            Under14::Deny => false,
        };
        !open && attributes.age(now).is_some_and(|age| age < 14)
    }

    /// Returns the setting of an item, or `None` if it is not set or the operator does not permit it.
    #[must_use]
    pub fn item(&self, item: Item) -> Option<&ConsentItem> {
        self.consent_items.get(&item).filter(|setting| setting.permission)
    }
}

/// Limits per minute of this app, in place of the operator's. 0 means no limit.
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

/// Whether the app may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppStatus {
    #[default]
    Active,
    /// Blocked by the operator (-12).
    Blocked,
    /// Suspended because it was not used for long (-13).
    Suspended,
}

/// Permissions that an app must request from the operator, by their documented names.
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
    /// Only people whose parents agreed.
    ParentalConsent,
    Deny,
}

/// When an item is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// At the first log-in. The person cannot continue without it.
    Required,
    /// At the first log-in. The person may leave it out.
    Optional,
    /// Only when `scope` names it. It is required then.
    OnUse,
}

/// How an app uses an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentItem {
    pub consent: Consent,
    /// "Provision after collecting information": the screen asks for a value that the account lacks.
    pub collect_if_missing: bool,
    /// When collecting was switched on. People who agreed before are not asked (F20).
    pub collect_since: Millis,
    /// The purpose that the consent screen shows.
    pub purpose: String,
    /// Whether the operator permits the item. Without permission the item counts as not set (-5, KAE103).
    #[serde(default = "yes")]
    pub permission: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::samples::{self, NOW};

    #[test]
    fn under_14_is_open_closed_or_for_the_parents_to_say() {
        // NOW is in January 2027.
        let born = |year: &str, parental_consent| {
            let (birthyear, birthday) = (Some(year.to_owned()), Some("0101".to_owned()));
            Attributes { birthyear, birthday, parental_consent, ..Attributes::default() }
        };
        let unknown = Attributes::default();
        for (under_14, attributes, denied) in [
            (Under14::Allow, &born("2014", false), false),
            (Under14::ParentalConsent, &born("2014", false), true),
            (Under14::ParentalConsent, &born("2014", true), false),
            (Under14::ParentalConsent, &born("2013", false), false),
            (Under14::Deny, &born("2014", true), true),
            (Under14::Deny, &born("2013", false), false),
            (Under14::Deny, &unknown, false),
        ] {
            let settings = AppSettings { under_14, ..AppSettings::new("App") };
            assert_eq!(settings.denies_age_of(attributes, NOW), denied, "{under_14:?} {attributes:?}");
        }
    }

    #[test]
    fn an_item_without_permission_is_as_good_as_not_set() {
        let mut app = samples::app(&[(Item::Name, Consent::Required), (Item::Gender, Consent::Optional)]);
        app.settings.consent_items.entry(Item::Name).and_modify(|item| item.permission = false);
        let set: Vec<_> = Item::ALL.iter().filter(|item| app.settings.item(**item).is_some()).collect();
        assert_eq!(set, [&Item::Gender]);
    }

    /// Settings that were stored before a field existed.
    #[test]
    fn what_old_settings_do_not_say_is_as_it_was_then() {
        let without = |mut value: Value, fields: &[&str]| {
            let object = value.as_object_mut().expect("an object");
            fields.iter().for_each(|field| assert!(object.remove(*field).is_some(), "{field}"));
            value
        };
        let settings = AppSettings::new("App");
        let old = without(serde_json::to_value(&settings).expect("JSON"), &["business", "automatic_link", "webhooks"]);
        assert_eq!(serde_json::from_value::<AppSettings>(old).expect("settings"), settings);
        let item = samples::item(Consent::OnUse);
        let old = without(serde_json::to_value(&item).expect("JSON"), &["permission"]);
        assert_eq!(serde_json::from_value::<ConsentItem>(old).expect("an item"), item);
    }

    #[test]
    fn the_status_is_read_by_its_earlier_name_and_written_by_its_name() {
        let settings = AppSettings { status: AppStatus::Blocked, ..AppSettings::new("App") };
        let mut value = serde_json::to_value(&settings).expect("JSON");
        let object = value.as_object_mut().expect("an object");
        let status = object.remove("status").expect("its name");
        object.insert("standing".to_owned(), status);
        assert_eq!(serde_json::from_value::<AppSettings>(value).expect("settings"), settings);
    }
}
