//! How the trail names a person: by a random key that only this person has.
//!
//! The name in a row is a keyed hash under it, and personal data in a row is sealed under it. The key itself is stored
//! sealed, beside the account. If it is destroyed, the rows stay as they are, and name nobody.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The key of one person.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonKey(pub [u8; 32]);

impl PersonKey {
    /// Returns the name in rows: 96 bits, of which nobody can tell the person without the key.
    #[must_use]
    pub fn name(&self) -> String {
        let tag = self.derive(b"name");
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..12).unwrap_or_default())
    }

    /// Seals personal data of the row with this id.
    #[must_use]
    pub fn seal(&self, row: i64, plain: &[u8]) -> String {
        let mut sealed = plain.to_vec();
        let done = self.cipher().is_some_and(|key| {
            key.seal_in_place_append_tag(nonce(), Aad::from(row.to_be_bytes()), &mut sealed).is_ok()
        });
        if done { URL_SAFE_NO_PAD.encode(sealed) } else { String::new() }
    }

    /// Opens what [`Self::seal`] made for the same row. Returns `None` for everything else.
    #[must_use]
    pub fn open(&self, row: i64, text: &str) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = self.cipher()?.open_in_place(nonce(), Aad::from(row.to_be_bytes()), &mut sealed).ok()?;
        Some(plain.to_vec())
    }

    fn derive(&self, purpose: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, self.derive(b"seal").as_ref()).ok()?;
        Some(LessSafeKey::new(key))
    }
}

/// The row's id makes each sealed text differ; the scheme is misuse-resistant (RFC 8452).
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_key_seals_for_a_row_opens_only_with_it_and_for_that_row() {
        let (one, two) = (PersonKey([1; 32]), PersonKey([2; 32]));
        let text = one.seal(7, b"hello");
        assert_eq!(one.open(7, &text).as_deref(), Some(&b"hello"[..]));
        assert_eq!(one.open(8, &text), None);
        assert_eq!(two.open(7, &text), None);
        assert_eq!(one.open(7, "not base64url!"), None);
        assert_ne!(one.seal(8, b"hello"), text, "the same text in two rows does not look the same");
    }

    #[test]
    fn a_name_is_short_stable_and_of_one_key() {
        let (one, two) = (PersonKey([1; 32]), PersonKey([2; 32]));
        assert_eq!((one.name().len(), one.name()), (16, PersonKey([1; 32]).name()));
        assert_ne!(one.name(), two.name());
        assert!(!URL_SAFE_NO_PAD.encode(one.0).starts_with(&one.name()), "the name is not a part of the key");
    }
}
