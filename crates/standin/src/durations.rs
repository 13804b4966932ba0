//! Lengths of time, the way the control API reads and writes them: numbers, or text as people write it.

use kakaw_core::Span;
use serde::Deserialize;

/// What a length may be.
pub const EXPECTED: &str = "a number, or a number with its unit: ms, s, m, h or d, such as 90s or 6h";

/// A number, or text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl Written {
    /// Reads it. A number without a unit counts units of this many milliseconds.
    fn read<E: serde::de::Error>(self, unit: i64) -> Result<Span, E> {
        let wrong = |received: &str| E::custom(format!("received {received}; expected {EXPECTED}"));
        match self {
            Self::Number(number) => Ok(Span::milliseconds(number.saturating_mul(unit))),
            Self::Text(text) => parse(&text, unit).ok_or_else(|| wrong(&format!("{text:?}"))),
            Self::Other(_) => Err(wrong("neither")),
        }
    }
}

/// Reads a length: `90`, `90s`, `1h30m`. A number without a unit counts units of this many milliseconds.
#[must_use]
pub fn parse(text: &str, unit: i64) -> Option<Span> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(Span::milliseconds(number.saturating_mul(unit)));
    }
    let (mut sum, mut rest) = (Span::ZERO, text);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at_checked(letters)?;
        let count: i64 = number.parse().ok()?;
        sum = sum
            + match unit {
                "ms" => Span::milliseconds(count),
                "s" => Span::seconds(count),
                "m" | "min" => Span::minutes(count),
                "h" => Span::hours(count),
                "d" => Span::days(count),
                _ => return None,
            };
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// Seconds, or text.
pub mod seconds {
    use kakaw_core::Span;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Written;

    pub fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        span.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        Written::deserialize(deserializer)?.read(1000)
    }
}

/// Seconds or text, or nothing.
pub mod maybe_seconds {
    use kakaw_core::Span;
    use serde::{Deserialize as _, Deserializer};

    use super::Written;

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
        Option::<Written>::deserialize(deserializer)?.map(|written| written.read(1000)).transpose()
    }
}

/// Whole seconds of real time, or text, or nothing.
pub mod whole_seconds {
    use std::time::Duration;

    use serde::{Deserializer, Serialize as _, Serializer};

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(super::maybe_seconds::deserialize(deserializer)?.map(kakaw_core::Span::as_duration))
    }
}

/// Milliseconds or text, or nothing.
pub mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Written;

    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        duration.map(milliseconds).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let span = Option::<Written>::deserialize(deserializer)?.map(|written| written.read(1)).transpose()?;
        Ok(span.map(kakaw_core::Span::as_duration))
    }
}

/// Microseconds.
pub mod microseconds {
    use std::time::Duration;

    use serde::{Serialize as _, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, span) in [
            ("90", Span::seconds(90)),
            ("90s", Span::seconds(90)),
            ("6h", Span::hours(6)),
            ("1h30m", Span::minutes(90)),
            ("30d", Span::days(30)),
            ("1500ms", Span::milliseconds(1500)),
            ("-1", Span::seconds(-1)),
        ] {
            assert_eq!(parse(text, 1000), Some(span), "{text}");
        }
        for wrong in ["", "h", "1", "1x", "1h ", "1.5h", "-1h", "6 h"] {
            let expected = (wrong == "1").then_some(Span::seconds(1));
            assert_eq!(parse(wrong, 1000), expected, "{wrong}");
        }
        assert_eq!(parse("5", 1), Some(Span::milliseconds(5)));
    }
}
