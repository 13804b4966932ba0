//! The lines of the log: time, level, message, fields, and the id of their request.

use std::any::Any;
use std::fmt;
use std::fmt::Write as _;
use std::panic::Location;
use std::time::Duration;

use kakaw_platform::clock;
use kakaw_platform::log::{self, Queued};
use kakaw_platform::request::current;
use serde::Serializer as _;
use serde::ser::SerializeMap as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat, LogLevel};

/// Time limit for the last line of a process that panics.
const DRAIN: Duration = Duration::from_millis(200);

/// The prefix of all our targets.
const OURS: &str = "kakaw";

/// Starts the log of this process. Only the first call has an effect.
pub fn start(log: Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Messages of libraries below a warning may contain whole requests, with secrets in them.
    let targets = Targets::new().with_target(OURS, level).with_default(level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines(log.format))
        .with_writer(|| Queued)
        .log_internal_errors(false);
    if tracing_subscriber::registry().with(targets).with(lines).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!("{}", panicked(panic.location(), panic.payload()));
            if std::thread::current().name() == Some("main") {
                log::drain(DRAIN);
            }
        }));
    }
}

/// Describes a panic. A message that was formatted can contain a request's data, such as the text that could not be cut,
/// so only fixed messages are shown.
fn panicked(location: Option<&Location<'_>>, payload: &dyn Any) -> String {
    let place = location.map_or_else(String::new, |location| format!(" at {location}"));
    let message = payload.downcast_ref::<&'static str>().map_or_else(String::new, |text| format!(": {text}"));
    format!("panicked{place}{message}")
}

/// Writes a line.
struct Lines(LogFormat);

impl<S: Subscriber + for<'a> LookupSpan<'a>, N: for<'a> FormatFields<'a> + 'static> FormatEvent<S, N> for Lines {
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::new(*event.metadata().level());
        event.record(&mut line);
        writeln!(writer, "{}", line.written(self.0))
    }
}

struct Line {
    time: String,
    level: Level,
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Line {
    fn new(level: Level) -> Self {
        let now = jiff::Timestamp::from_millisecond(clock::now().0).unwrap_or_default();
        Self { time: format!("{now:.3}"), level, message: String::new(), fields: Vec::new() }
    }

    fn written(mut self, format: LogFormat) -> String {
        let address = current::address().filter(|_| self.fields.iter().all(|(name, _)| *name != "address"));
        self.fields.extend(address.map(|address| ("address", Value::from(address.to_string()))));
        self.fields.extend(current::app().map(|app| ("app", Value::from(app.0))));
        self.fields.extend(current::id().map(|id| ("request_id", Value::from(id))));
        match format {
            LogFormat::Text => self.text(),
            LogFormat::Json => self.json().unwrap_or_default(),
        }
    }

    /// Formats the event as one line, whatever text from a client it contains.
    fn text(&self) -> String {
        let mut text = format!("{} {:>5} {}", self.time, self.level, in_one_line(&self.message));
        for (name, value) in &self.fields {
            let _ = match value.as_str() {
                Some(plain) if is_word(plain) => write!(text, " {name}={plain}"),
                Some(other) => write!(text, " {name}={other:?}"),
                None => write!(text, " {name}={value}"),
            };
        }
        text
    }

    fn json(&self) -> serde_json::Result<String> {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut bytes);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("level", self.level.as_str())?;
        map.serialize_entry("message", &self.message)?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()?;
        Ok(String::from_utf8(bytes).unwrap_or_default())
    }

    fn take(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }
}

/// Whether a value needs no quotation marks.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=')
}

/// Escapes what would start a new line.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if breaks(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// Whether a character is a control character, ends a line, or changes the direction of text.
fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let mut line = Line::new(Level::WARN);
        line.message = "first\nsecond\u{2028}third".to_owned();
        line.fields = vec![
            ("code", "KOE006".into()),
            ("error", "a \"b\"\nc".into()),
            ("empty", "".into()),
            ("dropped", 7.into()),
        ];
        line
    }

    #[test]
    fn a_panic_shows_its_place_and_no_data() {
        let place = Location::caller();
        let at = format!("panicked at {}:{}:{}", place.file(), place.line(), place.column());
        assert_eq!(panicked(Some(place), &"a fixed text"), format!("{at}: a fixed text"));
        let formatted = format!("byte index 3 is not a boundary of `{}`", "owner@example.com");
        assert_eq!(panicked(Some(place), &formatted), at);
        assert_eq!(panicked(None, &7), "panicked");
    }

    #[test]
    fn text_is_one_line_with_time_level_message_and_fields() {
        let text = line().written(LogFormat::Text);
        let (time, rest) = text.split_once(' ').expect("a time");
        assert_eq!((time.len(), time.ends_with('Z')), ("2026-11-20T03:00:00.000Z".len(), true), "{time}");
        let expected = r#" WARN first\nsecond\u{2028}third code=KOE006 error="a \"b\"\nc" empty="" dropped=7"#;
        assert_eq!(rest, expected);
    }

    #[test]
    fn json_is_one_line_with_the_same() {
        let text = line().written(LogFormat::Json);
        assert!(!text.contains('\n') && text.starts_with("{\"time\":"), "{text}");
        let json: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (json["level"].as_str(), json["message"].as_str()),
            (Some("WARN"), Some("first\nsecond\u{2028}third"))
        );
        assert_eq!((&json["error"], &json["dropped"]), (&"a \"b\"\nc".into(), &7.into()));
    }
}
