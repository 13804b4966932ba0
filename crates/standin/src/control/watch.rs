//! `GET /control/v1/requests` — recorded exchanges. `DELETE /control/v1/requests` — delete them.
//! `GET /control/v1/requests/count` — the number of matching exchanges.
//! `GET /control/v1/requests/har` — the matching exchanges as an HTTP Archive (HAR 1.2).
//! `GET /control/v1/requests/{id}/curl` — an exchange as a curl command.
//! `GET /control/v1/requests/wait` — the first matching exchange; waits for it up to `timeout` seconds.
//! `GET /control/v1/faults` — the fault rules. `POST /control/v1/faults` — add one. `DELETE /control/v1/faults` — remove all.

use kakaw_core::account::LoginId;
use kakaw_core::diagnosis;
use kakaw_core::{AccountId, AppId, Span};
use std::time::Duration;

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kakaw_store::accounts;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use serde_json::json;

use super::caller::{Caller, Sent};
use crate::durations;
use crate::faults::{Delivery, FaultRule, InjectedError};
use crate::record::har;
use crate::request_log::Filter;
use kakaw_platform::http::error;

/// Maximum time to wait.
pub const LONGEST: Duration = Duration::from_secs(30);

pub async fn list(caller: Caller, RawQuery(query): RawQuery) -> Response {
    match filter(&caller, &query.unwrap_or_default()).await {
        Ok((filter, _)) => error::json(StatusCode::OK, &caller.world.requests.list(&filter)),
        Err(reason) => caller.refuse(reason),
    }
}

pub async fn count(caller: Caller, RawQuery(query): RawQuery) -> Response {
    match filter(&caller, &query.unwrap_or_default()).await {
        Ok((filter, _)) => error::json(StatusCode::OK, &json!({ "count": caller.world.requests.list(&filter).len() })),
        Err(reason) => caller.refuse(reason),
    }
}

pub async fn har(caller: Caller, RawQuery(query): RawQuery) -> Response {
    match filter(&caller, &query.unwrap_or_default()).await {
        Ok((filter, _)) => error::json(StatusCode::OK, &har::document(&caller.world.requests.list(&filter))),
        Err(reason) => caller.refuse(reason),
    }
}

pub async fn curl(caller: Caller, Path(id): Path<String>) -> Response {
    match id.parse().ok().and_then(|id| caller.world.requests.get(id)) {
        Some(exchange) => error::json(StatusCode::OK, &json!({ "curl": har::curl(&exchange) })),
        None => caller.refuse(format!("there is no request {id} in the log")),
    }
}

pub async fn forget(caller: Caller) -> Response {
    caller.world.requests.clear();
    StatusCode::NO_CONTENT.into_response()
}

