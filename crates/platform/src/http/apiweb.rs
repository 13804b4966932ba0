//! `GET /apiweb/code.json` — the result of a log-in that ended on a page of ours. The JavaScript SDK polls every
//! second.

use kakaw_core::{AppId, Span};
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_core::app::AppKey;
use kakaw_core::authorize::code_polling;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_store::{Outcome, Statement, app_keys, pending_results};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Surface;
use kakaw_wire::token::{CodeReply, CodeStatus};

use crate::Platform;
use crate::endpoint::{About, Reply, Routes, no, yes};
use crate::http::error::{Error, json};
use crate::pages;
use crate::request::context::RequestContext;

/// How long a result is kept.
const LIFETIME: Span = Span::minutes(10);
/// The time after the first read in which the result can be read again.
const AGAIN: Span = Span::seconds(10);

const ABOUT: About = About::kauth(
    "Returns the result of a login that ended on one of Kakaw's own pages. The JavaScript SDK polls it every second.",
    Reply::json::<CodeReply>(),
)
.takes(&[
    yes("client_id", "a JavaScript key"),
    yes("auth_tran_id", "the transaction of the authorization request; also `state_token` and `state`"),
    no("ka", "telemetry"),
])
.more(
    "Always 200: `{\"status\":\"error\",\"error_code\":\"300\"}` until there is a result. A result can be read for ten \
     seconds after the first read, by pages of the key's registered domains. With `policy.strict_code_polling`, \
     every other caller gets `\"error_code\":\"600\"`, also one without an `Origin`.",
);

const NETWORK: About =
    About::page("Says that the login could not be finished: the JavaScript SDK opens this if its polling failed.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new()
        .get("/apiweb/code.json", &ABOUT, get)
        .plain("/apiweb/code.json", routing::options(options))
        .get("/error/network", &NETWORK, network)
        .plain("/cors/afterlogin.html", routing::get(after_login))
}

/// Returns the id of a transaction's pending result.
pub fn pending_id(key: &str, id: &str) -> String {
    secret::hash(&format!("{key}/{id}"))
}

/// Stores the result of a transaction until a page polls for it.
pub fn keep(platform: &Platform, transaction: &str, app_id: AppId, reply: &CodeReply) -> Statement {
    pending_results::insert(transaction, app_id, &sealed(platform, reply), platform.now() + LIFETIME)
}

/// Keeps the result of a request without a session, in memory only.
pub(crate) fn keep_in_memory(context: &RequestContext, transaction: &str, reply: &CodeReply) {
    let (platform, now) = (&context.platform, context.platform.now());
    platform.transient_results.put(transaction, &context.address, sealed(platform, reply), now, now + LIFETIME);
}

fn sealed(platform: &Platform, reply: &CodeReply) -> String {
    platform.sealer.seal(Purpose::Keep, &serde_json::to_vec(reply).unwrap_or_default())
}

/// Flutter Web sends a `KA` header, so its browser sends a preflight (Fetch §4.8).
async fn options(State(platform): State<Arc<Platform>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let pairs = Pairs::parse(&query.unwrap_or_default()).unwrap_or_default();
    let key = key(&platform, &pairs).await.ok().flatten();
    let mut response = with_origin(StatusCode::NO_CONTENT.into_response(), key.as_ref(), &headers);
    if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "KA"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

async fn network(context: RequestContext) -> Response {
    let mut page = Error::from(Problem::TemporaryFault {}).page(&context);
    // The error was in another request. This one succeeds.
    *page.status_mut() = StatusCode::OK;
    page
}

async fn get(context: RequestContext, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let platform = &context.platform;
    let pairs = Pairs::parse(&query.unwrap_or_default()).unwrap_or_default();
    let (reply, key) = match (key(platform, &pairs).await, context.admitted()) {
        // A database that fails does not find the key either.
        (_, Err(Problem::TemporaryFault {})) => (pending(), None),
        (Ok(key), Err(problem)) => (refused(&problem, one(&pairs, "state")), key),
        (Ok(Some(key)), Ok(())) => (answer(platform, &key, &pairs, &headers).await, Some(key)),
        (Ok(None), Ok(())) => (refused(&Problem::UnknownAppKey { client_id: String::new() }, None), None),
        // The reply to every error is "not yet", so that the SDK asks again.
        (Err(_), _) => (pending(), None),
    };
    with_origin(json(StatusCode::OK, &reply), key.as_ref(), &headers)
}

fn one<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.one(name).ok().flatten().filter(|value| !value.is_empty())
}

