//! Diagnoses: why a request was refused, in detail that only the app's team may see.

use kakaw_wire::Problem;
use kakaw_wire::problem::EVIDENCE;

/// Text that only the app's team may read. Pages and JSON for others cannot render it: it has no `Display`, and
/// [`Team::for_team`] is the only way to the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team(Vec<String>);

impl Team {
    /// Returns the findings. Call it only for members of the team; in `dev` that is everybody.
    #[must_use]
    pub fn for_team(&self) -> &[String] {
        &self.0
    }
}

/// A problem with its diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the client sees.
    pub problem: Problem,
    /// What the team sees in addition.
    pub diagnosis: Team,
}

impl Refusal {
    /// Makes a refusal without findings.
    #[must_use]
    pub fn new(problem: Problem) -> Self {
        Self { problem, diagnosis: Team::default() }
    }

    /// Adds a finding.
    #[must_use]
    pub fn because(mut self, finding: impl Into<String>) -> Self {
        self.diagnosis.0.push(finding.into().chars().take(2 * EVIDENCE).collect());
        self
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::new(problem)
    }
}

/// Describes how `received` differs from the registered values: the nearest one and the first difference.
#[must_use]
pub fn difference(received: &str, registered: &[String]) -> Vec<String> {
    let received: &str = &received.chars().take(EVIDENCE).collect::<String>();
    let Some(nearest) = nearest(received, registered.iter().map(String::as_str)) else {
        return vec!["none is registered for this key".to_owned()];
    };
    let mut findings =
        vec![format!("received   {received}"), format!("registered {nearest} (the nearest of {})", registered.len())];
    let common = received.chars().zip(nearest.chars()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| text.chars().skip(common).collect::<String>();
    findings.push(match (rest(received).as_str(), rest(nearest).as_str()) {
        ("/", "") => "the received value ends with a slash, the registered one does not".to_owned(),
        ("", "/") => "the registered value ends with a slash, the received one does not".to_owned(),
        ("", missing) => format!("the received value lacks “{missing}” at its end"),
        (extra, "") => format!("the received value has “{extra}” too much at its end"),
        (a, b) => {
            format!("they differ from character {}: received “{}…”, registered “{}…”", common + 1, head(a), head(b))
        }
    });
    if received.starts_with("https://") && nearest.starts_with("http://")
        || received.starts_with("http://") && nearest.starts_with("https://")
    {
        findings.push("http and https are two different redirect URIs".to_owned());
    }
    if received.contains("%2F") || received.contains("%3A") {
        findings.push("the value is percent-encoded twice".to_owned());
    }
    findings
}

/// Returns the candidate most similar to `word`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(EVIDENCE).collect();
    candidates.into_iter().min_by_key(|candidate| strsim::levenshtein(&word, candidate))
}

/// Returns the candidate most similar to `word`, if it is similar enough for a suggestion.
pub fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let allowed = (length / 3).max(2);
    nearest(word, candidates).filter(|candidate| {
        let distance = strsim::levenshtein(word, candidate);
        // Two short words with nothing in common are not similar.
        distance <= allowed && distance < length.max(candidate.chars().count())
    })
}

fn head(text: &str) -> String {
    text.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let registered = vec!["http://localhost:3000/callback".to_owned()];
        let findings = difference("http://localhost:3000/callback/", &registered);
        assert!(findings.iter().any(|f| f.contains("ends with a slash")), "{findings:?}");
        let findings = difference("http://localhost:3001/callback", &registered);
        assert!(findings.iter().any(|f| f.contains("from character 21")), "{findings:?}");
        assert!(difference("x", &[])[0].contains("none is registered"));
    }

    #[test]
    fn each_difference_has_its_words() {
        let of = |received: &str, registered: &str| difference(received, &[registered.to_owned()])[2..].join("; ");
        for (received, registered, words) in [
            ("http://a/cb", "http://a/cb/", "the registered value ends with a slash"),
            ("http://a/c", "http://a/cb", "lacks “b” at its end"),
            ("http://a/cb?x", "http://a/cb", "has “?x” too much at its end"),
            ("http://a/cb", "https://a/cb", "two different redirect URIs"),
            ("https://a/cb", "http://a/cb", "two different redirect URIs"),
            ("http://a/one", "http://a/two", "from character 10: received “one…”, registered “two…”"),
            ("http%3A%2F%2Fa", "http://a", "percent-encoded twice"),
            ("a%3A", "a:", "percent-encoded twice"),
            ("a%2F", "a/", "percent-encoded twice"),
        ] {
            let found = of(received, registered);
            assert!(found.contains(words), "{received}: {found}");
        }
        for (received, registered) in [("http://a/cb/", "http://a/cb"), ("https://b/", "https://a/"), ("x", "http://a")]
        {
            let found = of(received, registered);
            assert!(!found.contains("two different") && !found.contains("twice"), "{received}: {found}");
        }
    }

    #[test]
    fn the_nearest_is_shown_and_far_ones_are_not_meant() {
        let registered = ["https://a.example/one", "https://a.example/two"].map(str::to_owned);
        let found = difference("https://a.example/tow", &registered);
        assert_eq!(found[1], "registered https://a.example/two (the nearest of 2)");
        let words = ["gender", "birthday", "name", "profile_nickname"];
        for (word, expected) in [
            ("gendr", Some("gender")),
            ("birthdai", Some("birthday")),
            ("na", Some("name")),
            ("prfle_nicknme", Some("profile_nickname")),
            ("n", None),
            ("xx", None),
            ("phone_number", None),
        ] {
            assert_eq!(meant(word, words), expected, "{word}");
        }
        assert_eq!(meant("x", []), None);
        assert_eq!(meant("fo", ["-1", "-10"]), None, "nothing in common");
    }

    #[test]
    fn what_is_far_too_long_is_cut() {
        let long = "x".repeat(5 * EVIDENCE);
        let refusal = Refusal::new(Problem::BadClientCredentials {}).because(&*long);
        assert_eq!(refusal.diagnosis.for_team()[0].len(), 2 * EVIDENCE);
        assert_eq!(difference(&long, &["y".to_owned()])[0].len(), "received   ".len() + EVIDENCE);
    }
}
