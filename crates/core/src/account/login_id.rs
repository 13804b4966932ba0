//! Log-in ids: what a person types to log in: an email address, a phone number or an id.

/// Maximum length of a log-in id, in characters.
const LENGTH: usize = 254;

/// A log-in id in its compared form: case and surrounding white space do not count, and of phone numbers only the
/// digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginId(String);

impl LoginId {
    /// Normalizes a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let login = text.trim().to_lowercase();
        if login.starts_with('+') {
            return Self(login.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect());
        }
        Self(login)
    }

    /// Returns the normalized text, which equal ids share.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a person can log in with this text. Only phone numbers may contain white space.
#[must_use]
pub(crate) fn is_login_id(text: &str) -> bool {
    let is_phone = super::rules::is_phone_number(text);
    let separates = |c: char| c.is_whitespace() || crate::validate::text::is_hidden(c);
    is_phone || (!text.is_empty() && text.chars().count() <= LENGTH && !text.contains(separates))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_compared_without_case_and_numbers_by_their_digits() {
        for (typed, kept) in [
            (" Ryan@Example.com ", "ryan@example.com"),
            ("NOEL", "noel"),
            ("+82 10-1234-5678", "+821012345678"),
            (" +82 (10) 1234.5678", "+821012345678"),
            ("82 10", "82 10"),
            ("", ""),
        ] {
            assert_eq!(LoginId::of(typed).as_str(), kept, "{typed:?}");
        }
    }

    #[test]
    fn an_id_can_be_typed() {
        for right in ["noel", "ryan@example.com", "+82 10-1234-5678", "no-email", "라이언"] {
            assert!(is_login_id(right), "{right}");
        }
        for wrong in ["", " noel", "no el", "noel\n", "no\u{200b}el", &"x".repeat(LENGTH + 1)] {
            assert!(!is_login_id(wrong), "{wrong:?}");
        }
    }

    proptest! {
        /// Normalizing is idempotent, so that looking a stored id up again cannot find another person.
        #[test]
        fn an_id_means_itself(text in "\\PC{0,30}") {
            let id = LoginId::of(&text);
            prop_assert_eq!(&LoginId::of(id.as_str()), &id);
            prop_assert_eq!(&LoginId::of(&format!(" {text}\t")), &id);
        }
    }
}
