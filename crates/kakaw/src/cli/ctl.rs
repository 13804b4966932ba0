//! `kakaw ctl` — every call of a running stand-in's control API, as a verb and `field=value`.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args as ClapArgs;
use kakaw_core::{Span, diagnosis};
use serde_json::{Map, Value};

use super::place::{Running, stand_in};
use super::{Usage, listen};
use kakaw_standin::control::calls::{CALLS, Call, PREFIX, Sends, words_of};
use kakaw_standin::control::watch;
use kakaw_standin::durations;
use kakaw_standin::world::WORLDS;
use kakaw_wire::url::with_query;

#[derive(ClapArgs)]
#[command(after_help = words())]
pub struct Args {
    /// The stand-in [default: KAKAW_URL, else http://localhost:7700].
    #[arg(long)]
    url: Option<String>,
    /// One of its worlds, by name.
    #[arg(long)]
    world: Option<String>,
    /// The call; without it, all calls are listed.
    verb: Option<String>,
    /// What to send: field=value, or a.b=value for a nested field; "?" lists the fields.
    #[arg(value_name = "FIELD=VALUE")]
    fields: Vec<String>,
}

/// Returns the list of calls, for the help.
fn words() -> String {
    let mut text = "Calls:\n".to_owned();
    for call in CALLS {
        let _ = writeln!(text, "  {:<15} {}", call.verb, call.about);
    }
    text.push_str("\nFields of a call: kakaw ctl VERB '?'\n");
    text.push_str("Examples:\n  kakaw ctl login client_id=KEY person=ryan@example.com tokens=true\n");
    text.push_str("  kakaw ctl fault path=/oauth/token times=1 fault.error=KOE320\n  kakaw ctl clock advance=6h");
    text
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let Some(verb) = &args.verb else {
        writeln!(out, "{}", words())?;
        return Ok(());
    };
    let call = find(verb)?;
    if args.fields.first().is_some_and(|field| field == "?") {
        write!(out, "{}", fields(call))?;
        return Ok(());
    }
    let sent = Sent::read(call, &args.fields).map_err(Usage::error)?;
    let world = args.world.as_ref().map(|name| format!("{WORLDS}{name}")).unwrap_or_default();
    let running = Running::at(&format!("{}{world}", stand_in(args.url.clone())));
    let answer = listen::block_on(running.call(call.method.name(), &sent.path, sent.body))?;
    if answer.is_empty() && call.answers.is_some() {
        return Err(nothing_came(&args.fields));
    }
    match serde_json::from_str::<Value>(&answer) {
        _ if answer.is_empty() => writeln!(out, "done")?,
        Ok(json) => writeln!(out, "{json:#}")?,
        Err(_) => write!(out, "{answer}")?,
    }
    Ok(())
}

/// The error of `wait`: of the calls that have a reply, only `wait` can return nothing.
fn nothing_came(fields: &[String]) -> anyhow::Error {
    let said = fields.iter().find_map(|field| durations::parse(field.strip_prefix("timeout=")?, 1000));
    let seconds = said.unwrap_or(Span::seconds(10)).as_duration().min(watch::LONGEST).as_secs_f64();
    let filter: Vec<&str> = fields.iter().map(String::as_str).filter(|field| !field.starts_with("timeout=")).collect();
    let what =
        if filter.is_empty() { "no request".to_owned() } else { format!("no request with {}", filter.join(" ")) };
    anyhow::anyhow!("{what} came within {seconds} s; kakaw ctl requests lists those that came")
}

fn find(verb: &str) -> anyhow::Result<&'static Call> {
    CALLS.iter().find(|call| call.verb == verb).ok_or_else(|| {
        let meant = diagnosis::meant(verb, CALLS.iter().map(|call| call.verb));
        let meant = meant.map(|meant| format!("did you mean {meant}? ")).unwrap_or_default();
        Usage::error(format!("there is no call {verb:?}; {meant}kakaw ctl lists them"))
    })
}

