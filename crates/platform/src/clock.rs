//! The only reader of the real clocks.

use std::time::{Instant, UNIX_EPOCH};

use kakaw_core::Millis;

/// Milliseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_types, reason = "the one reader of the real clock")]
pub fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
    Millis(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// The clock that only goes forward, for deadlines and durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of this clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}
