//! `GET /v1/oidc/userinfo` — OpenID Connect user info (Core §5.3), with the names of its standard claims.

use std::sync::Arc;

use kakaw_core::token::user_info::{self, Pictures};
use kakaw_wire::Problem;
use kakaw_wire::oidc::UserInfo;
use kakaw_wire::scope::OPENID;

use super::Caller;
use super::call::Call;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::kapi;
use crate::manage::at_rest;

const ABOUT: About = About::kapi(
    "Returns OpenID Connect user info (Core §5.3) with the standard claim names.",
    Credential::Token,
    Reply::json::<UserInfo>(),
)
.more("The token must have the scope `openid`, else -402.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/oidc/userinfo", &ABOUT, kapi(info))
}

async fn info(call: Call) -> Result<UserInfo, Error> {
    let mut caller = Caller::admit(&call).await?;
    if !caller.bearer.grant.authorization.openid {
        let allowed: Vec<&str> = caller.bearer.grant.authorization.scopes.iter().map(|item| item.id()).collect();
        return Err(Problem::InsufficientScopes {
            api_type: "OIDC_USERINFO".to_owned(),
            required: OPENID.to_owned(),
            allowed: allowed.join(","),
        }
        .into());
    }
    at_rest::open_for(&call.platform, &caller.app, &mut caller.bearer.account)?;
    Ok(user_info::oidc(&caller.bearer, &caller.app, &Pictures { base: &call.base() }))
}
