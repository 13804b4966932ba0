//! Every setting with its documentation, generated from the types; `docs/reference/configuration.md` is generated from it.

use std::sync::LazyLock;

use kakaw_store::db::Url;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// Its path in the file.
    pub name: String,
    /// Its meaning, with the unit.
    pub doc: String,
}

impl Key {
    /// The value without secrets: the password of a database URL is hidden.
    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        if self.name == "database" { Url::shown(value) } else { value.to_owned() }
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KAKAW_{}", self.name.to_uppercase().replace('.', "__"))
    }
}

/// Every setting, top-level keys first.
#[must_use]
pub fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Config>();
        let mut all = Vec::new();
        add("", schema.as_value(), &mut all);
        all.sort_by_key(|key| key.name.contains('.'));
        all
    });
    &KEYS
}

/// Returns the key with this name.
pub fn key(name: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.name == name)
}

fn add(before: &str, schema: &Value, all: &mut Vec<Key>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{before}{name}");
        if schema["properties"].is_object() {
            add(&format!("{name}."), schema, all);
        } else {
            let doc = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
            all.push(Key { name, doc });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_name_and_a_documentation() {
        let names: Vec<&str> = keys().iter().map(|key| key.name.as_str()).collect();
        for name in ["listen", "database", "policy.code_lifetime", "passwords.queue", "webhooks.ca_file"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert!(!names.contains(&"policy"), "a table is no setting: {names:?}");
        for key in keys() {
            assert!(key.doc.ends_with('.') && !key.doc.starts_with("`["), "{}: {:?}", key.name, key.doc);
        }
        assert_eq!(key("policy.code_lifetime").map(Key::variable).as_deref(), Some("KAKAW_POLICY__CODE_LIFETIME"));
    }
}
