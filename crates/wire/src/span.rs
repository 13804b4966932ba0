//! Lengths of time. Moments are `Millis` of `kakaw-core`, so that neither is taken for the other.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time, exact to the millisecond. It is written as a number of whole seconds; [`milliseconds`] is for the
/// few places that have milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    milliseconds: i64,
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self::milliseconds(0);

    /// So many milliseconds.
    #[must_use]
    pub const fn milliseconds(milliseconds: i64) -> Self {
        Self { milliseconds }
    }

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self::milliseconds(seconds.saturating_mul(1000))
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// So many days of 24 hours.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// Its milliseconds.
    #[must_use]
    pub const fn as_milliseconds(self) -> i64 {
        self.milliseconds
    }

    /// Its whole seconds.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.milliseconds / 1000
    }

    /// Returns whole seconds, rounded up: after them, the time is over.
    #[must_use]
    pub const fn seconds_up(self) -> i64 {
        self.milliseconds.saturating_add(999).div_euclid(1000)
    }

    /// The same for timers. What is negative takes no time.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.milliseconds).unwrap_or(0))
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::milliseconds(self.milliseconds.saturating_add(other.milliseconds))
    }
}

impl Sub for Span {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::milliseconds(self.milliseconds.saturating_sub(other.milliseconds))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_seconds().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::seconds)
    }
}

#[cfg(feature = "schemas")]
impl schemars::JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        i64::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        i64::json_schema(generator)
    }
}

/// Writes and reads a [`Span`] as milliseconds: `#[serde(with = "milliseconds")]`.
pub mod milliseconds {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Span};

    /// Writes the milliseconds.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        span.as_milliseconds().serialize(serializer)
    }

    /// Reads milliseconds.
    ///
    /// # Errors
    /// It is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        i64::deserialize(deserializer).map(Span::milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_made_of_each_other() {
        assert_eq!(Span::days(2), Span::hours(48));
        assert_eq!(Span::hours(1), Span::minutes(60));
        assert_eq!(Span::minutes(1), Span::seconds(60));
        assert_eq!((Span::seconds(2).as_milliseconds(), Span::milliseconds(2999).as_seconds()), (2000, 2));
        assert_eq!(Span::seconds(1) + Span::milliseconds(1) - Span::seconds(2), Span::milliseconds(-999));
        assert!(Span::ZERO < Span::milliseconds(1));
    }

    #[test]
    fn nothing_overflows() {
        assert_eq!(Span::days(i64::MAX), Span::milliseconds(i64::MAX));
        assert_eq!(Span::days(i64::MIN) - Span::days(1), Span::milliseconds(i64::MIN));
        assert_eq!(Span::days(i64::MAX) + Span::days(1), Span::milliseconds(i64::MAX));
        assert_eq!(Span::seconds(-1).as_duration(), Duration::ZERO);
        assert_eq!(Span::milliseconds(1500).as_duration(), Duration::from_millis(1500));
    }
}
