//! `GET /.well-known/jwks.json` — the public keys of ID tokens (RFC 7517).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;

use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/.well-known/jwks.json", routing::get(get))
}

async fn get(State(platform): State<Arc<Platform>>, headers: HeaderMap) -> Response {
    match platform.signer.jwks().await {
        Ok(keys) => json(StatusCode::OK, &keys),
        Err(error) => Error::from(error).kauth(&platform, &context::base(&platform, &headers)),
    }
}
