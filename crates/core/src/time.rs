//! Points in world time, in milliseconds since 1970. The length between two of them is a [`Span`].

use std::ops::{Add, Sub};

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use kakaw_wire::Span;
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z. Two points cannot be added, nor a point and a number:
///
/// ```compile_fail
/// let two_points = kakaw_core::Millis(1) + kakaw_core::Millis(2);
/// ```
/// ```compile_fail
/// let a_number = kakaw_core::Millis(1) + 600;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// Returns whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Formats as `YYYY-MM-DDThh:mm:ssZ`, without fractions. One of the SDKs decodes no other form.
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.seconds()).map_or_else(|_| String::new(), |t| t.to_string())
    }

    /// Formats as RFC 3339, with milliseconds if there are any. World files use it.
    #[must_use]
    pub fn rfc3339_exact(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| String::new(), |t| t.to_string())
    }

    /// Parses RFC 3339, with or without fractions.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// Returns the calendar day in Korea (UTC+9 all year), which ages are counted by.
    #[must_use]
    pub(crate) fn day_in_korea(self) -> Option<Date> {
        let zone = TimeZone::fixed(Offset::from_hours(9).ok()?);
        Some(jiff::Timestamp::from_millisecond(self.0).ok()?.to_zoned(zone).date())
    }
}

impl Add<Span> for Millis {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_milliseconds()))
    }
}

impl Sub<Span> for Millis {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.as_milliseconds()))
    }
}

impl Sub for Millis {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span::milliseconds(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_have_no_fractions() {
        assert_eq!(Millis(1_790_000_000_987).rfc3339(), "2026-09-21T14:13:20Z");
        assert_eq!(Millis::from_rfc3339(&Millis(1_790_000_000_987).rfc3339_exact()), Some(Millis(1_790_000_000_987)));
        assert_eq!(Millis::from_rfc3339("2026-09-21T14:13:20Z"), Some(Millis(1_790_000_000_000)));
    }

    #[test]
    fn a_day_begins_nine_hours_earlier_in_korea() {
        for (moment, day) in [
            ("2026-11-29T14:59:59.999Z", "2026-11-29"),
            ("2026-11-29T15:00:00Z", "2026-11-30"),
            ("2026-12-31T15:00:00Z", "2027-01-01"),
        ] {
            let day_in_korea = Millis::from_rfc3339(moment).and_then(Millis::day_in_korea);
            assert_eq!(day_in_korea.map(|day| day.to_string()).as_deref(), Some(day), "{moment}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none_and_nothing_overflows() {
        assert!(["", "2026-09-21", "2026-09-21T14:13:20", "x"].iter().all(|text| Millis::from_rfc3339(text).is_none()));
        assert_eq!((Millis(i64::MAX).rfc3339(), Millis(i64::MIN).rfc3339_exact()), (String::new(), String::new()));
        assert_eq!(Millis(1) + Span::seconds(i64::MAX), Millis(i64::MAX));
        assert_eq!(Millis(-2) - Span::seconds(i64::MAX), Millis(i64::MIN));
        assert_eq!(Millis(i64::MAX) - Millis(-1), Span::milliseconds(i64::MAX));
        assert_eq!((Millis(-1).seconds(), Millis(999).seconds(), Millis(1000).seconds()), (-1, 0, 1));
    }

    proptest! {
        #[test]
        fn moments_are_read_back(milliseconds in 0i64..4_000_000_000_000, seconds in 0i64..1_000_000) {
            let moment = Millis(milliseconds);
            prop_assert_eq!(Millis::from_rfc3339(&moment.rfc3339_exact()), Some(moment));
            prop_assert_eq!(Millis::from_rfc3339(&moment.rfc3339()), Some(Millis(moment.seconds() * 1000)));
            let later = moment + Span::seconds(seconds);
            prop_assert_eq!((later.seconds(), later - moment), (moment.seconds() + seconds, Span::seconds(seconds)));
            prop_assert_eq!(later - Span::seconds(seconds), moment);
        }
    }
}
