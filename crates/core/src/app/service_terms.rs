//! The service terms of an app, and simple sign-up (Kakao Sync), as its team sets them.

use serde::{Deserialize, Serialize};

/// Whether the first log-in is a sign-up on one screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimpleSignup {
    #[serde(default)]
    pub enabled: bool,
    /// It can be switched on only then (F09).
    #[serde(default)]
    pub review_passed: bool,
}

/// Terms of the service, which its app shows on the consent screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTerm {
    /// The name in parameters and answers.
    pub tag: String,
    pub title: String,
    /// Where people read them.
    pub url: String,
    #[serde(default)]
    pub required: bool,
    /// Agreements are to a version: after a new one people have not agreed yet.
    #[serde(default = "first")]
    pub version: i64,
}

const fn first() -> i64 {
    1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_are_optional_and_of_version_1_until_their_team_says_otherwise() {
        let term = json!({ "tag": "use", "title": "Terms of use", "url": "https://a.example/terms" });
        let term: ServiceTerm = serde_json::from_value(term).expect("terms");
        assert_eq!((term.required, term.version), (false, 1));
        let signup: SimpleSignup = serde_json::from_value(json!({})).expect("settings");
        assert_eq!((signup.enabled, signup.review_passed), (false, false));
    }
}
