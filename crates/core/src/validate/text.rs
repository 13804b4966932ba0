//! The rules for text that people read or clients compare.

use kakaw_wire::{Expected, SettingProblem};
use unicode_security::skeleton;

/// Whether a character is invisible, ends the line, or changes the direction of the text after it (Unicode TR 36,
/// §2.5). Values that are compared or typed contain no such character.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}') || is_ignorable(c)
}

/// Whether a character has no picture of its own (Unicode's `Default_Ignorable_Code_Point`). All characters that turn
/// the direction of text are among them.
fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && skeleton(c.encode_utf8(&mut [0; 4])).next().is_none()
}

fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !is_hidden(c)
}

/// Whether an invisible character belongs to the visible ones around it: it joins two of them, or selects a picture of
/// the one before. Emoji, Persian, Mongolian and Japanese names need these.
fn belongs(before: Option<char>, c: char, after: Option<char>) -> bool {
    let follows = |fits: fn(char) -> bool| before.is_some_and(fits);
    match c {
        // Joiners. Emoji join behind a variation selector too.
        '\u{200c}' | '\u{200d}' => follows(|c| is_visible(c) || c == '\u{fe0f}') && after.is_some_and(is_visible),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => follows(is_visible),
        // The flags of England, Scotland and Wales.
        '\u{e0020}'..='\u{e007f}' => follows(|c| c == '\u{1f3f4}' || matches!(c, '\u{e0020}'..='\u{e007e}')),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => follows(|c| matches!(c, '\u{1820}'..='\u{18aa}')),
        _ => false,
    }
}

/// Whether text is what it looks like: something can be seen, it is one line, nothing in it turns the direction, and
/// invisible characters stand only where they belong.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let neighbor = |index: Option<usize>| index.and_then(|index| characters.get(index).copied());
    let fits = |(index, c): (usize, &char)| {
        !is_hidden(*c) || belongs(neighbor(index.checked_sub(1)), *c, neighbor(index.checked_add(1)))
    };
    characters.iter().copied().any(is_visible) && characters.iter().enumerate().all(fits)
}

/// Whether a text for people has 1 to `at_most` characters and [is plain](is_plain).
#[must_use]
pub fn fits(text: &str, at_most: usize) -> bool {
    text.chars().count() <= at_most && is_plain(text)
}

/// Returns the problem with a required text for people.
pub fn words(path: &str, text: &str, at_most: usize) -> Option<SettingProblem> {
    (!fits(text, at_most)).then(|| SettingProblem::new(path, text, Expected::Words { at_most }))
}

/// The same for an optional text.
pub(crate) fn maybe_words(path: &str, text: &str, at_most: usize) -> Option<SettingProblem> {
    if text.is_empty() { None } else { words(path, text, at_most) }
}

/// Returns a problem for each duplicate value of a list. The list is `path`; `name` is the part of an entry with the
/// value.
pub fn repeated<'a>(path: &str, name: &str, values: impl Iterator<Item = &'a str>) -> Vec<SettingProblem> {
    let mut seen = std::collections::BTreeSet::new();
    let mut problems = Vec::new();
    for (index, value) in values.enumerate() {
        if !seen.insert(value) {
            problems.push(SettingProblem::new(format!("{path}[{index}]{name}"), value, Expected::Once {}));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_what_it_looks_like() {
        for good in [
            "Coffee Club",
            "단골 커피 ☕",
            "ㅋㅋㅇㅇ",
            "株式会社ラーメン屋",
            "東京カフェ 咖啡馆",
            "قهوة",
            "می\u{200c}خواهم",
            "a\u{200d}b",
            "👩‍👩‍👧",
            "❤️‍🔥 👍🏽 🇰🇷",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "葛\u{e0100}城",
            "José",
        ] {
            assert_eq!(words("name", good, 20), None, "{good:?}");
        }
        for wrong in [
            "",
            "  ",
            "\u{3000}",
            "a\0b",
            "a\nb",
            "a\u{85}b",
            "a\u{2028}b",
            "evil\u{202e}gnp.exe",
            "\u{2066}a\u{2069}",
            "a\u{200b}b",
            "\u{feff}a",
            "\u{ad}a",
            "\u{3164}",
            "\u{2800}",
            "a\u{2800}",
            "\u{200d}",
            "a\u{200d}",
            "\u{200d}a",
            "a\u{200d}\u{200d}b",
            "\u{fe0f}a",
            "a\u{fe0f}\u{fe0f}",
            "a\u{e0067}\u{e007f}",
            "a\u{206a}b",
            "a\u{fff9}b\u{fffa}c\u{fffb}",
            "twenty-one characters",
        ] {
            assert!(words("name", wrong, 20).is_some(), "{wrong:?}");
        }
        assert_eq!(maybe_words("company", "", 20), None);
        assert!(maybe_words("company", "\u{2066}", 20).is_some());
    }

    #[test]
    fn the_second_of_two_is_named() {
        let problems = repeated("channels", ".id", ["a", "b", "a", "a"].into_iter());
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["channels[2].id", "channels[3].id"]);
        assert!(repeated("channels", ".id", ["a", "b"].into_iter()).is_empty());
    }

    proptest! {
        /// Text in these scripts is always accepted, and one wrong character anywhere refuses it.
        #[test]
        fn one_wrong_character_refuses_a_text(
            before in "[a-zA-Z가-힣ぁ-んァ-ヴ一-龠 ☕😀]{0,9}[가-힣]",
            wrong in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{3164}\u{ffa0}]",
            after in "[a-zA-Z가-힣 ]{0,9}",
        ) {
            let right = format!("{before}{after}");
            let wrong = format!("{before}{wrong}{after}");
            prop_assert!(fits(&right, 50), "{:?}", right);
            prop_assert!(!fits(&wrong, 50), "{:?}", wrong);
        }
    }
}
