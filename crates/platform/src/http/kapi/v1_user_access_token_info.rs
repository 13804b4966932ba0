//! `GET /v1/user/access_token_info` and `GET /v1/user/check_access_token` — is this token good, and for how long.
//!
//! A text that cannot be a token at all is -2; a token that is no longer good is -401.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::crypto::seal;
use kakaw_wire::Problem;
use kakaw_wire::user::AccessTokenInfo;

use super::params::Params;
use super::{Caller, bearer_token};
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new()
        .route("/v1/user/access_token_info", routing::get(get))
        .route("/v1/user/check_access_token", routing::get(get))
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match info(&platform, request).await {
        Ok(info) => json(StatusCode::OK, &info),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn info(platform: &Platform, request: Request) -> Result<AccessTokenInfo, Error> {
    let params = Params::read(platform, request).await?;
    if !seal::looks_like_token(bearer_token(&params.headers)?) {
        return Err(Problem::MalformedAccessToken {}.into());
    }
    let caller = Caller::admit(platform, &params).await?;
    let left = caller.token.expires_at.0 - platform.now().0;
    let app_id = caller.app.id.0;
    Ok(AccessTokenInfo {
        id: caller.bearer.link.user_id.0,
        expires_in: left / 1000,
        app_id,
        expires_in_millis: left,
        app_id_legacy: app_id,
    })
}
