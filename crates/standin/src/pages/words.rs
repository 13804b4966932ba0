//! The texts of the stand-in's pages, one TOML table per language.

use std::sync::LazyLock;

use kakaw_platform::pages::words::{Languages, Words};
use kakaw_wire::text::Lang;

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

/// Returns the notice at the top of every page.
#[must_use]
pub fn banner(lang: Lang) -> &'static str {
    of(lang).t("banner")
}

/// Returns the text of the link to the inspector.
#[must_use]
pub fn open_inspector(lang: Lang) -> &'static str {
    of(lang).t("open_inspector")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word_that_templates_use() {
        for file in std::fs::read_dir("templates").expect("templates") {
            let template = std::fs::read_to_string(file.expect("file").path()).expect("template");
            let own = template.replace("frame.w.", "frame.words.");
            assert_eq!(WORDS.missing(&own), Vec::<String>::new());
        }
    }
}
