//! The rules for app keys and client secrets. A problem repeats only the length, because both can be secrets.

use kakaw_wire::{Expected, SettingProblem};

use super::{Limits, text};
use crate::crypto::secret::is_weak;

/// Maximum length of a client secret, in characters.
const SECRET: usize = 200;

/// Whether the text has the format of a key: 32 lower-case hexadecimal characters.
#[must_use]
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Returns the problem with a key that somebody chose. Only admin keys are secret.
#[must_use]
pub fn app_key(key: &str, is_secret: bool, limits: &Limits) -> Option<SettingProblem> {
    let guessable = is_secret && limits.strong_secrets && is_weak(key);
    let expected = if !is_key(key) {
        Expected::AppKey {}
    } else if guessable || limits.public_key == Some(key) {
        Expected::UnknownKey {}
    } else {
        return None;
    };
    Some(SettingProblem::new("key", &hidden(key), expected))
}

/// Returns the problem with a client secret.
#[must_use]
pub fn client_secret(client_secret: &str, limits: &Limits) -> Option<SettingProblem> {
    let problem = |expected| Some(SettingProblem::new("client_secret", &hidden(client_secret), expected));
    let length = client_secret.chars().count();
    if length == 0 || length > SECRET || client_secret.chars().any(text::is_hidden) {
        return problem(Expected::Words { at_most: SECRET });
    }
    if limits.strong_secrets && is_weak(client_secret) { problem(Expected::StrongSecret {}) } else { None }
}

/// Describes a secret by its length.
fn hidden(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{} characters", text.chars().count()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn app_key_open(key: &str) -> Option<SettingProblem> {
        app_key(key, true, &Limits::default())
    }

    #[test]
    fn keys_and_secrets_are_repeated_by_their_length_only() {
        assert_eq!(app_key_open("0123456789abcdef0123456789abcdef"), None);
        for wrong in [
            "",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcde",
            "g123456789abcdef0123456789abcdef",
        ] {
            let problem = app_key_open(wrong).expect(wrong);
            assert_eq!(problem.expected, Expected::AppKey {});
            let length = wrong.chars().count();
            assert_eq!(problem.received, if length == 0 { String::new() } else { format!("{length} characters") });
        }
        let (open, strict) = (Limits::default(), Limits { strong_secrets: true, ..Limits::default() });
        let expected = |text: &str, limits| {
            let problem = client_secret(text, limits);
            assert!(problem.as_ref().is_none_or(|problem| text.is_empty() || !problem.received.contains(text)));
            problem.map(|problem| problem.expected)
        };
        assert_eq!(expected("s3cret", &open), None);
        assert_eq!(expected("s3cret", &strict), Some(Expected::StrongSecret {}));
        assert_eq!(expected("9f86d081884c7d659a2feaa0c55ad015", &strict), None);
        assert_eq!(expected("", &open), Some(Expected::Words { at_most: SECRET }));
        assert_eq!(expected("a\u{200b}b", &open), Some(Expected::Words { at_most: SECRET }));
        assert_eq!(expected(&"x".repeat(200), &open), None);
        assert_eq!(expected(&"x".repeat(201), &open), Some(Expected::Words { at_most: SECRET }));
    }

    #[test]
    fn an_admin_key_that_can_be_guessed_and_the_public_key_are_refused() {
        let public = "0123456789abcdef0123456789abcdef";
        let (weak, strong) = ("0".repeat(32), "9f86d081884c7d659a2feaa0c55ad015");
        let strict = Limits { strong_secrets: true, public_key: Some(public), ..Limits::default() };
        let expected = |key: &str, secret| app_key(key, secret, &strict).map(|problem| problem.expected);
        assert_eq!(expected(&weak, true), Some(Expected::UnknownKey {}));
        assert_eq!(expected(&weak, false), None, "other keys than admin keys are not secret");
        for secret in [true, false] {
            assert_eq!(expected(public, secret), Some(Expected::UnknownKey {}));
            assert_eq!(expected(strong, secret), None);
            assert_eq!(app_key(public, secret, &Limits::default()), None);
            assert_eq!(app_key(&weak, secret, &Limits::default()), None);
        }
    }

    proptest! {
        #[test]
        fn a_key_is_what_16_bytes_are_as_hexadecimal(bytes in any::<[u8; 16]>(), more in "[0-9a-f]{1,3}") {
            let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            prop_assert!(is_key(&key));
            for wrong in [format!("{key}{more}"), key[1..].to_owned(), key.replacen(|_| true, "G", 1)] {
                prop_assert!(!is_key(&wrong));
            }
        }
    }
}
