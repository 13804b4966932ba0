//! Reads the JSON of a control request. What is wrong is said in the words of the request: the field, what was received
//! and what was expected.

use kakaw_core::diagnosis;
use serde::de::DeserializeOwned;

/// Reads a value.
///
/// # Errors
/// What was received and what was expected.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        said(&path, error.inner())
    })?;
    reader.end().map_err(|error| said(".", &error))?;
    Ok(value)
}

fn said(path: &str, error: &serde_json::Error) -> String {
    if !error.is_data() {
        return format!("this is not JSON: line {}, column {}", error.line(), error.column());
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let at = if path == "." { String::new() } else { format!("{path}: ") };
    if let Some((received, known)) = text.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", ")) {
        let (received, known) = (plain(received), words(known));
        let parent = path.strip_suffix(received).map_or(path, |parent| parent.trim_end_matches('.'));
        let parent = parent.trim_start_matches('.');
        let field = if parent.is_empty() { received.to_owned() } else { format!("{parent}.{received}") };
        return format!(
            "{field}: there is no such field{}; expected one of {}",
            meant(received, &known),
            known.join(", ")
        );
    }
    if let Some((received, known)) = text.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", ")) {
        let (received, known) = (plain(received), words(known));
        return format!("{at}received {received:?}{}; expected one of {}", meant(received, &known), known.join(", "));
    }
    if let Some(name) = text.strip_prefix("missing field ") {
        let name = plain(name);
        return if path == "." { format!("{name} is missing") } else { format!("{path}.{name} is missing") };
    }
    if let Some(name) = text.strip_prefix("duplicate field ") {
        return format!("{at}{} was sent more than once", plain(name));
    }
    let wrong = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    match wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((received, wanted)) => format!("{at}received {}; expected {}", value(received), kind(wanted)),
        None => format!("{at}{text}"),
    }
}

/// Removes the back quotes.
fn plain(quoted: &str) -> &str {
    quoted.trim_matches('`')
}

/// The words in back quotes.
fn words(list: &str) -> Vec<&str> {
    list.split('`').skip(1).step_by(2).collect()
}

fn meant(received: &str, known: &[&str]) -> String {
    let meant = diagnosis::meant(received, known.iter().copied());
    meant.map(|meant| format!(", did you mean {meant}?")).unwrap_or_default()
}

/// Returns a value as it was sent.
fn value(received: &str) -> &str {
    match received.split_once(' ') {
        Some(("string", text)) => text,
        Some(("integer" | "boolean" | "character", text)) => plain(text),
        Some(("floating", text)) => plain(text.trim_start_matches("point ")),
        _ if received == "map" => "an object",
        _ if received == "sequence" => "a list",
        _ => received,
    }
}

/// Returns the name of a type, as the documentation has it.
fn kind(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "a borrowed string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if wanted.starts_with("struct ") => "an object",
        _ if wanted.starts_with("enum ") || wanted.starts_with("string or map") => "one of its words",
        _ => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultRule;

    #[test]
    fn what_is_wrong_is_said_without_the_words_of_the_parser() {
        for (text, expected) in [
            ("{\"times\":\"one\"}", "times: received \"one\"; expected a whole number, 0 or more"),
            ("{\"fault\":{\"cut\":-1}}", "fault.cut: received -1; expected a whole number, 0 or more"),
            (
                "{\"fault\":{\"cutt\":1}}",
                "fault.cutt: there is no such field, did you mean cut?; expected one of error, ",
            ),
            (
                "{\"fault\":{\"drop\":\"befor\"}}",
                "fault.drop: received \"befor\", did you mean before?; expected one of before, ",
            ),
            ("{\"fault\":5}", "fault: received 5; expected an object"),
            ("{\"fault\":{\"latency_ms\":\"soon\"}}", "fault.latency_ms: received \"soon\"; expected a number, or "),
            ("{\"fault\":{\"error\":\"KOE999\"}}", "fault.error: \"KOE999\" is not an error code"),
            ("{\"falt\":{}}", "falt: there is no such field, did you mean fault?; expected one of "),
            ("{\"path\":true}", "path: received true; expected text"),
            ("{\"times\":1,\"times\":2}", "times was sent more than once"),
            ("{\"times\":1", "this is not JSON: line 1, column 10"),
            ("{} x", "this is not JSON: line 1, column 4"),
        ] {
            let error = read::<FaultRule>(text.as_bytes()).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
            for jargon in ["at line 1 column", "u64", "i64", "variant", "invalid type", "`", "struct"] {
                assert!(!error.contains(jargon), "{text}: {error}");
            }
        }
    }
}
