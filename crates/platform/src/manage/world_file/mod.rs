//! The world file: apps and people as TOML.

mod apps;
mod export;
pub mod keys;
mod lines;
mod moments;
mod people;

use std::collections::BTreeMap;

use kakaw_core::account::{BirthdayType, Gender};
use kakaw_core::app::service_terms::{ServiceTerm, SimpleSignup};
use kakaw_core::app::webhooks::Webhooks;
use kakaw_core::app::{AndroidApp, ApiGroup, AppStatus, Channel, Consent, IosApp, Permission, Quotas, Under14};
use kakaw_core::validate::text::repeated;
use kakaw_wire::scope::Item;
use kakaw_wire::shipping::AddressFields;
use kakaw_wire::user::AgreedBy;
use serde::{Deserialize, Serialize};

use super::at_rest::{self, Plain};
use super::draft::{self, By, Draft, UseCase};
use super::{Actor, Change, Refused};
use crate::Platform;

pub use export::{Secrets, export, export_text};
pub use lines::with_lines;

/// The contents of a world file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldFile {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<App>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Person>,
}

/// `[[apps]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub id: i64,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub company: String,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub kakao_login: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    pub oidc: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    pub test_app: bool,
    #[serde(default = "allow", skip_serializing_if = "is_allow")]
    pub under_14: Under14,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub team: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logout_redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_properties: Option<bool>,
    #[serde(default, alias = "standing", skip_serializing_if = "is_default")]
    pub status: AppStatus,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub business: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_properties: Vec<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub automatic_link: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub simple_signup: SimpleSignup,
    #[serde(default, skip_serializing_if = "is_default")]
    pub webhooks: Webhooks,
    #[serde(default, skip_serializing_if = "is_default")]
    pub quotas: Quotas,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_terms: Vec<ServiceTerm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest_api_keys: Vec<RestApiKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub javascript_keys: Vec<JavascriptKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub native_keys: Vec<NativeKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admin_keys: Vec<AdminKey>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consent_items: BTreeMap<Item, ConsentItem>,
}

/// `[[apps.rest_api_keys]]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestApiKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
}

/// `[[apps.javascript_keys]]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JavascriptKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sdk_domains: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub code_polling: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
}

/// `[[apps.native_keys]]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NativeKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub android: Vec<AndroidApp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ios: Vec<IosApp>,
}

/// `[[apps.admin_keys]]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "is_no")]
    pub primary: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiGroup>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
}

/// An item of `[apps.consent_items]`: a word, or a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConsentItem {
    Word(Consent),
    Table(ConsentTable),
}

/// The table form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentTable {
    pub consent: Consent,
    #[serde(default, skip_serializing_if = "is_no")]
    pub collect_if_missing: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// When collecting was switched on (RFC 3339). Absent: when the file is first applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect_since: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub permission: bool,
}

/// `[[people]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub email_verified: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub email_valid: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(default, skip_serializing_if = "is_no")]
    pub talk: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthyear: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday_type: Option<BirthdayType>,
    #[serde(default, skip_serializing_if = "is_no")]
    pub restricted: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub agreed_to_terms: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci_authenticated_at: Option<String>,
    #[serde(default, skip_serializing_if = "is_no")]
    pub parental_consent: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    pub dormant: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shipping_addresses: Vec<ShippingAddress>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// `[[people.links]]`: the person is, or was, linked with an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub app: i64,
    /// Absent: made from app and person, and the same each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The items that the person agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Item>,
    /// RFC 3339. Absent: when the file is first applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<String>,
    /// `false`: unlinked again. Only the user id is kept.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub connected: bool,
    /// Items that were agreed to at another time than `connected_at`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agreed_at: BTreeMap<Item, String>,
    /// When an unfinished sign-up is unlinked (RFC 3339). Absent: the person is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup_due: Option<String>,
    /// When the person used simple sign-up (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synched_at: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, Agreement>,
}

/// An agreement to service terms.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// RFC 3339. Absent: `connected_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    pub by: AgreedBy,
    /// Absent: the present version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// `[[people.shipping_addresses]]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShippingAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    #[serde(skip_serializing_if = "is_no")]
    pub is_default: bool,
    /// RFC 3339. Absent: when the file is first applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    pub address: AddressFields,
}

const fn yes() -> bool {
    true
}

const fn allow() -> Under14 {
    Under14::Allow
}

fn is_allow(under_14: &Under14) -> bool {
    *under_14 == Under14::Allow
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_no(flag: &bool) -> bool {
    !*flag
}

/// Applies a world file in one commit. Applying it twice changes nothing.
///
/// # Errors
/// Everything that is wrong with the file, or the database failed. Nothing is changed then.
pub async fn apply(platform: &Platform, actor: &Actor, file: &WorldFile) -> Result<Vec<Change>, Refused> {
    let by = By { platform, actor, expected: None };
    let changes = if at_rest::has_plain_passwords(platform, file.people.iter().map(|person| person.password.as_deref()))
    {
        // Find the problems first, because many hashes take long.
        draft::check_all(by, file).await?;
        let mut file = file.clone();
        let mut plain: Vec<Plain<'_>> = file.people.iter_mut().filter_map(people::plain).collect();
        at_rest::hash_passwords(platform, &mut plain).await?;
        draft::commit(by, &file).await?
    } else {
        draft::commit(by, file).await?
    };
    Ok(changes.into_iter().filter(|change| !change.is_nothing()).collect())
}

impl UseCase for WorldFile {
    async fn draft(&self, By { platform, actor, .. }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let ids: Vec<String> = self.apps.iter().map(|app| app.id.to_string()).collect();
        draft.refuse("", repeated("apps", ".id", ids.iter().map(String::as_str)));
        for (index, app) in self.apps.iter().enumerate() {
            apps::put(platform, actor, draft, app, &format!("apps[{index}]")).await?;
        }
        for (index, person) in self.people.iter().enumerate() {
            people::put(platform, actor, draft, person, &format!("people[{index}]")).await?;
        }
        Ok(())
    }
}

/// Parses a world file. An error names the line and, for an unknown name, the most similar valid one.
///
/// # Errors
/// What was received, where, and what was expected.
pub fn parse(text: &str, file: &str) -> Result<WorldFile, String> {
    let parsed = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines::line_at(text, span.start));
        let message = error.message();
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let nearest = quoted
            .split_first()
            .and_then(|(unknown, known)| kakaw_core::diagnosis::meant(unknown, known.iter().copied()));
        let suggestion = nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
        format!("{file}, line {line}: {message}{suggestion}")
    })?;
    for warning in lines::renamed_keys(text, file) {
        tracing::warn!("{warning}");
    }
    Ok(parsed)
}

/// Writes a world file.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn to_text(file: &WorldFile) -> Result<String, String> {
    toml::to_string(file).map_err(|error| format!("the world cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_with_line_and_suggestion() {
        let error = parse("[[apps]]\nid = 1\nname = \"A\"\ncompanie = \"x\"\n", "w.toml").expect_err("refused");
        assert!(error.contains("line 4") && error.contains("did you mean `company`"), "{error}");
    }

    #[test]
    fn the_sample_world_is_read() {
        let platform = parse(include_str!("../../../../kakaw/assets/sample_world.toml"), "sample").expect("reads");
        assert_eq!((platform.apps.len(), platform.people.len()), (1, 4));
    }
}
