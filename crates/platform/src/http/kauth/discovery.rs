//! `GET /.well-known/openid-configuration` — the discovery document.
//!
//! Spec: OpenID Connect Discovery §4.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kakaw_wire::oidc::Discovery;

use crate::Platform;
use crate::endpoint::{About, Reply, Routes};
use crate::http::error::json;
use crate::origins::Surface;
use crate::request::context;

const ABOUT: About =
    About::kauth("Returns the discovery document (OpenID Connect Discovery §4).", Reply::json::<Discovery>());

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/.well-known/openid-configuration", &ABOUT, get)
}

async fn get(State(platform): State<Arc<Platform>>, headers: HeaderMap) -> Response {
    let base = context::base(&platform, &headers);
    let kapi = platform.surroundings.surface(&base, Surface::Kapi);
    json(StatusCode::OK, &Discovery::of(&base, &base, &kapi))
}
