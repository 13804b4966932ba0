//! The world file: apps and people as TOML.

mod apply;

use std::collections::BTreeMap;

use kakaw_core::account::{BirthdayType, Gender};
use kakaw_core::app::{AndroidApp, Consent, IosApp, Under14};
use kakaw_wire::scope::Item;
use serde::Deserialize;

pub use apply::apply;

/// A world file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldFile {
    pub apps: Vec<App>,
    pub people: Vec<Person>,
}

/// `[[apps]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub company: String,
    #[serde(default = "yes")]
    pub kakao_login: bool,
    #[serde(default)]
    pub oidc: bool,
    #[serde(default)]
    pub test_app: bool,
    #[serde(default = "allow")]
    pub under_14: Under14,
    #[serde(default)]
    pub team: Vec<String>,
    #[serde(default)]
    pub logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub legacy_properties: Option<bool>,
    #[serde(default)]
    pub rest_api_keys: Vec<RestApiKey>,
    #[serde(default)]
    pub javascript_keys: Vec<JavascriptKey>,
    #[serde(default)]
    pub native_keys: Vec<NativeKey>,
    #[serde(default)]
    pub admin_keys: Vec<AdminKey>,
    #[serde(default)]
    pub consent_items: BTreeMap<Item, ConsentItem>,
}

/// `[[apps.rest_api_keys]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestApiKey {
    pub key: Option<String>,
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
}

/// `[[apps.javascript_keys]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JavascriptKey {
    pub key: Option<String>,
    pub sdk_domains: Vec<String>,
    pub redirect_uris: Vec<String>,
}

/// `[[apps.native_keys]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NativeKey {
    pub key: Option<String>,
    pub android: Vec<AndroidApp>,
    pub ios: Vec<IosApp>,
}

/// `[[apps.admin_keys]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminKey {
    pub key: Option<String>,
}

/// An item of `[apps.consent_items]`: a word, or a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ConsentItem {
    Word(Consent),
    Table(ConsentTable),
}

/// The table form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentTable {
    pub consent: Consent,
    #[serde(default)]
    pub collect_if_missing: bool,
    #[serde(default)]
    pub purpose: String,
}

/// `[[people]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default = "yes")]
    pub email_verified: bool,
    #[serde(default = "yes")]
    pub email_valid: bool,
    #[serde(default)]
    pub password: Option<String>,
    #[serde(default)]
    pub nickname: Option<String>,
    #[serde(default)]
    pub phone_number: Option<String>,
    #[serde(default)]
    pub talk: bool,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub gender: Option<Gender>,
    #[serde(default)]
    pub birthyear: Option<String>,
    #[serde(default)]
    pub birthday: Option<String>,
    #[serde(default)]
    pub birthday_type: Option<BirthdayType>,
    #[serde(default)]
    pub restricted: bool,
    #[serde(default = "yes")]
    pub agreed_to_terms: bool,
}

const fn yes() -> bool {
    true
}

const fn allow() -> Under14 {
    Under14::Allow
}

/// Reads a world file. An error names the line and, for an unknown name, the nearest right one.
///
/// # Errors
/// What was received, where, and what was expected.
pub fn parse(text: &str, file: &str) -> Result<WorldFile, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let message = error.message();
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let nearest = quoted
            .split_first()
            .and_then(|(unknown, known)| kakaw_core::diagnosis::meant(unknown, known.iter().copied()));
        let suggestion = nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
        format!("{file}, line {line}: {message}{suggestion}")
    })
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
        let world = parse(include_str!("../../assets/sample_world.toml"), "sample").expect("reads");
        assert_eq!((world.apps.len(), world.people.len()), (1, 4));
    }
}
