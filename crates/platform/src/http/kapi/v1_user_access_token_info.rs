//! `GET /v1/user/access_token_info` and `GET /v1/user/check_access_token` — is this token good, and for how long.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::crypto::seal;
use kakaw_wire::Problem;
use kakaw_wire::user::AccessTokenInfo;

use super::params::Params;
use super::{Caller, bearer_token};
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::{Error, json};
use crate::request::context;

const ABOUT: About = About::kapi(
    "Answers whether the token is good, and for how long.",
    Credential::Token,
    Reply::json::<AccessTokenInfo>(),
)
.more("A text that cannot be a token at all is -2; a token that is no longer good is -401.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/user/access_token_info", &ABOUT, get).get("/v1/user/check_access_token", &ABOUT, get)
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
