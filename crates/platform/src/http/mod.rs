//! HTTP: one file per endpoint, named after its URL.

pub mod accounts;
pub mod apiweb;
pub mod apps;
pub mod assets;
mod by_origin;
pub mod docs;
pub mod error;
pub mod handler;
pub mod kapi;
pub mod kauth;
pub mod profile;
mod security_txt;
pub mod unknown;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use crate::Platform;
use crate::clock;
use crate::endpoint::{Endpoint, Place, Routes};
use crate::http::unknown::Unknown;
use crate::origins::{Origins, Surface};
use crate::request::{context, current};

pub use security_txt::SecurityTxt;

/// Time that a request may spend on the database in total. After it the error is KOE003 (-1), so that the client can
/// retry and does not wait for ever.
const STORAGE: Duration = Duration::from_secs(3);

/// Returns the router of all endpoints, with the guard and with the limit of the time that a request spends on the
/// database: one layer for both, because each layer costs a request some memory.
pub fn app(platform: &Arc<Platform>) -> Router {
    let layer = async |platform: State<Arc<Platform>>, request: Request, next: Next| {
        kakaw_store::patient(STORAGE, guard(platform, request, next)).await
    };
    let router = by_origin::router(platform).unwrap_or_else(|| routes(platform, Routes::new()));
    router.layer(middleware::from_fn_with_state(Arc::clone(platform), layer))
}

/// Returns the routes of all endpoints and those in `more`, which are served under the same name. Suggestions for wrong
/// URLs come from all of them.
pub fn routes(platform: &Arc<Platform>, more: Routes) -> Router {
    let all = table(platform).with_state(platform).merge(more);
    let unknown = Unknown::new(Arc::clone(platform), all.endpoints(), Vec::new());
    with_unknown(all.router(|_| true), unknown)
}

/// Adds the reply to wrong paths and methods.
fn with_unknown(router: Router, unknown: Unknown) -> Router {
    let unknown = Arc::new(unknown);
    let answer = move |request: Request| {
        let unknown = Arc::clone(&unknown);
        async move { unknown.answer(request).await }
    };
    router.fallback(answer.clone()).method_not_allowed_fallback(answer)
}

/// Returns the endpoints of a platform.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    own(None).endpoints().to_vec()
}

/// Returns every path of a platform, and its surface.
#[must_use]
pub fn places() -> Vec<Place> {
    own(None).places().into_iter().cloned().collect()
}

/// Returns the table of routes of this platform.
fn table(platform: &Platform) -> Routes<Arc<Platform>> {
    own(platform.surroundings.origins()).merge(security_txt::routes(platform))
}

fn own(origins: Option<&Origins>) -> Routes<Arc<Platform>> {
    let routes = Routes::new()
        .merge(kauth::routes())
        .merge(kapi::routes().on(Surface::Kapi))
        .merge(accounts::routes().on(Surface::Accounts))
        .merge(apiweb::routes().on(Surface::Kauth))
        .merge(apps::routes().on(Surface::Apps))
        .merge(assets::sdk(origins).on(Surface::Kauth))
        .merge(assets::routes())
        .merge(profile::routes().on(Surface::Kapi));
    let docs = docs::routes(routes.endpoints());
    routes.merge(docs)
}

/// The layer that limits the time that a request spends on the database.
pub async fn patient(request: Request, next: Next) -> Response {
    kakaw_store::patient(STORAGE, next.run(request)).await
}

/// Puts the guard in front of a router.
pub fn guarded(platform: &Arc<Platform>, router: Router) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(platform), guard))
}

/// The guard for every request. It gives the request an id and, at the level `debug`, a log line without the query,
/// which may contain secrets.
async fn guard(State(platform): State<Arc<Platform>>, request: Request, next: Next) -> Response {
    let address = context::caller(&platform, request.headers(), request.extensions());
    let endpoint = platform.metrics.endpoint(request.uri().path());
    let answer = async {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return admit(&platform, request, next).await;
        }
        let (began, method) = (clock::monotonic(), request.method().clone());
        let path: String = request.uri().path().chars().take(200).collect();
        let response = admit(&platform, request, next).await;
        let (status, duration_ms) = (response.status().as_u16(), began.elapsed().as_millis() as u64);
        tracing::debug!(%method, path, status, duration_ms, "answered");
        response
    };
    let response = current::within(Arc::clone(&platform), address, answer).await;
    platform.metrics.answered(endpoint, &response);
    response
}

/// Checks that the `Host` is ours (DNS rebinding), and handles CORS where the SDKs need it.
async fn admit(platform: &Platform, request: Request, next: Next) -> Response {
    let Some(base) = platform.surroundings.base(request.headers()) else {
        return misdirected(request.uri().path());
    };
    // Not on an origin whose routes read cookies.
    let open = open_to_scripts(request.uri().path())
        .is_some_and(|surface| platform.surroundings.origins().is_none_or(|origins| origins.of(surface) == base));
    let mut response = match (open, request.method()) {
        (true, &Method::OPTIONS) => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    if platform.settings.https_only {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if open {
        // Any origin, but never with cookies: these endpoints read none.
        for (name, value) in CORS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// Returns 421 in the format of the surface. One of the SDKs treats a reply that it cannot decode as success.
fn misdirected(path: &str) -> Response {
    let text = "this host is not served here; expected the host of public_url or origins (in development, also a loopback name)";
    let mut response = if path.starts_with("/v1/") || path.starts_with("/v2/") {
        error::json(StatusCode::MISDIRECTED_REQUEST, &serde_json::json!({ "msg": text, "code": -2 }))
    } else {
        error::json(
            StatusCode::MISDIRECTED_REQUEST,
            &serde_json::json!({ "error": "invalid_request", "error_description": text }),
        )
    };
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

const CORS: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, KA, Cache-Control, Pragma, Content-Type"),
    (header::ACCESS_CONTROL_MAX_AGE, "600"),
];

/// Returns the surface of a path that pages of other origins may call: its routes read no cookie.
fn open_to_scripts(path: &str) -> Option<Surface> {
    if path.starts_with("/v1/") || path.starts_with("/v2/") {
        return Some(Surface::Kapi);
    }
    let of_kauth =
        ["/oauth/token", "/oauth/authorize/prepare", "/api/agt"].contains(&path) || path.starts_with("/.well-known/");
    of_kauth.then_some(Surface::Kauth)
}