/// The fields of a call, as `?` prints them.
fn fields(call: &Call) -> String {
    let mut text = format!("{}\n{} {PREFIX}{}\n", call.about, call.method.name(), call.path);
    let required = call.required();
    for name in call.in_path() {
        let _ = writeln!(text, "  {name:<16} required");
    }
    if let Sends::WorldFile = call.sends {
        text.push_str("  FILE             required: the path of a world file\n");
    }
    for (name, schema) in call.fields() {
        let needed = if required.contains(&name) { "required. " } else { "" };
        let inner: Vec<_> = schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
        if inner.is_empty() {
            let _ = writeln!(text, "  {:<16} {needed}{}", any_name(&name, &schema), line(&schema));
        }
        for (inner, schema) in inner {
            let _ = writeln!(text, "  {:<22} {}", any_name(&format!("{name}.{inner}"), schema), line(schema));
        }
    }
    text
}

/// Returns the field as it is written: `parameters.NAME` where the schema allows any name.
fn any_name(name: &str, schema: &Value) -> String {
    let any = schema.get("additionalProperties").is_some_and(Value::is_object);
    if any { format!("{name}.NAME") } else { name.to_owned() }
}

/// Returns a schema's description and its allowed values, on one line.
fn line(schema: &Value) -> String {
    let described = schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let words = words_of(schema);
    if words.is_empty() { described } else { format!("{described} One of: {}.", words.join(", ")) }
}

/// A request, parsed from the command line.
#[derive(Debug, PartialEq)]
struct Sent {
    path: String,
    body: Option<(String, &'static str)>,
}

impl Sent {
    fn read(call: &Call, words: &[String]) -> Result<Self, String> {
        if let Sends::WorldFile = call.sends {
            let [path] = words else { return Err("expected the path of one world file".to_owned()) };
            let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
            return Ok(Self { path: format!("{PREFIX}{}", call.path), body: Some((text, "application/toml")) });
        }
        let (in_path, known) = (call.in_path(), call.fields());
        let mut path = format!("{PREFIX}{}", call.path);
        let mut body = Value::Object(Map::new());
        for word in words {
            let (name, value) =
                word.split_once('=').ok_or_else(|| format!("{word:?} is not a field; expected field=value"))?;
            if in_path.contains(&name) {
                path = path.replace(&format!("{{{name}}}"), value);
                continue;
            }
            let first = name.split('.').next().unwrap_or_default();
            let Some(mut schema) = known.get(first) else {
                let names: Vec<&str> = in_path.iter().copied().chain(known.keys().map(String::as_str)).collect();
                let meant = diagnosis::meant(first, names.iter().copied());
                let meant = meant.map(|meant| format!(", did you mean {meant}?")).unwrap_or_default();
                return Err(format!(
                    "{} has no field {first:?}{meant}; its fields are: {}",
                    call.verb,
                    names.join(", ")
                ));
            };
            let taken = || format!("{name}: a field is a value or has fields of its own, not both");
            let mut place = member(&mut body, first).ok_or_else(taken)?;
            let mut rest = name.split_once('.').map(|(_, rest)| rest);
            while let Some(path) = rest {
                // Where the schema allows any name, the rest of the name counts with its dots:
                // parameters.extra.service_terms.
                let any = schema.get("additionalProperties").filter(|any| any.is_object());
                let (part, after) = match path.split_once('.').filter(|_| any.is_none()) {
                    Some((part, after)) => (part, Some(after)),
                    None => (path, None),
                };
                schema = any.or_else(|| schema.get("properties")?.get(part)).unwrap_or(&Value::Null);
                (place, rest) = (member(place, part).ok_or_else(taken)?, after);
            }
            *place = typed(schema, value);
        }
        if let Some(missing) = in_path.iter().find(|name| path.contains(&format!("{{{name}}}"))) {
            return Err(format!("{} needs {missing}=…", call.verb));
        }
        if let Some(missing) = call.required().iter().find(|name| body.get(name.as_str()).is_none()) {
            return Err(format!("{} needs {missing}=…", call.verb));
        }
        Ok(match call.sends {
            Sends::Json(_) => Self { path, body: Some((body.to_string(), "application/json")) },
            Sends::Query(_) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let mut fields: Vec<(String, String)> = Vec::new();
                for (name, value) in body.as_object().into_iter().flatten() {
                    match value.as_object() {
                        // A nested field keeps its name in the query: parameters.state=abc.
                        Some(inner) => {
                            fields.extend(inner.iter().map(|(key, one)| (format!("{name}.{key}"), text(one))))
                        }
                        None => fields.push((name.clone(), text(value))),
                    }
                }
                let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
                Self { path: with_query(&path, &fields), body: None }
            }
            Sends::Nothing | Sends::WorldFile => Self { path, body: None },
        })
    }
}

