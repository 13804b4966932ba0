//! `GET /v1/user/access_token_info` and `GET /v1/user/check_access_token` — whether a token is valid, and for how long.

use std::sync::Arc;

use kakaw_core::crypto::seal;
use kakaw_wire::Problem;
use kakaw_wire::user::AccessTokenInfo;

use super::call::Call;
use super::{Caller, bearer_token};
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Returns whether the token is valid, and for how long.",
    Credential::Token,
    Reply::json::<AccessTokenInfo>(),
)
.more("A malformed token is -2. A token that is no longer valid is -401.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/user/access_token_info", &ABOUT, kapi(info)).get(
        "/v1/user/check_access_token",
        &ABOUT,
        kapi(info),
    )
}

async fn info(call: Call) -> Result<AccessTokenInfo, Error> {
    if !seal::looks_like_token(bearer_token(&call.headers)?) {
        return Err(Problem::MalformedAccessToken {}.into());
    }
    let caller = Caller::admit(&call).await?;
    let left = caller.token.expires_at - call.platform.now();
    let app_id = caller.app.id.0;
    Ok(AccessTokenInfo {
        id: caller.bearer.link.user_id.0,
        expires_in: left,
        app_id,
        expires_in_millis: left,
        app_id_legacy: app_id,
    })
}
