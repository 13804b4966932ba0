//! Randomness, as a parameter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Millis, UserId};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Returns `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// Returns a number from 0 to 1.
pub fn chance(random: &dyn Random) -> f64 {
    f64::from(u32::from_be_bytes(bytes(random))) / f64::from(u32::MAX)
}

/// Returns 256 random bits as base64url, for session cookies and browser cookies.
pub fn token(random: &dyn Random) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(random))
}

/// Returns an authorization code. It never contains `error`: one SDK treats any redirect with these letters as a
/// failure.
pub fn code(random: &dyn Random) -> String {
    loop {
        let code = URL_SAFE_NO_PAD.encode(bytes::<48>(random));
        if !code.to_ascii_lowercase().contains("error") {
            return code;
        }
    }
}

/// Returns an internal key that increases with the clock, so that rows made together are close together in the
/// database: a group of commits then touches one page and not a page each. Its low 21 bits are random. If the key
/// exists, draw another.
pub fn ordered_id(random: &dyn Random, now: Millis) -> i64 {
    const LOW: u64 = (1 << 21) - 1;
    (now.0.max(1) << 21) | (u64::from_be_bytes(bytes(random)) & LOW) as i64
}

/// Returns a user id in [2^32, 2^53), which JavaScript represents exactly.
pub fn user_id(random: &dyn Random) -> UserId {
    to_user_id(u64::from_be_bytes(bytes(random)))
}

/// Maps 64 bits into the range of user ids.
#[must_use]
pub const fn to_user_id(bits: u64) -> UserId {
    const LOW: u64 = 1 << 32;
    const HIGH: u64 = 1 << 53;
    UserId((LOW + bits % (HIGH - LOW)) as i64)
}

#[cfg(test)]
mod tests {
    use std::iter::Cycle;
    use std::slice::Iter;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    /// Repeats the given bytes.
    struct Given<'a>(Mutex<Cycle<Iter<'a, u8>>>);

    impl Random for Given<'_> {
        fn fill(&self, bytes: &mut [u8]) {
            let mut given = self.0.lock().expect("one thread");
            bytes.iter_mut().for_each(|byte| *byte = *given.next().expect("it has no end"));
        }
    }

    fn given(bytes: &[u8]) -> Given<'_> {
        Given(Mutex::new(bytes.iter().cycle()))
    }

    #[test]
    fn tokens_and_codes_are_as_long_as_their_chance() {
        assert_eq!(token(&given(&[0xff])), URL_SAFE_NO_PAD.encode([0xff; 32]));
        assert_eq!(code(&given(&[1])).len(), 64);
        assert_eq!(
            (chance(&given(&[0])), chance(&given(&[0xff])), chance(&given(&[0x80, 0, 0, 0]))),
            (0.0, 1.0, f64::from(1u32 << 31) / f64::from(u32::MAX))
        );
    }

    /// The bytes of a code that contains the word, in any case, and then of one that does not.
    #[test]
    fn no_code_contains_the_letters_error() {
        for word in ["error", "eRRoR"] {
            let bad = URL_SAFE_NO_PAD.decode(format!("{word:A<64}")).expect("base64url");
            let bytes = [bad, vec![7; 48]].concat();
            let code = code(&given(&bytes));
            assert_eq!(code, URL_SAFE_NO_PAD.encode([7; 48]));
        }
    }

    proptest! {
        #[test]
        fn user_ids_are_exact_in_javascript(bits in any::<u64>()) {
            let id = to_user_id(bits).0;
            prop_assert!((1 << 32..1 << 53).contains(&id));
            prop_assert_eq!(user_id(&given(&bits.to_be_bytes())).0, id);
        }

        /// A later time gives a greater id, whatever the random bits.
        #[test]
        fn ids_follow_the_clock(now in 1i64..1 << 42, later in 1i64..1000, a in any::<u64>(), b in any::<u64>()) {
            let of = |bits: u64, now| ordered_id(&given(&bits.to_be_bytes()), Millis(now));
            prop_assert!(of(a, now) < of(b, now + later) && of(a, now) > 0);
            prop_assert_eq!(of(a, now) >> 21, now);
            prop_assert_eq!(of(a, now) & ((1 << 21) - 1), (a & ((1 << 21) - 1)) as i64);
        }
    }

    #[test]
    fn both_ends_of_the_range_of_user_ids_are_reached() {
        assert_eq!(to_user_id(0).0, 1 << 32);
        assert_eq!(to_user_id((1 << 53) - (1 << 32) - 1).0, (1 << 53) - 1);
        assert_eq!(to_user_id((1 << 53) - (1 << 32)).0, 1 << 32);
        assert!(ordered_id(&given(&[1]), Millis(-5)) > 0, "a clock before 1970 makes no negative key");
    }
}
