//! `GET /.well-known/jwks.json` — the public keys of ID tokens (RFC 7517).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;

use crate::http::fault::json;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/.well-known/jwks.json", routing::get(get))
}

async fn get(State(world): State<Arc<World>>) -> Response {
    json(StatusCode::OK, &world.signer.jwks().await)
}
