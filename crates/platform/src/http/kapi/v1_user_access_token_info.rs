//! `GET /v1/user/access_token_info` and `GET /v1/user/check_access_token` — is this token good, and for how long.
//!
//! A text that cannot be a token at all is -2; a token that is no longer good is -401.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::seal;
use kakaw_wire::Problem;
use kakaw_wire::user::AccessTokenInfo;

use super::params::Params;
use super::{Caller, bearer_token};
use crate::http::fault::{Fault, json};
use crate::request::context;
use crate::platform::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/user/access_token_info", routing::get(get))
        .route("/v1/user/check_access_token", routing::get(get))
}

async fn get(State(world): State<Arc<World>>, request: Request) -> Response {
    let base = here::base(&world, request.headers());
    match info(&world, request).await {
        Ok(info) => json(StatusCode::OK, &info),
        Err(fault) => fault.kapi(&world, &base),
    }
}

async fn info(world: &World, request: Request) -> Result<AccessTokenInfo, Fault> {
    let params = Params::read(world, request).await?;
    if !seal::looks_like_token(bearer_token(&params.headers)?) {
        return Err(Problem::MalformedAccessToken {}.into());
    }
    let caller = Caller::admit(world, &params).await?;
    let left = caller.token.expires_at.0 - world.now().0;
    let app_id = caller.app.id;
    Ok(AccessTokenInfo {
        id: caller.bearer.link.user_id,
        expires_in: left / 1000,
        app_id,
        expires_in_millis: left,
        app_id_legacy: app_id,
    })
}
