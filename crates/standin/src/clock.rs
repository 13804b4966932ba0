//! The time of a world, which tests move.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use kakaw_core::{Millis, Span};

/// The clock of a world. It runs with the real one, ahead of it by an offset, or stands still.
#[derive(Debug, Default)]
pub struct Clock {
    frozen: AtomicBool,
    /// Milliseconds ahead of the real clock; when frozen, the moment itself.
    value: AtomicI64,
}

/// How a clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    frozen: bool,
    value: i64,
}

impl Clock {
    /// A clock that stands still at `now`.
    #[must_use]
    pub fn frozen_at(now: Millis) -> Self {
        Self { frozen: AtomicBool::new(true), value: AtomicI64::new(now.0) }
    }

    /// The world's now.
    #[must_use]
    pub fn now(&self) -> Millis {
        let value = self.value.load(Ordering::SeqCst);
        Millis(if self.frozen.load(Ordering::SeqCst) { value } else { real() + value })
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// How it goes, to set it back.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading { frozen: self.is_frozen(), value: self.value.load(Ordering::SeqCst) }
    }

    /// Goes as it went when the reading was taken: with the real clock, as far ahead of it; or standing still there.
    pub fn set(&self, reading: Reading) {
        self.value.store(reading.value, Ordering::SeqCst);
        self.frozen.store(reading.frozen, Ordering::SeqCst);
    }

    /// Makes it stand still, or run again from where it stands.
    pub fn freeze(&self, frozen: bool) {
        let now = self.now();
        self.value.store(if frozen { now.0 } else { now.0 - real() }, Ordering::SeqCst);
        self.frozen.store(frozen, Ordering::SeqCst);
    }

    /// Moves it to this moment.
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
