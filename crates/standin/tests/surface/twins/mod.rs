//! Injected equals natural. For every code of the catalogue, on every surface where it occurs, a request with the real
//! mistake and the same request with a fault rule, in a world that is in order, get the same reply.
//!
//! The requests are those of `demonstration.rs`, and more where a code occurs on several surfaces or with several
//! messages. Only what [`normalized`] lists may differ.

mod mistakes;

use std::collections::BTreeSet;
use std::pin::Pin;

use kakaw_wire::problem::{Status, Surface};
use kakaw_wire::{Code, Problem};
use serde_json::{Value, json};

use crate::demonstration::{ROWS, Stage};
use crate::provoked;
use crate::support::*;

/// Where an error is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Page,
    Redirect,
    Kauth,
    Kapi,
    /// JSON of the apps host.
    Apps,
    /// The page that the picker returns to.
    Picker,
    /// The message that the hidden frame posts.
    Frame,
    /// The failure that the JavaScript SDK polls for.
    CodeJson,
}

/// The mistake and its twin.
struct Twin {
    /// `fault.error`.
    error: String,
    how: &'static str,
    requests: Requests,
    /// `fault.evidence`: the server's words about the mistake, which the request does not show.
    evidence: &'static [(&'static str, &'static str)],
    /// How many requests come after the one that fails.
    after: usize,
}

type Requests = fn(&mut Stage) -> Pin<Box<dyn Future<Output = Answer> + '_>>;

impl Twin {
    /// Makes the mistake, and returns the reply and the number of requests.
    async fn natural(&self, stage: &mut Stage) -> (Answer, usize) {
        stage.server.world.requests.clear();
        let answer = (self.requests)(stage).await;
        (answer, stage.server.world.requests.list(&Default::default()).len())
    }

    /// Sends the same requests in a world that is in order. The rule hits one of them.
    async fn injected(&self, stage: &mut Stage, nth: usize) -> Answer {
        stage.in_order = true;
        let evidence: serde_json::Map<String, Value> =
            self.evidence.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let rule = json!({ "nth": nth - self.after, "fault": { "error": self.error, "evidence": evidence } });
        let added = control(&stage.server, "POST", "/control/v1/faults", rule).await;
        assert_eq!(added.status, 200, "{} {}", self.error, added.body);
        let answer = (self.requests)(stage).await;
        let rules = control(&stage.server, "GET", "/control/v1/faults", Value::Null).await.json();
        assert_eq!(rules[0]["applied"], 1, "{} by {}: the rule hit nothing", self.error, self.how);
        control(&stage.server, "DELETE", "/control/v1/faults", Value::Null).await;
        answer
    }
}

/// Returns the parts of a reply that must be the same, without what the two must not share: the date, ids of requests,
/// codes, sealed texts, and the diagnosis, which says that a rule caused the error.
fn normalized(answer: &Answer) -> Vec<String> {
    let id = answer.headers.get("x-request-id").map(|id| id.to_str().unwrap().to_owned());
    let sealed =
        |text: &str| without_long_words(&id.as_ref().map_or(text.to_owned(), |id| text.replace(id.as_str(), "ID")));
    let mut parts = vec![format!("status {}", answer.status.as_u16())];
    for (name, value) in &answer.headers {
        // The diagnosis of a page is not of the same length.
        let is_own_length = name == "content-length" && value.to_str().unwrap() == answer.body.len().to_string();
        if name != "date" && !is_own_length {
            parts.push(format!("{name}: {}", sealed(value.to_str().unwrap())));
        }
    }
    parts[1..].sort();
    for (name, value) in answer.explained.iter().flat_map(|explained| &explained.evidence) {
        parts.push(format!("evidence {name}: {}", sealed(value)));
    }
    let (before, after) = answer.body.split_once("<details open class=\"diagnosis\"").unwrap_or((&answer.body, ""));
    let after = after.split_once("</details>").map_or("", |(_, after)| after);
    parts.extend(
        sealed(&format!("{}{after}", before)).lines().filter(|line| !line.trim().is_empty()).map(str::to_owned),
    );
    parts
}

/// Replaces the words that only random bytes have.
fn without_long_words(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let length = rest[start..].find(|c| !is_word(c)).unwrap_or(rest.len() - start);
        let word = &rest[start..start + length];
        kept.push_str(&rest[..start]);
        kept.push_str(if word.len() >= 40 { "RANDOM" } else { word });
        rest = &rest[start + length..];
    }
    kept + rest
}

