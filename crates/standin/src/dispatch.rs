//! Finds the world of a request: by the listener that it came to, else by its host (`{world}.localhost`), else by its
//! path (`/w/{world}/…`), else the default world.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::json;
use tower::ServiceExt as _;

use kakaw_platform::http::error;

use crate::intercept::{Listening, Options};
use crate::refused::Refused;
use crate::world::{PREFIX, WORLDS};
use crate::worlds::{Running, Worlds};

/// Returns the router of all worlds, for one listener.
pub fn every(worlds: Arc<Worlds>) -> Router {
    Router::new().fallback(dispatch).with_state(worlds)
}

/// Intercepts the traffic of a world's clients to Kakao's hosts.
///
/// # Errors
/// There is no such world, or its addresses cannot be listened on.
pub async fn intercept(worlds: &Arc<Worlds>, name: &str, options: &Options) -> Result<Arc<Listening>, Refused> {
    worlds.intercept(name, only(Arc::clone(worlds), name), options).await
}

/// Returns the router of one world, for a listener of its own.
fn only(worlds: Arc<Worlds>, name: &str) -> Router {
    let name: Arc<str> = name.into();
    let one = async move |State(worlds): State<Arc<Worlds>>, request: Request| match worlds.get(&name) {
        Some(running) => pass(&worlds, &running, "", request).await,
        None => unknown(&name),
    };
    Router::new().fallback(one).with_state(worlds)
}

async fn dispatch(State(worlds): State<Arc<Worlds>>, request: Request) -> Response {
    if let Some(running) = of_host(request.headers()).and_then(|name| worlds.get(name)) {
        return pass(&worlds, &running, "", request).await;
    }
    let path = request.uri().path();
    let Some(name) = path.strip_prefix(WORLDS).map(|rest| rest.split('/').next().unwrap_or_default()) else {
        return pass(&worlds, worlds.first(), "", request).await;
    };
    let prefix = format!("{WORLDS}{name}");
    match worlds.get(name) {
        Some(running) => pass(&worlds, &running, &prefix, request).await,
        None => unknown(name),
    }
}

fn of_host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    host.split(':').next()?.strip_suffix(".localhost")
}

fn unknown(name: &str) -> Response {
    let name: String = name.chars().take(70).collect();
    let text = format!("there is no world {name:?}: it was deleted, or never created (POST /control/v1/worlds)");
    error::json(
        StatusCode::NOT_FOUND,
        &json!({ "error": "invalid_request", "error_description": text, "msg": text, "code": -2 }),
    )
}

/// Passes the request to a world, which does not see the prefix of its path.
async fn pass(worlds: &Arc<Worlds>, running: &Running, prefix: &str, mut request: Request) -> Response {
    // A client could set it itself, and name paths that are not ours.
    request.headers_mut().remove(PREFIX);
    request.extensions_mut().insert(Arc::clone(worlds));
    if let Some(below) = below(request.uri(), prefix) {
        *request.uri_mut() = below;
        if let Ok(value) = HeaderValue::from_str(prefix) {
            request.headers_mut().insert(PREFIX, value);
        }
    }
    let Ok(mut response) = running.app.clone().oneshot(request).await;
    if !prefix.is_empty()
        && let Some(location) = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok())
        && location.starts_with('/')
        && let Ok(location) = HeaderValue::from_str(&format!("{prefix}{location}"))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Removes the prefix from the URI, if it is there.
fn below(uri: &Uri, prefix: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    let path = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_off() {
        let cut = |uri: &str| below(&uri.parse().expect("uri"), "/w/a").map(|uri| uri.to_string());
        assert_eq!(cut("/w/a/oauth/token?x=1").as_deref(), Some("/oauth/token?x=1"));
        assert_eq!(cut("/w/a").as_deref(), Some("/"));
        assert_eq!(cut("/w/a?x=1").as_deref(), Some("/?x=1"));
        assert_eq!(below(&Uri::from_static("/login"), ""), None);
    }
}
