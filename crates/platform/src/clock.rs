//! Reads the real clocks. No other file does.

use std::time::{Instant, UNIX_EPOCH};

use kakaw_core::Millis;

/// Returns the time in milliseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_types, reason = "the one reader of the real clock")]
pub fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
    Millis(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// Returns the monotonic time, for deadlines and durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of this clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}
