//! `GET /v2/user/me`, `POST /v2/user/me` — what the app may know about the person.
//!
//! | parameter         | needed | rule                                                                       |
//! |-------------------|--------|----------------------------------------------------------------------------|
//! | `property_keys`   | no     | a JSON list of text: limits the answer, else -2                             |
//! | `secure_resource` | no     | `true` or `false`, else -2; picture URLs are https when our own base is     |
//! | `access_token`    | no     | by setting, instead of the header                                          |
//! | `target_id`       | admin  | with `target_id_type=user_id`: the person, else -101                        |

use std::sync::Arc;

use axum::Router;
use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::{self, Keys, Pictures};
use kakaw_wire::user::User;

use super::call::{Call, bad};
use super::target::Target;
use super::{Caller, get, post};
use crate::Platform;
use crate::http::error::Error;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v2/user/me", get(me).merge(post(me)))
}

async fn me(call: Call) -> Result<User, Error> {
    let in_query =
        call.query.one("access_token").ok().flatten().filter(|_| call.platform.settings.access_token_in_query);
    let target = match in_query.filter(|_| !call.headers.contains_key(axum::http::header::AUTHORIZATION)) {
        Some(token) => {
            let caller = Caller::with_token(&call, token).await?;
            Target::Bearer(Box::new(caller.bearer), caller.app)
        }
        None => Target::find(&call, ApiGroup::UserInfo).await?,
    };
    if let Some(flag) = call.one("secure_resource")?
        && !["true", "false"].contains(&flag.as_str())
    {
        return Err(bad("secure_resource", "Expected true or false."));
    }
    let keys = call.list("property_keys", "text")?.map_or(Keys::All, Keys::Only);
    Ok(user_info::me(target.subject(), target.app(), &keys, &Pictures { base: &call.base() }, call.platform.now()))
}
