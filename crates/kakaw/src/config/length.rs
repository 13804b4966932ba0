//! A length of time as text: a whole number and its unit, such as `365d`.

use kakaw_core::Span;
use serde::{Deserialize as _, Deserializer, Serializer};

const EXPECTED: &str = "expected a whole number and its unit: s, m, h or d, such as \"365d\"";

/// Writes the length in the largest unit that fits.
pub fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*span))
}

/// Reads a length.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom(format!("received {text:?}; {EXPECTED}")))
}

fn text(span: Span) -> String {
    let seconds = span.as_seconds();
    let (unit, length) = [("d", 86_400), ("h", 3600), ("m", 60)]
        .into_iter()
        .find(|(_, length)| seconds != 0 && seconds % length == 0)
        .unwrap_or(("s", 1));
    format!("{}{unit}", seconds / length)
}

fn parse(text: &str) -> Option<Span> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: i64 = number.parse().ok().filter(|count| *count >= 0)?;
    let span = match text.strip_prefix(number)? {
        "s" => Span::seconds(count),
        "m" => Span::minutes(count),
        "h" => Span::hours(count),
        "d" => Span::days(count),
        _ => return None,
    };
    Some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_with_its_unit_and_written_in_the_largest() {
        for (given, span, written) in [
            ("365d", Span::days(365), "365d"),
            ("48h", Span::hours(48), "2d"),
            ("90m", Span::minutes(90), "90m"),
            ("61s", Span::seconds(61), "61s"),
            ("0d", Span::ZERO, "0s"),
        ] {
            assert_eq!(parse(given), Some(span), "{given}");
            assert_eq!(text(span), written, "{given}");
        }
        for wrong in ["", "365", "d", "-1d", "1.5d", "1w", "1 d", "d1", "1dd"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
