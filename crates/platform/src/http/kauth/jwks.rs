//! `GET /.well-known/jwks.json` — the public keys of ID tokens (RFC 7517).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kakaw_wire::oidc::Jwks;

use crate::Platform;
use crate::endpoint::{About, Reply, Routes};
use crate::http::error::{Error, json};
use crate::request::context;

const ABOUT: About = About::kauth("Answers the public keys of ID tokens (RFC 7517).", Reply::json::<Jwks>());

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/.well-known/jwks.json", &ABOUT, get)
}

async fn get(State(platform): State<Arc<Platform>>, headers: HeaderMap) -> Response {
    match platform.signer.jwks().await {
        Ok(keys) => json(StatusCode::OK, &keys),
        Err(error) => Error::from(error).kauth(&platform, &context::base(&platform, &headers)),
    }
}
