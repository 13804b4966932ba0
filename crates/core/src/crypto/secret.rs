//! Secrets: text that is never displayed, and keyed hashes to look up or compare such text.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize;

/// A secret text. It has no `Display`, its `Debug` hides it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. The name makes every use easy to find.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Returns the SHA-256 of a value with more than 128 bits of entropy, as base64url. Codes and cookies are stored like
/// this.
#[must_use]
pub fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Returns the HMAC-SHA256 under `key`, as base64url. Client secrets and admin keys are looked up and compared like
/// this.
#[must_use]
pub fn keyed_hash(key: &[u8], text: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()))
}

/// Compares in constant time.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Masks a value that must not be shown whole: returns its first four characters.
#[must_use]
pub fn masked(text: &str) -> String {
    let head: String = text.chars().take(4).collect();
    format!("{head}…")
}

/// Minimum entropy of a secret in bits, if its characters are random.
const BITS: f64 = 128.0;

/// Whether a secret could be guessed: it is too short for its alphabet, or consists of few characters.
#[must_use]
pub fn is_weak(secret: &str) -> bool {
    let all = |fits: fn(char) -> bool| secret.chars().all(fits);
    let bits_per_character = if all(|c| c.is_ascii_digit()) {
        10_f64.log2()
    } else if all(|c| c.is_ascii_hexdigit()) {
        4.0
    } else if all(|c| c.is_ascii_alphanumeric()) {
        62_f64.log2()
    } else {
        94_f64.log2()
    };
    let mut characters: Vec<char> = secret.chars().collect();
    let length = u32::try_from(characters.len()).unwrap_or(u32::MAX);
    characters.sort_unstable();
    characters.dedup();
    characters.len() < 8 || f64::from(length) * bits_per_character < BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_shown_only_by_expose() {
        let secret = Secret::new("hush");
        assert_eq!(secret.expose(), "hush");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn hashes_are_those_of_the_standards() {
        // FIPS 180-2, "abc"; RFC 4231, case 2.
        assert_eq!(hash("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        let hmac = keyed_hash(b"Jefe", "what do ya want for nothing?");
        assert_eq!(hmac, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    }

    #[test]
    fn what_may_not_be_shown_whole_shows_four_characters() {
        for (text, shown) in [("", "…"), ("abcd", "abcd…"), ("abcdefgh", "abcd…"), ("카카오톡이다", "카카오톡…")]
        {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn weak_secrets_are_known() {
        for weak in [
            "",
            "s3cret",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "1234567890123456789012345678901",
            "abcDEF123456",
            "0123456012345601234560123456012345601234560",
        ] {
            assert!(is_weak(weak), "{weak}");
        }
        for strong in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "V3ry-L0ng&Random!String#42",
            "kJ8sQ2mZxP0aWv7LrT5uNd",
            "012345670123456701234567012345670123456",
        ] {
            assert!(!is_weak(strong), "{strong}");
        }
    }

    proptest! {
        #[test]
        fn only_equal_texts_are_the_same(a in "[ab]{0,3}", b in "[ab]{0,3}") {
            prop_assert_eq!(same(&a, &b), a == b);
        }
    }
}
