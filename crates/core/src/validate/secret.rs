//! The rules for app keys and client secrets. A problem repeats only the length, because both can be secrets.

use kakaw_wire::{Expected, SettingProblem};

use super::{Limits, text};
use crate::app::KeyKind;
use crate::crypto::secret::is_weak;

/// Maximum length of a client secret, in characters.
const SECRET: usize = 200;

/// Whether the text has the format of a key: 32 lower-case hexadecimal characters.
#[must_use]
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Returns the problem with a key that somebody chose. Only admin keys are secrets.
#[must_use]
pub fn app_key(kind: KeyKind, key: &str, limits: &Limits) -> Option<SettingProblem> {
    let guessable = kind == KeyKind::Admin && limits.strong_secrets && is_weak(key);
    let expected = if !is_key(key) {
        Expected::AppKey {}
    } else if guessable || limits.public_key == Some(key) {
        Expected::UnknownKey {}
    } else {
        return None;
    };
    Some(SettingProblem::new("key", &hidden(key), expected))
}

/// Returns the problem with a client secret for a key of this kind.
#[must_use]
pub fn client_secret(kind: KeyKind, client_secret: &str, limits: &Limits) -> Option<SettingProblem> {
    let problem = |expected| Some(SettingProblem::new("client_secret", &hidden(client_secret), expected));
    let length = client_secret.chars().count();
    if kind != KeyKind::RestApi {
        return problem(Expected::NoClientSecret {});
    }
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
        app_key(KeyKind::Admin, key, &Limits::default())
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
        let expected = |kind, text: &str, limits| {
            let problem = client_secret(kind, text, limits);
            assert!(problem.as_ref().is_none_or(|problem| text.is_empty() || !problem.received.contains(text)));
            problem.map(|problem| problem.expected)
        };
        assert_eq!(expected(KeyKind::RestApi, "s3cret", &open), None);
        assert_eq!(expected(KeyKind::RestApi, "s3cret", &strict), Some(Expected::StrongSecret {}));
        assert_eq!(expected(KeyKind::RestApi, "9f86d081884c7d659a2feaa0c55ad015", &strict), None);
        assert_eq!(expected(KeyKind::RestApi, "", &open), Some(Expected::Words { at_most: SECRET }));
        assert_eq!(expected(KeyKind::RestApi, &"x".repeat(200), &open), None);
        assert_eq!(expected(KeyKind::RestApi, &"x".repeat(201), &open), Some(Expected::Words { at_most: SECRET }));
        assert_eq!(expected(KeyKind::Native, "s3cret", &open), Some(Expected::NoClientSecret {}));
    }

    #[test]
    fn an_admin_key_that_can_be_guessed_and_the_public_key_are_refused() {
        let public = "0123456789abcdef0123456789abcdef";
        let (weak, strong) = ("0".repeat(32), "9f86d081884c7d659a2feaa0c55ad015");
        let strict = Limits { strong_secrets: true, public_key: Some(public), ..Limits::default() };
        let expected = |kind, key: &str| app_key(kind, key, &strict).map(|problem| problem.expected);
        for kind in KeyKind::ALL.iter().copied() {
            // Other keys than admin keys are not secret.
            assert_eq!(expected(kind, &weak), (kind == KeyKind::Admin).then_some(Expected::UnknownKey {}));
            assert_eq!(expected(kind, public), Some(Expected::UnknownKey {}));
            assert_eq!(expected(kind, strong), None);
            assert_eq!(app_key(kind, public, &Limits::default()), None);
            assert_eq!(app_key(kind, &weak, &Limits::default()), None);
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
