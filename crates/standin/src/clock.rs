//! The clock of a world, which tests can move.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use kakaw_core::{Millis, Span};

/// The clock of a world. It runs with the real clock, offset from it, or is frozen.
#[derive(Debug, Default)]
pub struct Clock {
    frozen: AtomicBool,
    /// Milliseconds ahead of the real clock. When frozen, the time itself.
    value: AtomicI64,
}

/// The state of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    frozen: bool,
    value: i64,
}

impl Clock {
    /// Makes a clock that is frozen at `now`.
    #[must_use]
    pub fn frozen_at(now: Millis) -> Self {
        Self { frozen: AtomicBool::new(true), value: AtomicI64::new(now.0) }
    }

    /// Returns the world's time.
    #[must_use]
    pub fn now(&self) -> Millis {
        let value = self.value.load(Ordering::SeqCst);
        Millis(if self.frozen.load(Ordering::SeqCst) { value } else { real() + value })
    }

    /// Whether the clock is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// Returns the state, which [`set`](Self::set) restores.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading { frozen: self.is_frozen(), value: self.value.load(Ordering::SeqCst) }
    }

    /// Restores the state of a reading: running with the same offset from the real clock, or frozen at the same time.
    pub fn set(&self, reading: Reading) {
        self.value.store(reading.value, Ordering::SeqCst);
        self.frozen.store(reading.frozen, Ordering::SeqCst);
    }

    /// Freezes the clock, or lets it run again from its present time.
    pub fn freeze(&self, frozen: bool) {
        let now = self.now();
        self.value.store(if frozen { now.0 } else { now.0 - real() }, Ordering::SeqCst);
        self.frozen.store(frozen, Ordering::SeqCst);
    }

    /// Moves the clock to this time.
    pub fn move_to(&self, moment: Millis) {
        self.advance(moment - self.now());
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Span) {
        self.value.fetch_add(span.as_milliseconds(), Ordering::SeqCst);
    }
}

fn real() -> i64 {
    kakaw_platform::clock::now().0
}
