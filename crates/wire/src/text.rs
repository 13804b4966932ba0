//! The texts of the catalogue, in four languages.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::problem::Code;

/// A language of pages and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    /// Korean, the default.
    Ko,
    /// English.
    En,
    /// Japanese.
    Ja,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::Ko, Self::En, Self::Ja, Self::Zh];

    /// Returns the value of the `lang` parameter.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
            Self::Ja => "ja",
            Self::Zh => "zh",
        }
    }

    /// Returns the language with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|lang| lang.id() == id)
    }

    /// Returns the language that the person prefers: `lang` if it is supported, else the best match of
    /// `Accept-Language` (RFC 9110 §12.5.4), else Korean.
    #[must_use]
    pub fn preferred(lang: Option<&str>, accept_language: Option<&str>) -> Self {
        if let Some(lang) = lang.and_then(Self::from_id) {
            return lang;
        }
        let mut best: Option<(f32, Self)> = None;
        for range in accept_language.unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let primary = parts.next().unwrap_or_default().trim().split('-').next().unwrap_or_default();
            let quality = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
            let (Some(lang), Some(quality)) = (Self::from_id(&primary.to_ascii_lowercase()), quality) else { continue };
            if quality > best.map_or(0.0, |(q, _)| q) {
                best = Some((quality, lang));
            }
        }
        best.map_or(Self::Ko, |(_, lang)| lang)
    }
}

/// The texts of one code in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// A short title.
    pub title: String,
    /// One sentence. It may contain placeholders for the row's evidence in braces.
    pub message: String,
    /// Why the error happens.
    pub cause: String,
    /// How to fix it.
    pub fix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    ko: Text,
    en: Text,
    ja: Text,
    zh: Text,
}

/// Returns the texts of `code` in `lang`, if the file could be read. A test reads every file.
#[must_use]
pub fn of(code: Code, lang: Lang) -> Option<&'static Text> {
    static ALL: OnceLock<HashMap<Code, Texts>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        Code::ALL.iter().filter_map(|code| Some((*code, toml::from_str(code.text_file()).ok()?))).collect()
    });
    let texts = all.get(&code)?;
    Some(match lang {
        Lang::Ko => &texts.ko,
        Lang::En => &texts.en,
        Lang::Ja => &texts.ja,
        Lang::Zh => &texts.zh,
    })
}

/// A text in every language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    ko: String,
    en: String,
    ja: String,
    zh: String,
}

impl Line {
    fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ko => &self.ko,
            Lang::En => &self.en,
            Lang::Ja => &self.ja,
            Lang::Zh => &self.zh,
        }
    }
}

/// Texts by id, in every language.
type Lines = HashMap<String, Line>;

fn all_settings() -> &'static Lines {
    static ALL: OnceLock<Lines> = OnceLock::new();
    ALL.get_or_init(|| toml::from_str(include_str!("../texts/settings.toml")).unwrap_or_default())
}

/// Returns the text of an expectation, or an empty text if there is none. A test checks that each has one.
#[must_use]
pub fn setting(id: &str, lang: Lang) -> &'static str {
    all_settings().get(id).map_or("", |text| text.of(lang))
}

/// Returns the text of an error of an SDK, or an empty text if there is none. A test checks that each has one.
pub(crate) fn client_error(id: &str, lang: Lang) -> &'static str {
    static ALL: OnceLock<Lines> = OnceLock::new();
    let all = ALL.get_or_init(|| toml::from_str(include_str!("../texts/client_errors.toml")).unwrap_or_default());
    all.get(id).map_or("", |text| text.of(lang))
}

/// Returns the number of expectations that have a text.
#[cfg(test)]
pub(crate) fn settings() -> usize {
    all_settings().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_four_languages_and_only_its_own_evidence() {
        for code in Code::ALL {
            for lang in Lang::ALL {
                let text = of(*code, *lang).unwrap_or_else(|| panic!("{} has no {} text", code.id(), lang.id()));
                for part in [&text.title, &text.message, &text.cause, &text.fix] {
                    assert!(!part.trim().is_empty(), "{} {} has an empty part", code.id(), lang.id());
                }
                for hole in text.message.split('{').skip(1) {
                    let name = hole.split('}').next().unwrap_or_default();
                    assert!(
                        code.evidence().contains(&name),
                        "{} {}: {{{name}}} is not its evidence",
                        code.id(),
                        lang.id()
                    );
                }
                for part in [&text.title, &text.cause, &text.fix] {
                    assert!(!part.contains('{'), "{} {}: only the message may hold evidence", code.id(), lang.id());
                }
            }
        }
    }

    #[test]
    fn language_follows_lang_then_the_browser_then_korean() {
        assert_eq!(Lang::preferred(Some("ja"), Some("en")), Lang::Ja);
        assert_eq!(Lang::preferred(Some("fr"), Some("en-US,en;q=0.9")), Lang::En);
        assert_eq!(Lang::preferred(None, Some("fr, zh-CN;q=0.8, en;q=0.9")), Lang::En);
        assert_eq!(Lang::preferred(None, Some("fr")), Lang::Ko);
        assert_eq!(Lang::preferred(None, None), Lang::Ko);
    }
}
