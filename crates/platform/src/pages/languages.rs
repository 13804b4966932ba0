//! The links to the same page in another language.

use kakaw_wire::form::Pairs;
use kakaw_wire::text::Lang;
use kakaw_wire::url::{encoded, split_query};

use super::words;

/// A link to the page in one language.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    pub id: &'static str,
    /// The language's name in itself.
    pub name: &'static str,
    /// A path of ours.
    pub path: String,
    pub is_current: bool,
}

/// The longest path that is repeated in links.
const LONGEST: usize = 4000;

/// Returns the page at this path in every language. A path that somebody made very long is not repeated.
#[must_use]
pub fn of(path: &str, current: Lang) -> Vec<Language> {
    if path.len() > LONGEST {
        return Vec::new();
    }
    let link = |lang: &Lang| Language {
        id: lang.id(),
        name: words::of(*lang).t("language_name"),
        path: with(path, *lang),
        is_current: *lang == current,
    };
    Lang::ALL.iter().map(link).collect()
}

/// Returns the same path with this language. A path to continue with gets the language too, so that the next page does not
/// change back.
fn with(path: &str, lang: Lang) -> String {
    let (before, query) = split_query(path);
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
    let pairs = kept.map(|pair| match pair.strip_prefix("continue=") {
        Some(_) => continued(pair, lang).unwrap_or_else(|| pair.to_owned()),
        None => pair.to_owned(),
    });
    let pairs: Vec<String> = pairs.chain([format!("lang={}", lang.id())]).collect();
    format!("{before}?{}", pairs.join("&"))
}

fn continued(pair: &str, lang: Lang) -> Option<String> {
    let pairs = Pairs::parse(pair).ok()?;
    let target = pairs.one("continue").ok().flatten().filter(|target| target.starts_with("/oauth/authorize?"))?;
    Some(format!("continue={}", encoded(&with(target, lang))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_stays_and_the_language_changes() {
        assert_eq!(with("/", Lang::Ja), "/?lang=ja");
        assert_eq!(with("/docs/errors/KOE006?lang=ko", Lang::En), "/docs/errors/KOE006?lang=en");
        assert_eq!(with("/oauth/authorize?a=%20&lang=ko&b=1", Lang::Zh), "/oauth/authorize?a=%20&b=1&lang=zh");
        let login = format!("/login?continue={}&lang=ko", encoded("/oauth/authorize?a=b%26&lang=ko"));
        let expected = format!("/login?continue={}&lang=en", encoded("/oauth/authorize?a=b%26&lang=en"));
        assert_eq!(with(&login, Lang::En), expected);
        assert_eq!(with("/login?continue=https%3A%2F%2Fevil", Lang::En), "/login?continue=https%3A%2F%2Fevil&lang=en");
    }

    #[test]
    fn one_of_the_links_is_current() {
        let current: Vec<bool> = of("/", Lang::Ja).iter().map(|language| language.is_current).collect();
        assert_eq!(current.iter().filter(|is_current| **is_current).count(), 1);
    }
}
