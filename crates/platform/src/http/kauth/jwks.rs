//! `GET /.well-known/jwks.json` — the public keys of ID tokens (RFC 7517).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;

use crate::http::fault::{Fault, json};
use crate::request::context;
use crate::platform::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/.well-known/jwks.json", routing::get(get))
}

async fn get(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    match world.signer.jwks().await {
        Ok(keys) => json(StatusCode::OK, &keys),
        Err(error) => Fault::from(error).kauth(&world, &here::base(&world, &headers)),
    }
}
