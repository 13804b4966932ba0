//! `GET /v2/user/me`, `POST /v2/user/me` — what the app may know about the person.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::{self, Keys, Pictures};
use kakaw_wire::user::User;

use super::Caller;
use super::params::{Params, bad};
use super::target::Target;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::{Error, json};
use crate::request::context;

const ABOUT: About =
    About::kapi("Answers what the app may know about the person.", Credential::TokenOrAdminKey, Reply::json::<User>())
        .takes(&[
            no("property_keys", "a JSON list of text: limits the answer, else -2"),
            no("secure_resource", "`true` or `false`, else -2; picture URLs are https when our own base is"),
            no("access_token", "by setting, instead of the header"),
        ]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v2/user/me", &ABOUT, me).post("/v2/user/me", &ABOUT, me)
}

async fn me(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match answer(&platform, &base, request).await {
        Ok(user) => json(StatusCode::OK, &user),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn answer(platform: &Platform, base: &str, request: Request) -> Result<User, Error> {
    let params = Params::read(platform, request).await?;
    let in_query = params.query.one("access_token").ok().flatten().filter(|_| platform.settings.access_token_in_query);
    let target = match in_query.filter(|_| !params.headers.contains_key(axum::http::header::AUTHORIZATION)) {
        Some(token) => {
            let caller = Caller::with_token(platform, token, &params).await?;
            Target::Bearer(Box::new(caller.bearer), caller.app)
        }
        None => Target::find(platform, &params, ApiGroup::UserInfo).await?,
    };
    if let Some(flag) = params.one("secure_resource")?
        && !["true", "false"].contains(&flag.as_str())
    {
        return Err(bad("secure_resource", "Expected true or false."));
    }
    let keys = params.list("property_keys", "text")?.map_or(Keys::All, Keys::Only);
    Ok(user_info::me(target.subject(), target.app(), &keys, &Pictures { base }, platform.now()))
}
