//! `GET /v1/oidc/userinfo` — OpenID Connect user info (Core §5.3), with the names of its standard claims.
//!
//! The token must have been issued with `openid`, else -402.

use std::sync::Arc;

use axum::Router;
use kakaw_core::token::user_info::{self, Pictures};
use kakaw_wire::Problem;
use kakaw_wire::oidc::UserInfo;
use kakaw_wire::scope::OPENID;

use super::call::Call;
use super::{Caller, get};
use crate::Platform;
use crate::http::error::Error;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/oidc/userinfo", get(info))
}

async fn info(call: Call) -> Result<UserInfo, Error> {
    let caller = Caller::admit(&call).await?;
    if !caller.bearer.grant.authorization.openid {
        let allowed: Vec<&str> = caller.bearer.grant.authorization.scopes.iter().map(|item| item.id()).collect();
        return Err(Problem::InsufficientScopes {
            api_type: "OIDC_USERINFO".to_owned(),
            required: OPENID.to_owned(),
            allowed: allowed.join(","),
        }
        .into());
    }
    Ok(user_info::oidc(&caller.bearer, &caller.app, &Pictures { base: &call.base() }))
}
