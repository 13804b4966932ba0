//! `GET /v1/oidc/userinfo` — OpenID Connect user info (Core §5.3), with the names of its standard claims.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::token::user_info::{self, Pictures};
use kakaw_wire::Problem;
use kakaw_wire::oidc::UserInfo;
use kakaw_wire::scope::OPENID;

use super::Caller;
use super::params::Params;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::{Error, json};
use crate::request::context;

const ABOUT: About = About::kapi(
    "Answers OpenID Connect user info (Core §5.3), with the names of its standard claims.",
    Credential::Token,
    Reply::json::<UserInfo>(),
)
.more("The token must have been issued with `openid`, else -402.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/oidc/userinfo", &ABOUT, get)
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match info(&platform, &base, request).await {
        Ok(info) => json(StatusCode::OK, &info),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn info(platform: &Platform, base: &str, request: Request) -> Result<UserInfo, Error> {
    let params = Params::read(platform, request).await?;
    let caller = Caller::admit(platform, &params).await?;
    if !caller.bearer.grant.openid {
        let allowed: Vec<&str> = caller.bearer.grant.scopes.iter().map(|item| item.id()).collect();
        return Err(Problem::InsufficientScopes {
            api_type: "OIDC_USERINFO".to_owned(),
            required: OPENID.to_owned(),
            allowed: allowed.join(","),
        }
        .into());
    }
    Ok(user_info::oidc(&caller.bearer, &caller.app, &Pictures { base }))
}
