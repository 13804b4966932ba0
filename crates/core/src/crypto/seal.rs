//! Sealing: encryption into opaque text that only this service can open, bound to a world and a purpose.
//!
//! AES-256-GCM-SIV (RFC 8452) under one HKDF subkey per purpose, with the world and the purpose as associated data.
//! The scheme is misuse-resistant, so a constant nonce reveals only whether two plaintexts are equal.

use std::sync::{Arc, PoisonError, RwLock};

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
    /// Sealing keys that are kept in the database.
    Wrap,
}

impl Purpose {
    const ALL: [Self; 9] = [
        Self::Access,
        Self::Refresh,
        Self::Interaction,
        Self::Form,
        Self::Transaction,
        Self::Selection,
        Self::Keep,
        Self::Rest,
        Self::Wrap,
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
            Self::Wrap => "wrap",
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

/// Seals and opens text. It seals with one key and opens with every key. The root keys are those of the key file; other
/// keys are kept in the database, wrapped under the first root key.
pub struct Sealer {
    ring: RwLock<Arc<Ring>>,
    root: Vec<MasterKey>,
    hash_key: [u8; 32],
    world: String,
}

/// The keys in use. The first seals.
struct Ring(Vec<(u8, [LessSafeKey; 9])>);

impl Ring {
    fn new<'a>(masters: impl Iterator<Item = &'a MasterKey>) -> Option<Self> {
        let mut keys = Vec::new();
        for master in masters {
            let mut subkeys = Vec::new();
            for purpose in Purpose::ALL {
                let key = UnboundKey::new(&AES_256_GCM_SIV, &derive(&master.bytes, purpose.name())?).ok()?;
                subkeys.push(LessSafeKey::new(key));
            }
            keys.push((master.id, subkeys.try_into().ok()?));
        }
        Some(Self(keys))
    }
}

impl Sealer {
    /// Derives the subkeys. Returns `None` when there is no key.
    #[must_use]
    pub fn new(world: &str, masters: &[MasterKey]) -> Option<Self> {
        let ring = RwLock::new(Arc::new(Ring::new(masters.iter())?));
        // Keyed hashes are stored, so they use the oldest key, which rotation keeps.
        let hash_key = derive(&masters.iter().min_by_key(|m| m.id)?.bytes, "hash")?;
        Some(Self { ring, root: masters.to_vec(), hash_key, world: world.to_owned() })
    }

    /// Uses these keys besides the root keys. The key `seals` seals from now on; without one, the first root key does.
    pub fn use_keys(&self, added: &[MasterKey], seals: Option<u8>) {
        let all = || added.iter().chain(&self.root);
        let first = all().filter(|key| Some(key.id) == seals);
        let others = self.root.iter().chain(added).filter(|key| Some(key.id) != seals);
        if let Some(ring) = Ring::new(first.chain(others)) {
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        }
    }

    /// Returns the number of the key that seals.
    #[must_use]
    pub fn sealing_key(&self) -> u8 {
        self.ring().0.first().map_or(0, |(id, _)| *id)
    }

    /// Returns the numbers of the root keys.
    #[must_use]
    pub fn root_keys(&self) -> Vec<u8> {
        self.root.iter().map(|key| key.id).collect()
    }

    /// Wraps a key under the first root key.
    #[must_use]
    pub fn wrap(&self, key: &MasterKey) -> String {
        let root = Ring::new(self.root.iter().take(1));
        root.map(|root| self.seal_under(&root, Purpose::Wrap, &key.bytes)).unwrap_or_default()
    }

    /// Opens a wrapped key.
    #[must_use]
    pub fn unwrap(&self, id: u8, wrapped: &str) -> Option<MasterKey> {
        let bytes = self.open_under(&Ring::new(self.root.iter())?, Purpose::Wrap, wrapped)?;
        Some(MasterKey { id, bytes: bytes.try_into().ok()? })
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the key of the stored keyed hashes.
    #[must_use]
    pub fn hash_key(&self) -> &[u8] {
        &self.hash_key
    }

    /// Seals `plain` as base64url text.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> String {
        self.seal_under(&self.ring(), purpose, plain)
    }

    fn seal_under(&self, ring: &Ring, purpose: Purpose, plain: &[u8]) -> String {
        let mut text = Vec::with_capacity(1 + plain.len() + 16);
        if let Some((id, subkeys)) = ring.0.first()
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
        self.open_under(&self.ring(), purpose, text)
    }

    fn open_under(&self, ring: &Ring, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, sealed) = bytes.split_first_mut()?;
        let (_, subkeys) = ring.0.iter().find(|(key, _)| key == id)?;
        let plain = subkeys.get(purpose as usize)?.open_in_place(nonce(), self.aad(purpose), sealed).ok()?;
        Some(plain.to_vec())
    }

    /// Seals text again with the key that seals now. Returns `None` for text that no key opens.
    #[must_use]
    pub fn seal_again(&self, purpose: Purpose, text: &str) -> Option<String> {
        Some(self.seal(purpose, &self.open(purpose, text)?))
    }

    /// Returns the number of the key that sealed a text.
    #[must_use]
    pub fn key_of(text: &str) -> Option<u8> {
        URL_SAFE_NO_PAD.decode(text).ok()?.first().copied()
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
    fn added_keys_open_at_once_and_seal_when_they_are_told_to() {
        let (sealer, other_node) = (sealer("w", &[1]), sealer("w", &[1]));
        let before = sealer.seal(Purpose::Keep, b"before");
        let added = MasterKey { id: 2, bytes: [7; 32] };
        let wrapped = sealer.wrap(&added);
        let unwrapped = other_node.unwrap(2, &wrapped).expect("under the same root");
        assert_eq!((unwrapped.id, unwrapped.bytes), (2, added.bytes));
        assert!(other_node.open(Purpose::Keep, &wrapped).is_none() && sealer_of(&[3]).unwrap(2, &wrapped).is_none());
        other_node.use_keys(&[unwrapped], None);
        assert_eq!(other_node.sealing_key(), 1);
        sealer.use_keys(&[added], Some(2));
        assert_eq!((sealer.sealing_key(), sealer.root_keys()), (2, vec![1]));
        let after = sealer.seal(Purpose::Keep, b"after");
        assert_eq!(other_node.open(Purpose::Keep, &after).as_deref(), Some(&b"after"[..]));
        assert_eq!(sealer.open(Purpose::Keep, &before).as_deref(), Some(&b"before"[..]));
        assert_eq!(sealer.hash_key(), other_node.hash_key());
        let again = sealer.seal_again(Purpose::Keep, &before).expect("its key is known");
        assert_eq!((Sealer::key_of(&before), Sealer::key_of(&again)), (Some(1), Some(2)));
        assert_eq!(sealer.open(Purpose::Keep, &again).as_deref(), Some(&b"before"[..]));
        assert_eq!(sealer_of(&[3]).seal_again(Purpose::Keep, &before), None);
    }

    fn sealer_of(ids: &[u8]) -> Sealer {
        sealer("w", ids)
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
