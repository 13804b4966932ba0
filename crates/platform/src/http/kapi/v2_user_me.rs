//! `GET /v2/user/me`, `POST /v2/user/me` — what the app may know about the person.

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::{self, Keys, Pictures};
use kakaw_wire::user::User;

use super::Caller;
use super::call::{Call, bad};
use super::target::Target;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Returns the data that the app may see about the person.",
    Credential::TokenOrAdminKey,
    Reply::json::<User>(),
)
.takes(&[
    no("property_keys", "a JSON list of text, else -2: return only these properties"),
    no("secure_resource", "`true` or `false`, else -2; picture URLs use https if the server's own URL does"),
    no("access_token", "instead of the header, if the setting `access_token_in_query` is on"),
]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v2/user/me", &ABOUT, kapi(me)).post("/v2/user/me", &ABOUT, kapi(me))
}

async fn me(call: Call) -> Result<User, Error> {
    let in_query =
        call.query.one("access_token").ok().flatten().filter(|_| call.platform.settings.access_token_in_query);
    let mut target = match in_query.filter(|_| !call.headers.contains_key(axum::http::header::AUTHORIZATION)) {
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
    let base = call.base();
    target.open(&call.platform)?;
    Ok(user_info::me(target.subject(), target.app(), &keys, &Pictures { base: &base }, call.platform.now()))
}