/// Returns a member of an object, or `None` if it has a value already.
fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if object.is_null() {
        *object = Value::Object(Map::new());
    }
    Some(object.as_object_mut()?.entry(name).or_insert(Value::Null))
}

/// Converts a value to its schema's type: text stays text, a list may be comma-separated, and the rest is JSON if it
/// can be parsed.
fn typed(schema: &Value, value: &str) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Value::from(value),
        Some("array") if !value.starts_with('[') => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            value.split(',').map(|one| typed(items, one.trim())).collect()
        }
        _ => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(verb: &str, words: &[&str]) -> Result<(String, Value), String> {
        let call = find(verb).expect("a call");
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let sent = Sent::read(call, &words)?;
        let body = sent.body.map_or(Value::Null, |(text, _)| serde_json::from_str(&text).expect("JSON"));
        Ok((sent.path, body))
    }

    #[test]
    fn words_become_what_the_call_wants() {
        let fault = read("fault", &["path=/oauth/token", "times=1", "fault.error=-401", "fault.latency_ms=5"]);
        let body = json!({ "path": "/oauth/token", "times": 1, "fault": { "error": "-401", "latency_ms": 5 } });
        assert_eq!(fault, Ok(("/control/v1/faults".to_owned(), body)));
        let login = read("login", &["client_id=0123", "person=a", "only=use,privacy", "parameters.state=1"]);
        let login = login.expect("read").1;
        assert_eq!((&login["client_id"], &login["only"]), (&json!("0123"), &json!(["use", "privacy"])));
        let late = read("fault", &["webhook=unlink", "fault.delivery={\"late\":60}"]).expect("read").1;
        assert_eq!(late["fault"]["delivery"], json!({ "late": 60 }));
        assert_eq!(
            read("count", &["path=/v2", "status=401"]).expect("read").0,
            "/control/v1/requests/count?path=%2Fv2&status=401"
        );
        assert_eq!(read("world-delete", &["name=a"]).expect("read").0, "/control/v1/worlds/a");
        let waited =
            read("wait", &["parameters.extra.service_terms=a,1", "parameters.state=1", "app=1001", "person=a"]);
        assert_eq!(
            waited.expect("read").0,
            "/control/v1/requests/wait?app=1001&parameters.extra.service_terms=a%2C1&parameters.state=1&person=a"
        );
        let login = read("login", &["person=a", "client_id=b", "parameters.state=1"]).expect("read").1;
        assert_eq!(login["parameters"], json!({ "state": "1" }));
        for (verb, words, part) in [
            ("world-delete", &[][..], "name=…"),
            ("unlink", &["app=1"], "user_id=…"),
            ("login", &["persn=a"], "did you mean person?"),
            ("login", &["person"], "field=value"),
            ("reset", &["x=1"], "no field"),
            ("fault", &["fault=x", "fault.error=-401"], "not both"),
            ("fault", &["fault.error.x=1", "fault.error.x.y=2"], "not both"),
        ] {
            let error = read(verb, words).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
        assert!(find("worldz").err().expect("refused").to_string().contains("did you mean worlds?"));
    }

    #[test]
    fn what_was_waited_for_is_said() {
        let said =
            |fields: &[&str]| nothing_came(&fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>()).to_string();
        assert!(
            said(&["path=/v2", "timeout=1s", "code=-401"])
                .starts_with("no request with path=/v2 code=-401 came within 1 s")
        );
        assert!(said(&[]).starts_with("no request came within 10 s"));
        assert!(said(&["timeout=99"]).contains("within 30 s"), "it waits no longer");
    }

    #[test]
    fn the_fields_of_every_call_can_be_read() {
        for call in CALLS {
            assert!(fields(call).contains(call.about));
        }
        assert!(
            fields(find("fault").expect("a call")).contains("out_of_order"),
            "{}",
            fields(find("fault").expect("a call"))
        );
    }
}
