//! `POST /oauth/tokeninfo` — verify an ID token and answer with its payload, for debugging.

use std::sync::Arc;

use kakaw_core::token::id_token;
use kakaw_wire::Problem;
use serde_json::Value;

use crate::Platform;
use crate::endpoint::{About, Reply, Routes, yes};
use crate::http::error::Error;
use crate::http::handler::{Plain, kauth};
use crate::request::body;

const ABOUT: About = About::kauth("Verifies an ID token and returns its payload, for debugging.", Reply::Object)
    .takes(&[yes("id_token", "a JWT (KOE400) of this issuer (KOE401), validly signed (KOE402), not expired (KOE403)")]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/oauth/tokeninfo", &ABOUT, kauth(inspect))
}

async fn inspect(Plain { platform, request }: Plain) -> Result<Value, Error> {
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
