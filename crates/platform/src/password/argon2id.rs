//! Argon2id (RFC 9106): one hash, and its PHC string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Cost of a hash (RFC 9106 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Degree of parallelism.
    pub lanes: u32,
}

/// OWASP's recommendation for Argon2id.
pub const OWASP: Cost = Cost { memory_kib: 19 * 1024, iterations: 2, lanes: 1 };

/// Computes one hash, to measure this machine.
pub fn one_for_measurement(cost: Cost) {
    std::hint::black_box(raw(cost, "password", &[7; 16]));
}

/// Returns the cost of a PHC string that [`verify`](super::Passwords::verify) can read.
#[must_use]
pub fn cost_of(text: &str) -> Option<Cost> {
    parse(text).map(|(cost, ..)| cost)
}

/// Whether a text is a PHC string that [`verify`](super::Passwords::verify) can read.
#[must_use]
pub fn is_phc(text: &str) -> bool {
    parse(text).is_some()
}

/// The PHC string of a hash.
pub(super) fn phc(cost: Cost, salt: &[u8], tag: &[u8]) -> String {
    let Cost { memory_kib, iterations, lanes } = cost;
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    format!("$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${salt}${tag}")
}

/// The cost, the salt and the hash of a PHC string.
pub(super) fn parse(text: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "argon2id", "v=19", cost, salt, tag] = parts[..] else { return None };
    let mut numbers = cost.split(',').map(|part| part.split_once('='));
    let mut number = |name: &str| numbers.next()?.filter(|(n, _)| *n == name)?.1.parse::<u32>().ok();
    let cost = Cost { memory_kib: number("m")?, iterations: number("t")?, lanes: number("p")? };
    // A hash from an imported file must not exhaust the machine.
    let sane = (8..=1 << 20).contains(&cost.memory_kib)
        && (1..=16).contains(&cost.iterations)
        && (1..=8).contains(&cost.lanes)
        && cost.memory_kib >= 8 * cost.lanes;
    let (salt, tag) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(tag).ok()?);
    (sane && tag.len() == 32 && (8..=64).contains(&salt.len())).then_some((cost, salt, tag))
}

#[cfg(feature = "argon2-simd")]
thread_local! {
    static HASHER: std::cell::RefCell<Option<(Cost, argon2_rust::Hasher)>> = const { std::cell::RefCell::new(None) };
}

#[cfg(feature = "argon2-simd")]
pub(super) fn give_memory_back() {
    HASHER.with_borrow_mut(|slot| *slot = None);
}

#[cfg(not(feature = "argon2-simd"))]
pub(super) fn give_memory_back() {}

/// The only function that uses an implementation of Argon2id. Each thread reuses its memory for the next hash.
#[cfg(feature = "argon2-simd")]
pub(super) fn raw(cost: Cost, password: &str, salt: &[u8]) -> [u8; 32] {
    use argon2_rust::params::{Memory, TagLen};
    use argon2_rust::{Algorithm, Argon2, Params, Version};
    HASHER.with_borrow_mut(|slot| {
        let mut tag = [0; 32];
        if slot.as_ref().is_none_or(|(kept, _)| *kept != cost) {
            let memory = Memory::kib(cost.memory_kib.into());
            let params = Params::builder()
                .memory(memory)
                .passes(cost.iterations)
                .lanes(cost.lanes)
                .tag_len(TagLen::bytes(32))
                .build();
            *slot = params.ok().map(|p| (cost, Argon2::new(Algorithm::Argon2id, Version::V0x13, p).hasher()));
        }
        let done =
            slot.as_mut().is_some_and(|(_, hasher)| hasher.hash_into(password.as_bytes(), salt, &mut tag).is_ok());
        // Costs and salts were checked when the hash was parsed, so a failure here means a lack of memory. Nothing may
        // match then.
        if done { tag } else { std::process::abort() }
    })
}

#[cfg(not(feature = "argon2-simd"))]
pub(super) fn raw(cost: Cost, password: &str, salt: &[u8]) -> [u8; 32] {
    use argon2::{Algorithm, Argon2, Params, Version};
    let mut tag = [0; 32];
    let done = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(32)).is_ok_and(|params| {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), salt, &mut tag).is_ok()
    });
    if done { tag } else { std::process::abort() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    // Vectors of the reference implementation (phc-winner-argon2, test.c, version 0x13, Argon2id).
    #[test]
    fn reference_vectors() {
        for (memory_kib, iterations, lanes, password, salt, tag) in [
            (65536, 2, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
            (256, 2, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
            (256, 2, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
            (65536, 1, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"),
            (
                65536,
                2,
                1,
                "differentpassword",
                "somesalt",
                "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
            ),
            (65536, 2, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"),
        ] {
            let cost = Cost { memory_kib, iterations, lanes };
            assert_eq!(hex(&raw(cost, password, salt.as_bytes())), tag, "{cost:?}");
        }
    }

    #[test]
    fn both_implementations_agree_with_each_other() {
        let cost = Cost { memory_kib: 256, iterations: 2, lanes: 1 };
        let mut tag = [0; 32];
        let params = argon2::Params::new(256, 2, 1, Some(32)).expect("parameters");
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
            .hash_password_into("비밀번호".as_bytes(), b"0123456789abcdef", &mut tag)
            .expect("hashes");
        assert_eq!(raw(cost, "비밀번호", b"0123456789abcdef"), tag);
    }

    #[test]
    fn unreasonable_hashes_are_refused() {
        assert!(is_phc(
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc"
        ));
        for text in [
            "",
            "x",
            "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAA$AAAA",
            "$argon2id$v=19$m=8,t=1,p=8$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
            "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
        ] {
            assert!(!is_phc(text), "{text}");
        }
    }
}
