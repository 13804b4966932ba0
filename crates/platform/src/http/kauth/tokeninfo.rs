//! `POST /oauth/tokeninfo` — verify an ID token and answer with its payload, for debugging.
//!
//! | parameter  | needed | rule                                                                       |
//! |------------|--------|----------------------------------------------------------------------------|
//! | `id_token` | yes    | a JWT (KOE400) of an issuer of this world (KOE401), signed (KOE402), in time (KOE403)   |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::id_token;
use kakaw_wire::Problem;
use serde_json::Value;

use crate::http::fault::{Fault, json};
use crate::request::body;
use crate::request::context;
use crate::platform::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/oauth/tokeninfo", routing::post(post))
}

async fn post(State(world): State<Arc<World>>, request: Request) -> Response {
    let base = here::base(&world, request.headers());
    match inspect(&world, request).await {
        Ok(claims) => json(StatusCode::OK, &claims),
        Err(fault) => fault.kauth(&world, &base),
    }
}

async fn inspect(world: &World, request: Request) -> Result<Value, Fault> {
    let form = body::form(request).await.map_err(|error| Problem::BadTokenRequest { reason: error.reason() })?;
    let token = form
        .one("id_token")
        .map_err(|_| Problem::BadTokenRequest { reason: "id_token was sent more than once".to_owned() })?;
    let keys = world.signer.jwks().await?.keys;
    Ok(id_token::inspect(token.unwrap_or_default(), |issuer| here::is_issuer(world, issuer), &keys, world.now())?)
}
