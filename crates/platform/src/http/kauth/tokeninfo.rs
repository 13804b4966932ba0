//! `POST /oauth/tokeninfo` — verify an ID token and answer with its payload, for debugging.
//!
//! | parameter  | needed | rule                                                                       |
//! |------------|--------|----------------------------------------------------------------------------|
//! | `id_token` | yes    | a JWT (KOE400) of this issuer (KOE401), signed (KOE402), in time (KOE403)                  |

use std::sync::Arc;

use axum::Router;
use kakaw_core::token::id_token;
use kakaw_wire::Problem;
use serde_json::Value;

use super::post;
use crate::Platform;
use crate::http::endpoint::Plain;
use crate::http::error::Error;
use crate::request::body;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/oauth/tokeninfo", post(inspect))
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
