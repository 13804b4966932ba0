//! Exports recorded exchanges for other tools: HTTP Archive (HAR 1.2) and curl commands.
//!
//! The log has masked secrets, codes and tokens already. A HAR leaves the machine, so it has no personal data either.

use serde_json::{Value, json};

use crate::json::set;
use crate::request_log::Exchange;
use kakaw_wire::form::Pairs;
use kakaw_wire::url;

/// Returns the exchanges as a HAR document.
#[must_use]
pub fn document(exchanges: &[Exchange]) -> Value {
    json!({ "log": {
        "version": "1.2",
        "creator": { "name": "kakaw", "version": env!("CARGO_PKG_VERSION") },
        "entries": exchanges.iter().map(entry).collect::<Vec<_>>(),
    }})
}

/// Parameters with personal data, and the beginnings of such names.
const PERSONAL: [&str; 12] = [
    "loginId",
    "login_hint",
    "email",
    "nickname",
    "name",
    "properties",
    "value_",
    "receiver_",
    "base_address",
    "detail_address",
    "zone_number",
    "zip_code",
];

fn impersonal(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let is_personal =
        |name: &str| PERSONAL.iter().any(|one| name == *one || (one.ends_with('_') && name.starts_with(one)));
    let masked = |(name, value): &(String, String)| {
        let value = if is_personal(name) && !value.is_empty() { "…" } else { value };
        (name.clone(), value.to_owned())
    };
    pairs.iter().map(masked).collect()
}

/// Returns the target of a redirect without personal data.
fn impersonal_location(location: &str) -> String {
    let (path, query) = url::split_query(location);
    let personal = Pairs::parse(query).is_ok_and(|pairs| {
        let all: Vec<_> = pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        impersonal(&all) != all
    });
    if personal { format!("{path}?…") } else { location.to_owned() }
}

fn entry(exchange: &Exchange) -> Value {
    let parameters = impersonal(&exchange.parameters);
    let (query, form) = parameters.split_at(exchange.in_query.min(parameters.len()));
    let milliseconds = exchange.took.as_secs_f64() * 1000.0;
    let mut request = json!({
        "method": exchange.method,
        "url": with_query(&exchange.url, query),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": pairs(&exchange.headers),
        "queryString": pairs(query),
        "headersSize": -1,
        "bodySize": -1,
    });
    if !form.is_empty() {
        set(
            &mut request,
            "postData",
            json!({ "mimeType": "application/x-www-form-urlencoded", "params": pairs(form) }),
        );
    }
    // What was decided names the person.
    let nameless =
        |text: &str| exchange.person.as_deref().map_or_else(|| text.to_owned(), |who| text.replace(who, "…"));
    let mut entry = json!({
        "startedDateTime": exchange.at,
        "time": milliseconds,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": { "size": -1, "mimeType": exchange.content_type },
            "redirectURL": exchange.location.as_deref().map(impersonal_location).unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
    });
    match (exchange.code, &exchange.decision) {
        (Some(code), _) => set(&mut entry, "comment", nameless(&format!("{code}: {}", exchange.diagnosis.join("; ")))),
        (None, Some(decision)) => set(&mut entry, "comment", nameless(decision)),
        (None, None) => {}
    }
    entry
}

fn pairs(all: &[(String, String)]) -> Value {
    all.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Returns an exchange as a shell command. Masked values must be filled in before it is run.
#[must_use]
pub fn curl(exchange: &Exchange) -> String {
    let (query, form) = exchange.parameters.split_at(exchange.in_query.min(exchange.parameters.len()));
    let mut line = format!("curl -i -X {} {}", exchange.method, quoted(&with_query(&exchange.url, query)));
    // curl sets the content type of a form itself, and has its own values for these two.
    let own = ["content-type", "user-agent", "accept"];
    for (name, value) in exchange.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        line.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
    }
    for (name, value) in form {
        line.push_str(&format!(" --data-urlencode {}", quoted(&format!("{name}={value}"))));
    }
    line
}

fn with_query(url: &str, query: &[(String, String)]) -> String {
    let parameters: Vec<(&str, Option<&str>)> =
        query.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
    url::with_query(url, &parameters)
}

/// Quotes text for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked() {
        let pair = |name: &str| (name.to_owned(), "a@b.example".to_owned());
        for name in ["loginId", "login_hint", "value_account_email", "receiver_name", "properties"] {
            assert_eq!(impersonal(&[pair(name)]), [(name.to_owned(), "…".to_owned())]);
        }
        assert_eq!(impersonal(&[pair("scope")]), [pair("scope")]);
        assert_eq!(impersonal_location("/login?login_hint=a%40b.example&x=1"), "/login?…");
        assert_eq!(impersonal_location("/login?x=1"), "/login?x=1");
    }

    #[test]
    fn a_shell_gets_the_words_as_they_were() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
