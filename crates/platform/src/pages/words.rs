//! The texts of pages, one TOML table per language.

use std::collections::HashMap;
use std::sync::LazyLock;

use kakaw_wire::text::Lang;

/// The texts of one language.
pub struct Words(HashMap<String, String>);

impl Words {
    /// Returns the text under this key. A missing key returns the key itself; a test checks every key that templates
    /// use.
    #[must_use]
    pub fn t<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }

    /// Returns the text under this key, with one placeholder filled.
    #[must_use]
    pub fn with(&self, key: &str, hole: &str, value: &str) -> String {
        self.t(key).replacen(&format!("{{{hole}}}"), value, 1)
    }

    /// Returns the name of a consent item.
    #[must_use]
    pub fn item(&self, id: &str) -> String {
        self.t(&format!("item_{id}")).to_owned()
    }
}

/// Splits a text of the catalogue: what is between backticks is code.
#[must_use]
pub fn runs(text: &str) -> Vec<(bool, &str)> {
    text.split('`').enumerate().map(|(index, run)| (index % 2 == 1, run)).filter(|(_, run)| !run.is_empty()).collect()
}

/// The texts of every language.
pub struct Languages([Words; 4]);

impl Languages {
    /// Parses one TOML table per language: Korean, English, Japanese, Chinese.
    #[must_use]
    pub fn parse(texts: [&str; 4]) -> Self {
        Self(texts.map(|text| Words(toml::from_str(text).unwrap_or_default())))
    }

    /// Returns the texts of a language.
    #[must_use]
    pub const fn of(&self, lang: Lang) -> &Words {
        let [ko, en, ja, zh] = &self.0;
        match lang {
            Lang::Ko => ko,
            Lang::En => en,
            Lang::Ja => ja,
            Lang::Zh => zh,
        }
    }

    /// Returns the keys that some language lacks, of those that a template uses and of those that English has.
    #[must_use]
    pub fn missing(&self, template: &str) -> Vec<String> {
        let used = template.split("w.t(\"").skip(1).chain(template.split("w.with(\"").skip(1));
        let used = used.map(|rest| rest.split('"').next().unwrap_or_default());
        let keys: Vec<&str> = used.chain(self.of(Lang::En).0.keys().map(String::as_str)).collect();
        let lacking = |lang: Lang| {
            let known = &self.of(lang).0;
            let lacking = keys.iter().filter(|key| !known.contains_key(**key));
            lacking.map(|key| format!("{} lacks {key}", lang.id())).collect::<Vec<_>>()
        };
        Lang::ALL.iter().flat_map(|lang| lacking(*lang)).collect()
    }
}

static WORDS: LazyLock<Languages> = LazyLock::new(|| {
    Languages::parse([
        include_str!("../../locales/ko.toml"),
        include_str!("../../locales/en.toml"),
        include_str!("../../locales/ja.toml"),
        include_str!("../../locales/zh.toml"),
    ])
});

/// Returns the texts of a language.
#[must_use]
pub fn of(lang: Lang) -> &'static Words {
    WORDS.of(lang)
}

/// Returns the notice that the accounts are not real, as on a staging platform.
#[must_use]
pub fn test_notice(lang: Lang) -> &'static str {
    of(lang).t("test_notice")
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
    fn every_language_has_every_word_that_templates_use() {
        for file in std::fs::read_dir("templates").expect("templates") {
            let template = std::fs::read_to_string(file.expect("file").path()).expect("template");
            assert_eq!(WORDS.missing(&template), Vec::<String>::new());
        }
        assert_eq!(WORDS.missing("{{ w.t(\"nonsense\") }}").len(), 4);
    }
}
