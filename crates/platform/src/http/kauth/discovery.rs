//! `GET /.well-known/openid-configuration` — the discovery document.
//!
//! Spec: OpenID Connect Discovery §4.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_wire::oidc::Discovery;

use crate::http::fault::json;
use crate::request::context;
use crate::platform::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/.well-known/openid-configuration", routing::get(get))
}

async fn get(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    let base = here::base(&world, &headers);
    // By Kakao's own host names, every surface has its own.
    let kapi = base.replacen("https://kauth.kakao.com", "https://kapi.kakao.com", 1);
    json(StatusCode::OK, &Discovery::of(&base, &base, &kapi))
}
