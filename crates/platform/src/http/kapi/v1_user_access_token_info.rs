//! `GET /v1/user/access_token_info` and `GET /v1/user/check_access_token` — is this token good, and for how long.
//!
//! A text that cannot be a token at all is -2; a token that is no longer good is -401.

use std::sync::Arc;

use axum::Router;
use kakaw_core::crypto::seal;
use kakaw_wire::Problem;
use kakaw_wire::user::AccessTokenInfo;

use super::call::Call;
use super::{Caller, bearer_token, get};
use crate::Platform;
use crate::http::error::Error;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/access_token_info", get(info)).route("/v1/user/check_access_token", get(info))
}

async fn info(call: Call) -> Result<AccessTokenInfo, Error> {
    if !seal::looks_like_token(bearer_token(&call.headers)?) {
        return Err(Problem::MalformedAccessToken {}.into());
    }
    let caller = Caller::admit(&call).await?;
    let left = caller.token.expires_at.0 - call.platform.now().0;
    let app_id = caller.app.id.0;
    Ok(AccessTokenInfo {
        id: caller.bearer.link.user_id.0,
        expires_in: left / 1000,
        app_id,
        expires_in_millis: left,
        app_id_legacy: app_id,
    })
}
