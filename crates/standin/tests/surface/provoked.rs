//! Records the codes that the suite provokes. Every answer to a request is read the way a client reads it. A code that
//! a fault rule injects does not count, because no rule of the platform raised it.
//!
//! A test process writes the codes to a file of its own, in the folder that `KAKAW_TEST_PROVOKED` names. After the whole
//! suite, `./test` compares these files with the catalogue. Without the variable, nothing is recorded, so that a run of
//! some tests does not fail.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use axum::body::Body;
use axum::http::Request;
use kakaw_core::policy::Policy;
use kakaw_standin::inject::Injected;
use kakaw_store::db::Url;
use kakaw_wire::Code;
use kakaw_wire::problem::{Status, Surface};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer, control};

const FOLDER: &str = "KAKAW_TEST_PROVOKED";

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Records the code of an answer, if it has one.
pub fn record(answer: &Answer) {
    static SEEN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let Some(folder) = folder() else { return };
    let Some((code, _)) = read(answer) else { return };
    // A page of the documentation names its code too, with status 200.
    if wrong(code, answer).is_none() && SEEN.lock().unwrap().insert(code.id()) {
        let path = folder.join(std::process::id().to_string());
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{}", code.id()).unwrap();
    }
}

#[test]
#[ignore = "./test runs it after the whole suite"]
fn the_suite_provoked_every_raised_code_and_no_other() {
    let folder = folder().unwrap_or_else(|| panic!("{FOLDER} names the folder in which the suite recorded its codes"));
    let mut provoked = BTreeSet::new();
    for file in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        provoked.extend(text.lines().map(str::to_owned));
    }
    let is_raised = |code: &&Code| code.status() == Status::Raised;
    let raised: BTreeSet<_> = Code::ALL.iter().filter(is_raised).map(|code| code.id().to_owned()).collect();
    let missing: Vec<_> = raised.difference(&provoked).collect();
    assert!(missing.is_empty(), "raised by the catalogue, but no request of the suite provoked {missing:?}");
    let others: Vec<_> = provoked.difference(&raised).collect();
    assert!(
        others.is_empty(),
        "requests of the suite provoked {others:?}, which the catalogue does not mark as raised"
    );
}

#[tokio::test]
async fn what_a_fault_rule_injects_is_marked_and_does_not_count() {
    let server = TestServer::start(&Url::Memory, Policy::DEV).await;
    let is_injected = async || {
        let request = Request::post("/oauth/token").header("host", "localhost:7700").body(Body::empty()).unwrap();
        server.raw(request).await.extensions().get::<Injected>().is_some()
    };
    assert!(!is_injected().await, "KOE310 of the platform itself");
    let rule = json!({ "path": "/oauth/token", "fault": { "error": "KOE025" } });
    assert_eq!(control(&server, "POST", "/control/v1/faults", rule).await.status, 200);
    assert!(is_injected().await);
}

/// Returns the code that a client reads from an answer, and its surface.
pub fn read(answer: &Answer) -> Option<(Code, Surface)> {
    let by = |surface: Surface, error: Option<String>, message: Option<String>| {
        let spelled = |code: &&Code| {
            let nameless = !code.id().starts_with("KOE");
            nameless
                && code.answers().iter().any(|a| {
                    let says = a.message.contains('{') || Some(a.message) == message.as_deref();
                    a.surface == surface && Some(a.error) == error.as_deref() && says
                })
        };
        Some((*Code::ALL.iter().find(spelled)?, surface))
    };
    if answer.headers.contains_key("location") {
        return match answer.parameter("error_code") {
            Some(code) => Some((Code::from_id(&code)?, Surface::Apps)),
            None => by(Surface::Redirect, answer.parameter("error"), answer.parameter("error_description")),
        };
    }
    let Ok(json) = serde_json::from_str::<Value>(&answer.body) else {
        let id = answer.body.split("(KOE").nth(1)?.split(')').next()?;
        return Some((Code::from_id(&format!("KOE{id}"))?, Surface::Page));
    };
    let string = |name: &str| json[name].as_str().map(str::to_owned);
    match (string("error_code"), json["code"].as_i64()) {
        (Some(code), _) if code.starts_with("KAE") => Some((Code::from_id(&code)?, Surface::Apps)),
        (Some(code), _) => Some((Code::from_id(&code)?, Surface::Kauth)),
        (None, Some(code)) => Some((Code::from_id(&code.to_string())?, Surface::Kapi)),
        (None, None) => by(Surface::Kauth, string("error"), string("error_description")),
    }
}

/// Returns what is wrong with an answer that should have this code, if anything.
pub fn wrong(code: Code, answer: &Answer) -> Option<String> {
    let Some((answered, surface)) = read(answer) else {
        return Some(format!("no error: {} {:?} {}", answer.status, answer.headers, answer.body));
    };
    if answered != code {
        return Some(format!("answered with {answered}: {:?} {}", answer.headers, answer.body));
    }
    // A redirect has no status of its own.
    let statuses: Vec<u16> = code.answers().iter().filter(|a| a.surface == surface).map(|a| a.status).collect();
    let status = answer.status.as_u16();
    (!statuses.contains(&status) && !answer.status.is_redirection())
        .then(|| format!("status {status}, expected one of {statuses:?}"))
}
