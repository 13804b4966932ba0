//! Exports recorded exchanges for other tools: HTTP Archive (HAR 1.2) and curl commands.
//!
//! The log has masked secrets, codes and tokens already.

use serde_json::{Value, json};

use crate::json::set;
use crate::request_log::Exchange;
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

fn entry(exchange: &Exchange) -> Value {
    let (query, form) = exchange.parameters.split_at(exchange.in_query.min(exchange.parameters.len()));
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
            "redirectURL": exchange.location.clone().unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
    });
    match (exchange.code, &exchange.decision) {
        (Some(code), _) => set(&mut entry, "comment", format!("{code}: {}", exchange.diagnosis.join("; "))),
        (None, Some(decision)) => set(&mut entry, "comment", decision.as_str()),
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
    fn a_shell_gets_the_words_as_they_were() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
