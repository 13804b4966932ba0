//! Sealing: encryption into opaque text that only this service can open, bound to a world and a purpose.
//!
//! AES-256-GCM-SIV (RFC 8452) under one HKDF subkey per purpose, with the world and the purpose as associated data.
//! The scheme is misuse-resistant, so a constant nonce reveals only whether two plaintexts are equal.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a sealed text is for. A text sealed for one purpose opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Access tokens.
    Access,
    /// Refresh tokens.
    Refresh,
    /// The state of an interaction: what is kept between the pages of one authorization request.
    Interaction,
    /// The state of a form: what it was rendered with.
    Form,
    /// A log-in by certificate.
    Transaction,
    /// The person who selects a shipping address.
    Selection,
    /// Values kept in the database: client secrets, admin keys, signing keys.
    Keep,
    /// Personal data at rest: webhook notices, addresses, linking information (CI).
    Rest,
}

impl Purpose {
    const ALL: [Self; 8] = [
        Self::Access,
        Self::Refresh,
        Self::Interaction,
        Self::Form,
        Self::Transaction,
        Self::Selection,
        Self::Keep,
        Self::Rest,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Interaction => "interaction",
            Self::Form => "form",
            Self::Transaction => "transaction",
            Self::Selection => "selection",
            Self::Keep => "keep",
            Self::Rest => "rest",
        }
    }
}

/// A master key with its number, which precedes each sealed text in clear.
#[derive(Clone)]
pub struct MasterKey {
    /// 1 to 255.
    pub id: u8,
    /// 256 bits.
    pub bytes: [u8; 32],
}

/// Seals and opens text. It seals with the first key and opens with every key.
pub struct Sealer {
    keys: Vec<(u8, [LessSafeKey; 8])>,
    hash_key: [u8; 32],
    world: String,
}

impl Sealer {
    /// Derives the subkeys. Returns `None` when there is no key.
    #[must_use]
    pub fn new(world: &str, masters: &[MasterKey]) -> Option<Self> {
        let mut keys = Vec::new();
        for master in masters {
            let mut subkeys = Vec::new();
            for purpose in Purpose::ALL {
                let key = UnboundKey::new(&AES_256_GCM_SIV, &derive(&master.bytes, purpose.name())?).ok()?;
                subkeys.push(LessSafeKey::new(key));
            }
            keys.push((master.id, subkeys.try_into().ok()?));
        }
        // Keyed hashes are stored, so they use the oldest key, which rotation keeps.
        let hash_key = derive(&masters.iter().min_by_key(|m| m.id)?.bytes, "hash")?;
        Some(Self { keys, hash_key, world: world.to_owned() })
    }

    /// Returns the key of the stored keyed hashes.
    #[must_use]
    pub fn hash_key(&self) -> &[u8] {
        &self.hash_key
    }

    /// Seals `plain` as base64url text.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> String {
        let mut text = Vec::with_capacity(1 + plain.len() + 16);
        if let Some((id, subkeys)) = self.keys.first()
            && let Some(key) = subkeys.get(purpose as usize)
        {
            let mut sealed = plain.to_vec();
            if key.seal_in_place_append_tag(nonce(), self.aad(purpose), &mut sealed).is_ok() {
                text.push(*id);
                text.append(&mut sealed);
            }
        }
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Opens text that [`Self::seal`] made for the same purpose in the same world. Returns `None` for all other text.
    #[must_use]
    pub fn open(&self, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, sealed) = bytes.split_first_mut()?;
        let (_, subkeys) = self.keys.iter().find(|(key, _)| key == id)?;
        let plain = subkeys.get(purpose as usize)?.open_in_place(nonce(), self.aad(purpose), sealed).ok()?;
        Some(plain.to_vec())
    }

    fn aad(&self, purpose: Purpose) -> Aad<String> {
        Aad::from(format!("{}/{}", self.world, purpose.name()))
    }
}

/// Size of a token's plaintext in bytes: three numbers.
pub const TOKEN: usize = 8 + 8 + 8;

/// Whether a text has the length and the alphabet of a sealed token.
#[must_use]
pub fn looks_like_token(text: &str) -> bool {
    text.len() == (1 + TOKEN + 16) * 8 / 6 + 1
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn derive(master: &[u8], purpose: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"kakaw");
    salt.extract(master).expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256).ok()?.fill(&mut key).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(world: &str, ids: &[u8]) -> Sealer {
        let keys: Vec<_> = ids.iter().map(|id| MasterKey { id: *id, bytes: [*id; 32] }).collect();
        Sealer::new(world, &keys).expect("has a key")
    }

    #[test]
    fn opens_only_for_its_purpose_and_world() {
        let text = sealer("w", &[1]).seal(Purpose::Access, b"hello");
        assert_eq!(sealer("w", &[1]).open(Purpose::Access, &text).as_deref(), Some(&b"hello"[..]));
        assert_eq!(sealer("w", &[1]).open(Purpose::Refresh, &text), None);
        assert_eq!(sealer("v", &[1]).open(Purpose::Access, &text), None);
        assert_eq!(sealer("w", &[2]).open(Purpose::Access, &text), None);
        assert!(sealer("w", &[2, 1]).open(Purpose::Access, &text).is_some(), "an older key still opens");
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let sealer = sealer("w", &[1]);
        let text = sealer.seal(Purpose::Access, b"hello");
        let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64url");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open(Purpose::Access, &URL_SAFE_NO_PAD.encode(flipped)), None, "bit {bit}");
        }
        for length in 0..text.len() {
            assert_eq!(sealer.open(Purpose::Access, &text[..length]), None, "{length} characters");
        }
    }

    #[test]
    fn each_purpose_opens_its_own_and_no_other() {
        let sealer = sealer("w", &[1]);
        for sealed_for in Purpose::ALL {
            let text = sealer.seal(sealed_for, b"hello");
            let opened: Vec<_> =
                Purpose::ALL.into_iter().filter(|purpose| sealer.open(*purpose, &text).is_some()).collect();
            assert_eq!(opened, [sealed_for]);
        }
    }

    #[test]
    fn the_first_key_seals_and_hashes_hang_on_the_oldest() {
        let (old, both) = (sealer("w", &[1]), sealer("w", &[2, 1]));
        let text = both.seal(Purpose::Keep, b"hello");
        assert!(old.open(Purpose::Keep, &text).is_none() && sealer("w", &[2]).open(Purpose::Keep, &text).is_some());
        assert_eq!(both.hash_key(), old.hash_key(), "stored hashes outlive a rotation");
        assert_ne!(both.hash_key(), sealer("w", &[2]).hash_key());
        assert!(Sealer::new("w", &[]).is_none());
    }

    #[test]
    fn a_token_is_known_by_its_length_and_letters() {
        let token = sealer("w", &[1]).seal(Purpose::Access, &[0xfb; TOKEN]);
        assert!(looks_like_token(&token), "{token}");
        assert_eq!(token.len(), 55);
        assert!(["-", "_", "A", "z", "0"].iter().all(|letter| looks_like_token(&letter.repeat(token.len()))));
        for other in [&token[1..], &format!("{token}A"), &format!("{}.", &token[1..]), &format!("{}=", &token[1..]), ""]
        {
            assert!(!looks_like_token(other), "{other}");
        }
    }
}
