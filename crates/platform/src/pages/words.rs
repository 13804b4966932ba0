//! The words of pages, one TOML table a language.

use std::collections::HashMap;
use std::sync::OnceLock;

use kakaw_wire::text::Lang;

/// The words of one language.
pub struct Words(HashMap<String, String>);

impl Words {
    /// The words under this key. A missing key shows itself; a test looks for every key that templates use.
    #[must_use]
    pub fn t<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }

    /// The words under this key, with one hole filled.
    #[must_use]
    pub fn with(&self, key: &str, hole: &str, value: &str) -> String {
        self.t(key).replacen(&format!("{{{hole}}}"), value, 1)
    }

    /// The name of a consent item.
    #[must_use]
    pub fn item(&self, id: &str) -> String {
        self.t(&format!("item_{id}")).to_owned()
    }
}

/// A text of the catalogue in runs: what stands between backticks is code.
#[must_use]
pub fn runs(text: &str) -> Vec<(bool, &str)> {
    text.split('`').enumerate().map(|(index, run)| (index % 2 == 1, run)).filter(|(_, run)| !run.is_empty()).collect()
}

/// The words of a language.
#[must_use]
pub fn of(lang: Lang) -> &'static Words {
    static ALL: OnceLock<[Words; 4]> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let read = |text: &str| Words(toml::from_str(text).unwrap_or_default());
        [
            read(include_str!("../../locales/ko.toml")),
            read(include_str!("../../locales/en.toml")),
            read(include_str!("../../locales/ja.toml")),
            read(include_str!("../../locales/zh.toml")),
        ]
    });
    match lang {
        Lang::Ko => &all[0],
        Lang::En => &all[1],
        Lang::Ja => &all[2],
        Lang::Zh => &all[3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_backticks() {
        assert_eq!(runs("Add `uri` to it"), [(false, "Add "), (true, "uri"), (false, " to it")]);
        assert_eq!(runs("`a`"), [(true, "a")]);
    }

    #[test]
    fn every_language_has_every_key_that_templates_use() {
        let templates = std::fs::read_dir("templates").expect("templates");
        let mut keys = Vec::new();
        for file in templates {
            let text = std::fs::read_to_string(file.expect("file").path()).expect("template");
            for part in text.split("w.t(\"").skip(1).chain(text.split("w.with(\"").skip(1)) {
                keys.push(part.split('"').next().unwrap_or_default().to_owned());
            }
        }
        assert!(keys.len() > 20, "{keys:?}");
        for lang in Lang::ALL {
            for key in keys.iter().chain(of(Lang::En).0.keys()) {
                assert!(of(*lang).0.contains_key(key), "{} lacks {key}", lang.id());
            }
        }
    }
}