pub async fn wait(caller: Caller, RawQuery(query): RawQuery) -> Response {
    let (filter, patience) = match filter(&caller, &query.unwrap_or_default()).await {
        Ok(read) => read,
        Err(reason) => return caller.refuse(reason),
    };
    match tokio::time::timeout(patience, caller.world.requests.wait(&filter)).await {
        Ok(exchange) => error::json(StatusCode::OK, &exchange),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn filter(caller: &Caller, query: &str) -> Result<(Filter, Duration), String> {
    let pairs = Pairs::parse(query).map_err(|error| format!("{}: {}", error.parameter(), error.reason()))?;
    let (mut filter, mut patience) = (Filter::default(), Duration::from_secs(10));
    let number = |name: &str, text: &str| text.parse::<u64>().map_err(|_| format!("{name}: {text:?} is not a number"));
    for (name, value) in pairs.iter() {
        let text = Some(value.to_owned());
        match name {
            "after" => filter.after = Some(number(name, value)?),
            "method" => filter.method = text,
            "path" => filter.path = text,
            "app_key" => filter.app_key = text,
            "app" => filter.app = Some(AppId(value.parse().map_err(|_| format!("app: {value:?} is not an app id"))?)),
            "person" => filter.person = text,
            "status" => {
                filter.status = Some(value.parse().map_err(|_| format!("status: {value:?} is not an HTTP status"))?);
            }
            "code" => filter.code = text,
            "timeout" => patience = patience_of(value)?.min(LONGEST),
            _ => match name.strip_prefix("parameters.") {
                Some(name) => drop(filter.parameters.insert(name.to_owned(), value.to_owned())),
                None => return Err(unknown(name)),
            },
        }
    }
    if let Some(person) = &filter.person {
        filter.account = Some(AccountId(account(caller, person).await?));
    }
    Ok((filter, patience))
}

/// Reads the longest wait.
fn patience_of(value: &str) -> Result<Duration, String> {
    let span = durations::parse(value, 1000).filter(|span| *span >= Span::ZERO);
    span.map(Span::as_duration).ok_or_else(|| format!("timeout: received {value:?}; expected {}", durations::EXPECTED))
}

fn unknown(name: &str) -> String {
    let known = ["after", "method", "path", "app_key", "app", "person", "parameters.NAME", "status", "code", "timeout"];
    let meant = diagnosis::meant(name, known).map(|meant| format!(", did you mean {meant}?")).unwrap_or_default();
    format!("unknown parameter {name}{meant}; expected one of {}", known.join(", "))
}

/// Returns the account with a log-in id.
async fn account(caller: &Caller, person: &str) -> Result<i64, String> {
    match accounts::by_login(&caller.world.platform.store, &LoginId::of(person)).await {
        Ok(Some(stored)) => Ok(stored.account.id.0),
        Ok(None) => Err(format!("person: there is no account with the login id {person:?}")),
        Err(error) => Err(format!("person: {error}")),
    }
}

pub async fn rules(caller: Caller) -> Response {
    error::json(StatusCode::OK, &caller.world.place.faults.list())
}

pub async fn remove(caller: Caller) -> Response {
    caller.world.place.faults.remove(None);
    StatusCode::NO_CONTENT.into_response()
}

pub async fn add(Sent(caller, mut rule): Sent<FaultRule>) -> Response {
    if let Err(reason) = check(&rule) {
        return caller.refuse(reason);
    }
    if let Some(path) = rule.path.as_mut().filter(|path| !path.starts_with('/')) {
        path.insert(0, '/');
    }
    if rule.fault.body.is_some() {
        rule.fault.status.get_or_insert(200);
    }
    if let Some(person) = &rule.person {
        match accounts::by_login(&caller.world.platform.store, &LoginId::of(person)).await {
            Ok(Some(stored)) => rule.account = Some(stored.account.id),
            Ok(None) => return caller.refuse(format!("person: there is no account with the login id {person:?}")),
            Err(error) => return caller.done(Err(error)),
        }
    }
    error::json(StatusCode::OK, &json!({ "id": caller.world.place.faults.add(rule) }))
}

fn check(rule: &FaultRule) -> Result<(), String> {
    let fault = &rule.fault;
    match (rule.webhook, fault.delivery) {
        (None, Some(_)) => return Err("fault.delivery requires webhook: unlink or account_status".to_owned()),
        (Some(_), None) => {
            let known = "late, twice, out_of_order or bad_signature";
            return Err(format!("fault.delivery is missing; expected {known}"));
        }
        (Some(_), Some(_)) if fault.changes_an_answer() => {
            return Err("fault: with webhook, only delivery is possible; the other faults are for requests".to_owned());
        }
        (Some(_), Some(Delivery::Late(span))) if span < Span::seconds(1) => {
            return Err(format!("fault.delivery.late: {}; expected at least 1 second", span.as_seconds()));
        }
        (Some(_), Some(_)) => return Ok(()),
        (None, None) => {}
    }
    if !fault.changes_an_answer() {
        let known = "error, latency_ms, drop, cut, trickle_ms, content_type, status, body, retry_after, id_token, jwks \
                     or delivery";
        return Err(format!("fault is empty; expected {known}"));
    }
    if fault.error.is_some() && (fault.status.is_some() || fault.body.is_some()) {
        return Err("fault.error has its own status and body; leave out fault.status and fault.body".to_owned());
    }
    match (fault.status, &fault.body) {
        (Some(429 | 500..=599), _) | (Some(200..=599), Some(_)) | (None, _) => {}
        (Some(status), Some(_)) => return Err(format!("fault.status: {status}; expected 200 to 599")),
        (Some(status), None) => {
            return Err(format!("fault.status: {status}; expected 429 or 500 to 599, or another with fault.body"));
        }
    }
    if let Some(error) = fault.error {
        let known: Vec<&str> = match error {
            InjectedError::Problem(name) => Problem::named(name, &|_| String::new())
                .map_or(Vec::new(), |problem| problem.evidence().iter().map(|(name, _)| *name).collect()),
            InjectedError::Code(code) => code.evidence(),
            InjectedError::Name(_) => fault.evidence.keys().map(String::as_str).collect(),
        };
        if let Some(unknown) = fault.evidence.keys().find(|name| !known.contains(&name.as_str())) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("fault.evidence: {error} has no {unknown}; it has {known}"));
        }
    } else if !fault.evidence.is_empty() {
        return Err("fault.evidence requires fault.error".to_owned());
    }
    if rule.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
        return Err("probability: expected 0 to 1".to_owned());
    }
    Ok(())
}
