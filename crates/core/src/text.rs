//! The rules for text that people read or clients compare.

use kakaw_wire::{Expected, SettingProblem};

/// Whether a character is invisible or changes the direction of the text after it. Text with such characters is not
/// what it looks like (Unicode TR 36, §2.5).
#[must_use]
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns the problem with a required text for people.
pub fn words(path: &str, text: &str, at_most: usize) -> Option<SettingProblem> {
    let fits = !text.trim().is_empty() && text.chars().count() <= at_most && !text.chars().any(is_hidden);
    (!fits).then(|| SettingProblem::new(path, text, Expected::Words { at_most }))
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
    use super::*;

    #[test]
    fn text_is_what_it_looks_like() {
        for good in ["Coffee Club", "단골 커피 ☕", "قهوة", "👩‍👩‍👧", "a\u{200d}b"] {
            assert_eq!(words("name", good, 20), None, "{good:?}");
        }
        for wrong in
            ["", "  ", "a\0b", "a\nb", "evil\u{202e}gnp.exe", "a\u{200b}b", "\u{feff}a", "twenty-one characters"]
        {
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
}
