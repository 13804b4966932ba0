//! `GET /apiweb/code.json` — what came of a log-in that ended on a page of ours; the JavaScript SDK asks every second.
//!
//! | parameter      | needed | rule                                                                        |
//! |----------------|--------|-----------------------------------------------------------------------------|
//! | `client_id`    | yes    | a JavaScript key                                                             |
//! | `auth_tran_id` | yes    | the transaction of the authorization request; also `state_token` and `state`  |
//! | `ka`           | no     | telemetry                                                                    |
//!
//! Always 200: `{"status":"error","error_code":"300"}` until there is something. An outcome can be read for ten seconds
//! from its first reading, by pages of the key's registered domains.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_core::app::AppKey;
use kakaw_core::seal::Purpose;
use kakaw_core::secret;
use kakaw_store::{Outcome, Statement, app_keys, parked_codes};
use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::token::CodeReply;

use crate::http::fault::{Fault, json};
use crate::http::here::Here;
use crate::page;
use crate::world::World;

/// Seconds that an outcome waits.
const LIFETIME: i64 = 600;
/// Milliseconds after the first reading in which it can be read again.
const AGAIN: i64 = 10_000;
/// Characters of a transaction id, at least: it must not be guessed.
const LONG: usize = 40;
/// The same for Flutter's `state_token`, which is 20 random letters and digits.
const SHORT: usize = 20;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/apiweb/code.json", routing::get(get))
        .route("/cors/afterlogin.html", routing::get(after_login))
}

/// The key under which the outcome of a request is parked.
pub fn transaction(key: &str, params: &Params) -> Result<String, Fault> {
    let long = |id: &&String| id.len() >= LONG;
    let id = params.auth_tran_id.as_ref().filter(long);
    let id = id.or(params.state_token.as_ref().filter(|id| id.len() >= SHORT)).or(params.state.as_ref().filter(long));
    match id {
        Some(id) => Ok(parked_id(key, id)),
        None => {
            let reason = format!("this redirect_uri needs a transaction of {LONG} characters or more");
            Err(Problem::MalformedRequest { parameter: "auth_tran_id".to_owned(), reason }.into())
        }
    }
}

fn parked_id(key: &str, id: &str) -> String {
    secret::hash(&format!("{key}/{id}"))
}

/// Parks an outcome.
pub fn park(world: &World, transaction: &str, app_id: i64, reply: &CodeReply) -> Statement {
    let plain = serde_json::to_vec(reply).unwrap_or_default();
    let sealed = world.sealer.seal(Purpose::Keep, &plain);
    parked_codes::park(transaction, app_id, &sealed, world.now().plus_seconds(LIFETIME))
}

async fn get(State(world): State<Arc<World>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let pairs = Pairs::parse(&query.unwrap_or_default()).unwrap_or_default();
    let one = |name: &str| pairs.one(name).ok().flatten().filter(|value| !value.is_empty());
    let found = match one("client_id") {
        Some(client_id) => app_keys::with_app(&world.store, client_id).await,
        None => Ok(None),
    };
    let (mut response, key) = match found {
        Ok(Some((_, key))) => {
            let id = one("auth_tran_id").or_else(|| one("state_token")).or_else(|| one("state")).unwrap_or_default();
            (json(StatusCode::OK, &read(&world, &key, id).await), Some(key))
        }
        Ok(None) => (json(StatusCode::OK, &error("600", "invalid_client", "Not exist client_id")), None),
        Err(_) => (json(StatusCode::OK, &pending()), None),
    };
    let origin = headers.get(header::ORIGIN).filter(|origin| key.as_ref().is_some_and(|key| is_of(key, origin)));
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    response
}

fn is_of(key: &AppKey, origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(|origin| key.settings.sdk_domains.iter().any(|domain| domain == origin))
}

async fn read(world: &World, key: &AppKey, id: &str) -> CodeReply {
    let (id, now) = (parked_id(&key.key, id), world.now());
    // Whatever goes wrong is "not yet": the SDK asks again.
    let Ok(Some(parked)) = parked_codes::by_id(&world.store, &id).await else { return pending() };
    if now >= parked.expires_at || parked.read_at.is_some_and(|read_at| now.0 - read_at.0 >= AGAIN) {
        return pending();
    }
    if parked.read_at.is_none() {
        let Ok(Outcome::Committed) = world.store.commit(vec![parked_codes::read(&id, now)]).await else {
            return pending();
        };
    }
    let plain = parked.answer.and_then(|sealed| world.sealer.open(Purpose::Keep, &sealed));
    plain.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_else(pending)
}

fn pending() -> CodeReply {
    CodeReply { status: "error".to_owned(), error_code: Some("300".to_owned()), ..CodeReply::default() }
}

fn error(code: &str, error: &str, description: &str) -> CodeReply {
    CodeReply {
        status: "error".to_owned(),
        error_code: Some(code.to_owned()),
        error: Some(error.to_owned()),
        error_description: Some(description.to_owned()),
        ..CodeReply::default()
    }
}

/// The page that stands at a built-in redirect target, for whoever is led there all the same.
async fn after_login(here: Here) -> Response {
    page::respond(&here, StatusCode::OK, &page::finish::Done::new(&here, "")).into_response()
}
