//! Injection: makes exchanges fail according to fault rules.

mod pages;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body::Frame;
use http_body_util::BodyExt as _;
use kakaw_core::random;
use kakaw_wire::problem::Surface;
use kakaw_wire::text::{self, Lang};
use kakaw_wire::user::KapiError;
use kakaw_wire::{Code, Problem};
use serde_json::{Value, json};

use crate::bad_signature::with_bad_signature;
use crate::faults::{Drop, Fault, IdToken, Keys};
use crate::json::set;
use crate::world::World;
use kakaw_platform::http::error::{self, Error};

/// Passes the request on, or not, and changes the response.
pub async fn inject(
    world: &Arc<World>,
    base: &str,
    path: &str,
    fault: &Fault,
    request: Request,
    next: Next,
) -> Response {
    if let Some(latency) = fault.latency {
        let spread = fault.spread.unwrap_or_default().mul_f64(random::chance(&*world.platform.random));
        tokio::time::sleep(latency.saturating_add(spread)).await;
    }
    if fault.drop == Some(Drop::Before) {
        return broken(Bytes::new());
    }
    if let Some(code) = fault.error.as_deref().and_then(Code::from_id) {
        return match surface(path) {
            Surface::Page => pages::answer(world, path, code, request, next).await,
            surface => answer(world, base, surface, code),
        };
    }
    if let Some(status) = fault.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        return (status, [(header::CONTENT_TYPE, "text/html")], page).into_response();
    }
    let mut response = next.run(request).await;
    if fault.drop == Some(Drop::After) {
        return broken(Bytes::new());
    }
    if let Some(kind) = fault.id_token {
        response = changed(response, |reply| change_id_token(world, reply, kind)).await;
    }
    if let Some(kind) = fault.jwks {
        response = changed(response, |set| match (kind, set["keys"].as_array_mut()) {
            (Keys::Empty, Some(keys)) => keys.clear(),
            (Keys::Stale, Some(keys)) if !keys.is_empty() => drop(keys.remove(0)),
            _ => {}
        })
        .await;
    }
    if let Some(kind) = fault.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    match fault.cut {
        Some(length) => {
            let bytes = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            broken(bytes.slice(..length.min(bytes.len())))
        }
        None => response,
    }
}

/// Returns a response that breaks off: the server closes the connection.
fn broken(start: Bytes) -> Response {
    Response::new(Body::new(Broken(Some(start))))
}

/// A body that fails after its first frame.
struct Broken(Option<Bytes>);

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.0.take().filter(|start| !start.is_empty()) {
            Some(start) => Ok(Frame::data(start)),
            None => Err(std::io::Error::other("a fault was injected")),
        }))
    }
}

/// Changes the JSON of a response.
pub async fn changed(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    // A response that a rule has broken stays broken.
    let Ok(collected) = body.collect().await else { return broken(Bytes::new()) };
    let bytes = collected.to_bytes();
    let Ok(mut value) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut value);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Changes the ID token of a token reply and signs it again, or breaks its signature.
fn change_id_token(world: &World, reply: &mut Value, kind: IdToken) {
    let Some(token) = reply.get("id_token").and_then(Value::as_str) else { return };
    if kind == IdToken::BadSignature {
        let broken = with_bad_signature(token);
        set(reply, "id_token", broken);
        return;
    }
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(mut claims) = payload.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else { return };
    match kind {
        IdToken::Expired => {
            set(&mut claims, "exp", world.now().seconds() - 3600);
            set(&mut claims, "iat", world.now().seconds() - 7200);
        }
        IdToken::OtherAudience => set(&mut claims, "aud", "another-app"),
        IdToken::OtherNonce => set(&mut claims, "nonce", "another-nonce"),
        IdToken::OtherIssuer => set(&mut claims, "iss", "https://another-issuer.example"),
        IdToken::BadSignature => {}
    }
    if let Some(signed) = world.platform.signer.try_keys().and_then(|keys| keys.first()?.sign_as("JWT", &claims)) {
        set(reply, "id_token", signed);
    }
}

/// Returns an error of the catalogue in the format of the path's surface, even if it is never answered otherwise.
fn answer(world: &World, base: &str, surface: Surface, code: Code) -> Response {
    if let Some(problem) = Problem::injected(code, surface) {
        let fault = Error::from(problem);
        return match surface {
            Surface::Kapi => fault.kapi(&world.platform, base),
            Surface::Apps => fault.apps(&world.platform, base),
            _ => fault.kauth(&world.platform, base),
        };
    }
    let words = text::of(code, Lang::En).map(|words| words.message.clone()).unwrap_or_default();
    match (code.id().parse::<i32>(), surface) {
        (Ok(number), _) => {
            let status = if number == -9798 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
            error::json(status, &KapiError::new(words, number))
        }
        (_, Surface::Apps) => {
            error::json(StatusCode::BAD_REQUEST, &json!({ "error_code": code.id(), "error_msg": words }))
        }
        _ => {
            let name = code.answers().first().map_or("invalid_request", |answer| answer.error);
            let name = if name.is_empty() { "invalid_request" } else { name };
            let error_code = code.id().starts_with("KOE").then(|| code.id());
            let body = json!({ "error": name, "error_description": words, "error_code": error_code });
            error::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}

fn surface(path: &str) -> Surface {
    if path.starts_with("/v1/") || path.starts_with("/v2/") {
        Surface::Kapi
    } else if ["/auth/", "/user/", "/proxy", "/error/"].iter().any(|prefix| path.starts_with(prefix)) {
        Surface::Apps
    } else if pages::PAGES.contains(&path) {
        Surface::Page
    } else {
        Surface::Kauth
    }
}
