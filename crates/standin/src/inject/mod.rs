//! Injection: makes exchanges fail according to fault rules.

mod body;
mod evidence;
mod refuse;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use kakaw_core::random;
use serde_json::Value;

pub use self::evidence::Received;
use crate::bad_signature::with_bad_signature;
use crate::faults::{Drop, Fault, IdToken, Keys};
use crate::json::set;
use crate::world::World;

/// Extension of a response that a fault rule changed, or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injected;

/// Passes the request on, or not, and changes the response.
pub async fn inject(
    world: &Arc<World>,
    received: Received<'_>,
    fault: &Fault,
    request: Request,
    next: Next,
) -> Response {
    if let Some(latency) = fault.latency {
        let spread = fault.spread.unwrap_or_default().mul_f64(random::chance(&*world.platform.random));
        tokio::time::sleep(latency.saturating_add(spread)).await;
    }
    if fault.drop == Some(Drop::Before) {
        return Response::new(body::lost());
    }
    let mut response = if let Some(error) = &fault.error {
        refuse::answer(world, received, fault, *error, request, next).await
    } else if let Some(status) = fault.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        own(status, fault)
    } else {
        next.run(request).await
    };
    if fault.drop == Some(Drop::After) {
        return Response::new(body::lost());
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
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.as_secs()));
    }
    sent_badly(response, fault).await
}

/// Sends only a part of the body, or sends it slowly. Status and headers stay, with the length of the whole body.
async fn sent_badly(response: Response, fault: &Fault) -> Response {
    if fault.cut.is_none() && fault.trickle.is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let body = match (fault.cut, fault.trickle) {
        (Some(length), pause) if length < bytes.len() => body::cut(bytes.slice(..length), pause),
        (_, Some(pause)) => body::trickled(&bytes, pause),
        (_, None) => Body::from(bytes),
    };
    Response::from_parts(parts, body)
}

/// Returns the reply with the rule's own status and body, or a gateway's page.
fn own(status: StatusCode, fault: &Fault) -> Response {
    match &fault.body {
        Some(body) => {
            let is_json = serde_json::from_str::<Value>(body).is_ok();
            let kind = if is_json { "application/json;charset=UTF-8" } else { "text/plain;charset=UTF-8" };
            (status, [(header::CONTENT_TYPE, kind)], body.clone()).into_response()
        }
        None => {
            let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
            (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
    }
}

/// Changes the JSON of a response.
pub async fn changed(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    // A response that a rule has broken stays broken.
    let Ok(collected) = body.collect().await else { return Response::new(body::lost()) };
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
