//! Names that people trust: those of apps, their companies and their hosts. Such a name must not imitate another one
//! with letters that look the same (Unicode TS 39).

use kakaw_wire::{Expected, SettingProblem};
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

use super::text;

/// Returns the problem with a required name.
#[must_use]
pub fn name(path: &str, name: &str, at_most: usize) -> Option<SettingProblem> {
    let imitation = || imitates(name).then(|| SettingProblem::new(path, name, Expected::NoImitation {}));
    text::words(path, name, at_most).or_else(imitation)
}

/// The same for an optional name.
#[must_use]
pub fn maybe_name(path: &str, text: &str, at_most: usize) -> Option<SettingProblem> {
    if text.is_empty() { None } else { name(path, text, at_most) }
}

/// Whether a name looks like another one: a word mixes scripts that are not written together (`Kаkao` with a Cyrillic
/// `а`), or all of its foreign letters look like Latin ones.
#[must_use]
pub fn imitates(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c.script() == Script::Inherited;
    let mut words = name.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    let looks_latin = |text: &str| {
        let mut letters = text.chars().filter(|c| is_part(*c));
        let foreign = letters.any(|c| c.is_alphabetic() && !c.is_ascii() && c.script() != Script::Latin);
        foreign && skeleton(text).filter(|c| is_part(*c)).all(|c| c.is_ascii())
    };
    let is_cjk = |c: char| matches!(c.script(), Script::Hangul | Script::Han | Script::Hiragana | Script::Katakana);
    let is_latin = |c: char| c.is_ascii_alphabetic();
    words.clone().any(|word| mixes_scripts(word) || (word.contains(is_latin) && looks_latin(word)))
        || (words.any(|word| word.contains(char::is_alphabetic)) && !name.contains(is_cjk) && looks_latin(name))
}

/// Whether a word has letters of scripts that are not written together. Latin goes with Korean, Japanese and Chinese,
/// and with one other script whose letters look different.
fn mixes_scripts(word: &str) -> bool {
    let (mut all, mut others) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for scripts in word.chars().map(AugmentedScriptSet::for_char) {
        all.intersect_with(scripts);
        if !scripts.base.contains_script(Script::Latin) {
            others.intersect_with(scripts);
        }
    }
    let together = others.kore || others.jpan || others.hanb;
    let one_other = others.base.len() == 1
        && others
            .base
            .iter()
            .all(|script| script.is_recommended() && script != Script::Cyrillic && script != Script::Greek);
    all.is_empty() && !together && !one_other
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_real_apps_are_names() {
        for right in [
            "Coffee Club",
            "단골 커피 ☕",
            "카카오톡 Talk플러스",
            "LINEで予約",
            "QQ音乐",
            "㈜단골커피 (dev) #2",
            "ㅇㅇ",
            "ノノ",
            "ＡＢＣマート",
            "Кафе у моря",
            "Яндекс Taxi",
            "Ελληνικός Καφές",
            "Appไทย",
            "قهوة",
            "Łódź & Ünïcödé",
            "1½ Liter",
            "C++ 10%",
            "☕",
            "7",
        ] {
            assert_eq!(name("name", right, 50), None, "{right:?}");
        }
    }

    #[test]
    fn imitations_are_not() {
        for wrong in [
            "Kаkao",       // Cyrillic а
            "КаkaoTalk",   // Cyrillic К, а
            "ΚΑΚΑΟ",       // Greek capitals
            "ᏦᎪ",          // Cherokee
            "𝐊𝐚𝐤𝐚𝐨",       // mathematical letters
            "Gㅇㅇgle",    // Hangul jamo
            "Coffee Ϲlub", // Greek lunate sigma
            "카카오 Tаlk", // Cyrillic а, in the second word
        ] {
            assert_eq!(name("name", wrong, 50).map(|p| p.expected), Some(Expected::NoImitation {}), "{wrong:?}");
        }
        assert_eq!(maybe_name("company", "", 5), None);
        assert!(maybe_name("company", "Kаkao", 5).is_some());
        assert_eq!(name("name", "K\u{202e}", 5).map(|p| p.expected), Some(Expected::Words { at_most: 5 }));
    }

    proptest! {
        /// Korean, Latin, digits and punctuation mix freely.
        #[test]
        fn korean_and_latin_are_written_together(text in "[a-zA-Z0-9가-힣][a-zA-Z0-9가-힣 .,&()-]{0,20}") {
            prop_assert!(!imitates(&text));
        }

        /// A Latin word in which one letter is Cyrillic is never a name.
        #[test]
        fn one_cyrillic_letter_in_a_latin_word_is_an_imitation(before in "[a-z]{1,5}", letter in "[а-я]", after in "[a-z가-힣]{0,5}") {
            let word = format!("{before}{letter}{after}");
            prop_assert!(imitates(&word), "{}", word);
        }
    }
}
