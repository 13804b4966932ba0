//! `POST /oauth/tokeninfo` — verify an ID token and answer with its payload, for debugging.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::token::id_token;
use kakaw_wire::Problem;
use serde_json::Value;

use crate::Platform;
use crate::endpoint::{About, Reply, Routes, yes};
use crate::http::error::{Error, json};
use crate::request::body;
use crate::request::context;

const ABOUT: About = About::kauth("Verifies an ID token and answers with its payload, for debugging.", Reply::Object)
    .takes(&[yes("id_token", "a JWT (KOE400) of this issuer (KOE401), signed (KOE402), in time (KOE403)")]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/oauth/tokeninfo", &ABOUT, post)
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match inspect(&platform, request).await {
        Ok(claims) => json(StatusCode::OK, &claims),
        Err(error) => error.kauth(&platform, &base),
    }
}

async fn inspect(platform: &Platform, request: Request) -> Result<Value, Error> {
    let form = body::form(request).await.map_err(|error| Problem::BadTokenRequest { reason: error.reason() })?;
    let token = form
        .one("id_token")
        .map_err(|_| Problem::BadTokenRequest { reason: "id_token was sent more than once".to_owned() })?;
    let keys = platform.signer.jwks().await?.keys;
    Ok(id_token::inspect(
        token.unwrap_or_default(),
        |issuer| platform.surroundings.is_issuer(issuer),
        &keys,
        platform.now(),
    )?)
}
