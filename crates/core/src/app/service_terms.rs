//! The service terms of an app and simple sign-up (Kakao Sync), as the app's team sets them.

use serde::{Deserialize, Serialize};

/// Simple sign-up: whether the first log-in is a sign-up on one screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimpleSignup {
    #[serde(default)]
    pub enabled: bool,
    /// Whether Kakao's review is passed. Simple sign-up needs it (F09).
    #[serde(default)]
    pub review_passed: bool,
}

/// A service term, which the app shows on the consent screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTerm {
    /// The name in parameters and replies.
    pub tag: String,
    pub title: String,
    /// URL of the text.
    pub url: String,
    #[serde(default)]
    pub required: bool,
    /// People agree to a version. A new version needs their agreement again.
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
