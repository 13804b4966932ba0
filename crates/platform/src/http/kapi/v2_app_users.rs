//! `GET /v2/app/users` — several people at once; with an admin key.
//!
//! | parameter        | needed | rule                                                                        |
//! |------------------|--------|-----------------------------------------------------------------------------|
//! | `target_id_type` | yes    | `user_id`, else -2                                                           |
//! | `target_ids`     | yes    | a JSON list of user ids: 100 at most, 20 with `property_keys`, else -2        |
//! | `property_keys`  | no     | a JSON list of text; without it only ids and times are answered              |
//!
//! Ids that are not linked are left out. The answer is a bare list, as the official samples show it.

use kakaw_core::UserId;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::{self, Keys, Pictures, Subject};
use kakaw_wire::user::User;

use super::params::{Params, bad};
use super::target::{admin_only, linked, target_id_type};
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v2/app/users", routing::get(get))
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match users(&platform, &base, request).await {
        Ok(users) => json(StatusCode::OK, &users),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn users(platform: &Platform, base: &str, request: Request) -> Result<Vec<User>, Error> {
    let params = Params::read(platform, request).await?;
    let app = admin_only(platform, &params, ApiGroup::UserInfo).await?;
    target_id_type(&params)?;
    let ids: Vec<i64> =
        params.list("target_ids", "user ids")?.ok_or_else(|| bad("target_ids", "It cannot be null."))?;
    let keys = params.list("property_keys", "text")?;
    let most = if keys.is_some() { 20 } else { 100 };
    if ids.len() > most {
        return Err(bad("target_ids", &format!("Expected {most} user ids at most.")));
    }
    let keys = Keys::Only(keys.unwrap_or_default());
    let mut users = Vec::new();
    for id in ids {
        if let Some((account, link)) = linked(platform, &app, UserId(id)).await? {
            let subject = Subject { account: &account, link: &link, scopes: None };
            users.push(user_info::me(subject, &app, &keys, &Pictures { base }, platform.now()));
        }
    }
    Ok(users)
}
