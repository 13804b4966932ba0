//! The two sources of randomness: the system's, and a seeded one for tests, which `serve` cannot construct.

use aws_lc_rs::digest;
use aws_lc_rs::rand::{self, SecureRandom as _};
use kakaw_core::random::Random;
use std::sync::atomic::{AtomicU64, Ordering};

/// The random generator of the system.
#[expect(clippy::disallowed_types, reason = "the one place that opens it")]
pub struct System(rand::SystemRandom);

impl System {
    /// Opens it.
    #[must_use]
    #[expect(clippy::disallowed_types, reason = "the one place that opens it")]
    pub fn new() -> Self {
        Self(rand::SystemRandom::new())
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no reply is safe. It is better to end the process than to use predictable values.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A reproducible source for tests: SHA-256 of seed and counter.
pub struct Seeded {
    seed: u64,
    counter: AtomicU64,
}

impl Seeded {
    /// Starts a sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let n = self.counter.fetch_add(1, Ordering::SeqCst);
            let hash = digest::digest(&digest::SHA256, &[self.seed.to_be_bytes(), n.to_be_bytes()].concat());
            for (byte, chance) in chunk.iter_mut().zip(hash.as_ref()) {
                *byte = *chance;
            }
        }
    }
}