fn place(answer: &Answer) -> Option<(Code, Place)> {
    if let Ok(json) = serde_json::from_str::<Value>(&answer.body) {
        if json["status"] == "error" {
            if json["error_code"] == "300" {
                return Some((Code::KOE003, Place::CodeJson));
            }
            let same = |code: &&Code| {
                code.answers().iter().any(|a| json["error"] == a.error && json["error_description"] == a.message)
            };
            let unknown = json["error"] == "invalid_client";
            let unregistered = json["error"] == "misconfigured";
            let code = if unregistered {
                Some(&Code::KOE009)
            } else if unknown {
                Some(&Code::KOE101)
            } else {
                Code::ALL.iter().find(same)
            };
            return Some((*code?, Place::CodeJson));
        }
        if let Some(message) = json["message"].as_str() {
            let message: Value = serde_json::from_str(message).ok()?;
            return Some((Code::from_id(message["error_code"].as_str()?)?, Place::Frame));
        }
    }
    let (code, surface) = provoked::read(answer)?;
    let place = match surface {
        Surface::Page => Place::Page,
        Surface::Redirect => Place::Redirect,
        Surface::Kauth => Place::Kauth,
        Surface::Kapi => Place::Kapi,
        Surface::Apps if answer.headers.contains_key("location") => Place::Picker,
        Surface::Apps => Place::Apps,
    };
    Some((code, place))
}

fn all() -> Vec<Twin> {
    let evidence = |code: Code| EVIDENCE.iter().find(|(known, _)| *known == code).map_or(&[][..], |(_, given)| *given);
    // A database that fails leaves the picker no place to go to; `more` has KAE001 where it goes somewhere.
    let first = ROWS.iter().filter(|(code, ..)| *code != Code::KAE001).map(|(code, how, requests)| Twin {
        error: code.id().to_owned(),
        how,
        requests: *requests,
        evidence: evidence(*code),
        after: 0,
    });
    first.chain(mistakes::more()).collect()
}

/// The words of the server in the rows of `demonstration.rs`.
const EVIDENCE: &[(Code, &[(&str, &str)])] = &[
    (Code::InvalidGrantPkce, &[("reason", "code_verifier was sent but authorize had no code_challenge")]),
    (Code::Kapi2, &[("reason", "Expected a JSON list of text.")]),
    (Code::KAE003, &[("parameter", "continue"), ("reason", "it has another app_key")]),
];

#[tokio::test]
async fn an_injected_error_is_the_error_that_its_mistake_causes() {
    let (mut covered, mut failed) = (BTreeSet::new(), Vec::new());
    let mut stage = Stage::new().await;
    let only = std::env::var("KAKAW_TWIN").ok();
    for twin in all().iter().filter(|twin| only.as_ref().is_none_or(|only| *only == twin.error)) {
        stage = stage.again().await;
        let (natural, requests) = twin.natural(&mut stage).await;
        stage = stage.again().await;
        let injected = twin.injected(&mut stage, requests).await;
        let (one, other) = (normalized(&natural), normalized(&injected));
        let Some((code, place)) = place(&natural) else {
            failed.push(format!("{} by {}: no error: {one:#?}", twin.error, twin.how));
            continue;
        };
        if one != other {
            let missing: Vec<_> = one.iter().filter(|part| !other.contains(part)).collect();
            let added: Vec<_> = other.iter().filter(|part| !one.contains(part)).collect();
            failed.push(format!("{} by {}: natural {missing:#?}, injected {added:#?}", twin.error, twin.how));
        }
        let of_name = natural.explained.as_ref().map(|explained| explained.problem);
        covered.insert((of_name.or(code.problems().next()).unwrap(), place));
    }
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
    if only.is_some() {
        return;
    }
    let missing: Vec<_> = expected().into_iter().filter(|one| !covered.contains(one)).collect();
    assert_eq!(missing, WITHOUT, "no other problem lacks its twin, and these do");
}

/// What only the control API answers: it logs a person in without pages, so its errors are JSON.
const WITHOUT: [(&str, Place); 1] = [("MalformedRequest", Place::Kauth)];

/// Every problem with a raised code, on every surface that the catalogue gives it.
fn expected() -> BTreeSet<(&'static str, Place)> {
    let polled = ["UnknownAppKey", "PlatformMismatch", "TemporaryFault"];
    let mut all: BTreeSet<_> = polled.map(|name| (name, Place::CodeJson)).into();
    for (name, code) in Problem::NAMES.iter().filter(|(_, code)| code.status() == Status::Raised) {
        for answer in Problem::named(name, &|_| String::new()).unwrap().answers() {
            let places: &[Place] = match answer.surface {
                Surface::Page => &[Place::Page],
                Surface::Redirect => &[Place::Redirect, Place::CodeJson],
                Surface::Kauth => &[Place::Kauth],
                Surface::Kapi => &[Place::Kapi],
                Surface::Apps => match code {
                    Code::KAE002 | Code::KAE003 | Code::KAE104 => &[Place::Apps],
                    Code::KAE001 | Code::KAE201 => &[Place::Picker, Place::Frame, Place::Apps],
                    _ => &[Place::Picker, Place::Frame],
                },
            };
            all.extend(places.iter().map(|place| (*name, *place)));
        }
    }
    all
}