async fn key(platform: &Platform, pairs: &Pairs) -> kakaw_store::Result<Option<AppKey>> {
    let Some(client_id) = one(pairs, "client_id") else { return Ok(None) };
    Ok(app_keys::with_app(&platform.store, client_id).await?.map(|(_, key)| key))
}

async fn answer(platform: &Platform, key: &AppKey, pairs: &Pairs, headers: &HeaderMap) -> CodeReply {
    let policy = platform.policy();
    if !code_polling::allows(key, &policy) || !code_polling::may_poll(key, origin(headers), &policy) {
        return refused(&Problem::PlatformMismatch {}, None);
    }
    let id = one(pairs, "auth_tran_id").or_else(|| one(pairs, "state_token")).or_else(|| one(pairs, "state"));
    read(platform, key, id.unwrap_or_default()).await
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok())
}

/// Allows pages of the key's domains to read the reply.
fn with_origin(mut response: Response, key: Option<&AppKey>, headers: &HeaderMap) -> Response {
    let is_ours = |origin: &&HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        key.is_some_and(|key| code_polling::is_registered(key, origin))
    };
    if let Some(origin) = headers.get(header::ORIGIN).filter(is_ours) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    response
}

async fn read(platform: &Platform, key: &AppKey, id: &str) -> CodeReply {
    let (id, now) = (pending_id(&key.key, id), platform.now());
    let result = match pending_results::by_id(&platform.store, &id).await {
        Ok(Some(result)) => result,
        Ok(None) => {
            return platform
                .transient_results
                .get(&id, now)
                .and_then(|sealed| open(platform, &sealed))
                .unwrap_or_else(pending);
        }
        Err(_) => return pending(),
    };
    if now >= result.expires_at || result.read_at.is_some_and(|read_at| now - read_at >= AGAIN) {
        return pending();
    }
    if result.read_at.is_none() {
        let Ok(Outcome::Committed) = platform.store.commit(vec![pending_results::read(&id, now)]).await else {
            return pending();
        };
    }
    result.answer.and_then(|sealed| open(platform, &sealed)).unwrap_or_else(pending)
}

fn open(platform: &Platform, sealed: &str) -> Option<CodeReply> {
    serde_json::from_slice(&platform.sealer.open(Purpose::Keep, sealed)?).ok()
}

fn pending() -> CodeReply {
    CodeReply { error_code: Some("300".to_owned()), ..CodeReply::new(CodeStatus::Error) }
}

/// Returns a failure of the request for the result itself.
fn refused(problem: &Problem, state: Option<&str>) -> CodeReply {
    match problem {
        Problem::UnknownAppKey { .. } => failed("600", "invalid_client", "Not exist client_id".to_owned(), None),
        Problem::PlatformMismatch {} => {
            failed("600", problem.answer(Surface::Kauth).error, problem.message(Surface::Kauth), None)
        }
        // A log-in that ended with this error.
        problem => {
            let answer = problem.answer(Surface::Redirect);
            let error = if answer.error.is_empty() { "invalid_request" } else { answer.error };
            failed("500", error, problem.message(Surface::Redirect), state)
        }
    }
}

/// Returns the result of a failed log-in.
pub(crate) fn failed(code: &str, error: &str, description: String, state: Option<&str>) -> CodeReply {
    CodeReply {
        error_code: Some(code.to_owned()),
        error: Some(error.to_owned()),
        error_description: Some(description),
        state: state.map(str::to_owned),
        ..CodeReply::new(CodeStatus::Error)
    }
}

/// The page at a built-in redirect target, for a browser that navigates there.
async fn after_login(context: RequestContext) -> Response {
    pages::respond(StatusCode::OK, &pages::finish::Done::new(&context, "", true)).into_response()
}
