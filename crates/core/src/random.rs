//! Chance, as a parameter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Millis, UserId};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A number from 0 to 1.
pub fn chance(random: &dyn Random) -> f64 {
    f64::from(u32::from_be_bytes(bytes(random))) / f64::from(u32::MAX)
}

/// 256 random bits as base64url: session cookies, browser cookies.
pub fn token(random: &dyn Random) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(random))
}

/// An authorization code. One of the SDKs takes any redirect that contains the letters `error` for a failure.
pub fn code(random: &dyn Random) -> String {
    loop {
        let code = URL_SAFE_NO_PAD.encode(bytes::<48>(random));
        if !code.to_ascii_lowercase().contains("error") {
            return code;
        }
    }
}

/// An internal key that follows the clock, so that what is made together stands together in the database: a group of
/// commits then touches a page, not a page each. Its low 21 bits are random; a key that is taken must be drawn again.
pub fn ordered_id(random: &dyn Random, now: Millis) -> i64 {
    const LOW: u64 = (1 << 21) - 1;
    (now.0.max(1) << 21) | (u64::from_be_bytes(bytes(random)) & LOW) as i64
}

/// A user id: in [2^32, 2^53), so that JavaScript holds it exactly.
pub fn user_id(random: &dyn Random) -> UserId {
    to_user_id(u64::from_be_bytes(bytes(random)))
}

/// Folds 64 bits into the range of user ids.
#[must_use]
pub const fn to_user_id(bits: u64) -> UserId {
    const LOW: u64 = 1 << 32;
    const HIGH: u64 = 1 << 53;
    UserId((LOW + bits % (HIGH - LOW)) as i64)
}
