//! `GET /control/v1/requests` — what was asked and answered. `DELETE /control/v1/requests` — forget it.
//! `GET /control/v1/requests/wait` — the first exchange that fits, waiting for it up to `timeout` seconds.
//! `GET /control/v1/faults` — the fault rules. `POST /control/v1/faults` — add one. `DELETE /control/v1/faults` — remove all.
//!
//! | parameter | needed | rule                                                             |
//! |-----------|--------|------------------------------------------------------------------|
//! | `after`   | no     | only exchanges after this id                                      |
//! | `method`  | no     | `GET`, `POST` …                                                   |
//! | `path`    | no     | the beginning of the path                                         |
//! | `app_key` | no     | `client_id` of the request                                        |
//! | `status`  | no     | HTTP status                                                       |
//! | `code`    | no     | code of the catalogue                                             |
//! | `timeout` | no     | wait: seconds, 30 at most, 10 if absent; then 204                  |
//!
//! A fault rule is JSON, as [`crate::fault_rules::FaultRule`] describes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_wire::form::Pairs;
use kakaw_wire::{Code, Problem};
use serde_json::json;

use super::admit;
use crate::fault_rules::FaultRule;
use crate::http::fault::{self, Fault};
use crate::http::{body, here};
use crate::request_log::Filter;
use crate::world::World;

type Peer = ConnectInfo<SocketAddr>;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/v1/requests", routing::get(list).delete(forget))
        .route("/control/v1/requests/wait", routing::get(wait))
        .route("/control/v1/faults", routing::get(rules).post(add).delete(remove))
}

async fn list(State(world): State<Arc<World>>, peer: Peer, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    match admitted(&world, peer, &headers, query) {
        Ok((filter, _)) => fault::json(StatusCode::OK, &world.requests.list(&filter)),
        Err(response) => *response,
    }
}

async fn forget(State(world): State<Arc<World>>, peer: Peer, headers: HeaderMap) -> Response {
    match admit(&world, peer.0, &headers) {
        Ok(()) => {
            world.requests.clear();
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => *response,
    }
}

async fn wait(State(world): State<Arc<World>>, peer: Peer, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    match admitted(&world, peer, &headers, query) {
        Ok((filter, patience)) => match tokio::time::timeout(patience, world.requests.wait(&filter)).await {
            Ok(exchange) => fault::json(StatusCode::OK, &exchange),
            Err(_) => StatusCode::NO_CONTENT.into_response(),
        },
        Err(response) => *response,
    }
}

fn admitted(
    world: &World,
    peer: Peer,
    headers: &HeaderMap,
    query: Option<String>,
) -> Result<(Filter, Duration), Box<Response>> {
    admit(world, peer.0, headers)?;
    let base = here::base(world, headers);
    filter(&query.unwrap_or_default())
        .map_err(|reason| Box::new(Fault::from(Problem::BadTokenRequest { reason }).kauth(world, &base)))
}

fn filter(query: &str) -> Result<(Filter, Duration), String> {
    let pairs = Pairs::parse(query).map_err(|error| format!("{}: {}", error.parameter(), error.reason()))?;
    let (mut filter, mut seconds) = (Filter::default(), 10);
    let number = |name: &str, text: &str| text.parse::<u64>().map_err(|_| format!("{name}: {text:?} is no number"));
    for (name, value) in pairs.iter() {
        let text = Some(value.to_owned());
        match name {
            "after" => filter.after = Some(number(name, value)?),
            "method" => filter.method = text,
            "path" => filter.path = text,
            "app_key" => filter.app_key = text,
            "status" => filter.status = u16::try_from(number(name, value)?).ok(),
            "code" => filter.code = text,
            "timeout" => seconds = number(name, value)?.min(30),
            _ => {
                return Err(format!(
                    "unknown parameter {name}; expected after, method, path, app_key, status, code, timeout"
                ));
            }
        }
    }
    Ok((filter, Duration::from_secs(seconds)))
}

async fn rules(State(world): State<Arc<World>>, peer: Peer, headers: HeaderMap) -> Response {
    match admit(&world, peer.0, &headers) {
        Ok(()) => fault::json(StatusCode::OK, &world.faults.list()),
        Err(response) => *response,
    }
}

async fn remove(State(world): State<Arc<World>>, peer: Peer, headers: HeaderMap) -> Response {
    match admit(&world, peer.0, &headers) {
        Ok(()) => {
            world.faults.remove(None);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => *response,
    }
}

async fn add(State(world): State<Arc<World>>, peer: Peer, request: Request) -> Response {
    if let Err(response) = admit(&world, peer.0, request.headers()) {
        return *response;
    }
    let base = here::base(&world, request.headers());
    let refuse = |reason: String| Fault::from(Problem::BadTokenRequest { reason }).kauth(&world, &base);
    let rule: FaultRule = match body::bytes(request.into_body(), body::LIMIT).await.map(|b| serde_json::from_slice(&b))
    {
        Ok(Ok(rule)) => rule,
        Ok(Err(error)) => return refuse(format!("the body is no fault rule: {error}")),
        Err(error) => return refuse(error.reason()),
    };
    if rule.fault == Default::default() {
        return refuse(
            "fault says nothing; expected error, latency_ms, drop, cut, content_type, status, id_token or jwks"
                .to_owned(),
        );
    }
    if let Some(unknown) = rule.fault.error.as_deref().filter(|id| Code::from_id(id).is_none()) {
        return refuse(format!("fault.error: {unknown:?} is no code of the catalogue, such as KOE006 or -401"));
    }
    if rule.fault.status.is_some_and(|status| !(500..600).contains(&status)) {
        return refuse("fault.status: expected 500 to 599".to_owned());
    }
    if rule.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
        return refuse("probability: expected 0 to 1".to_owned());
    }
    fault::json(StatusCode::OK, &json!({ "id": world.faults.add(rule) }))
}
