//! `POST /v1/user/update_profile` — store user properties of the app.
//!
//! | parameter    | needed | rule                                                                      |
//! |--------------|--------|---------------------------------------------------------------------------|
//! | `properties` | yes    | a JSON object of registered keys, else -201; values are text, else -2      |
//!
//! What is not named stays. Unlinking deletes all.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::link::Link;
use kakaw_core::link::properties;
use kakaw_store::{Outcome, links};
use kakaw_wire::user::UserId;

use super::Caller;
use super::params::{Params, bad};
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/update_profile", routing::post(post))
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match update(&platform, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn update(platform: &Platform, request: Request) -> Result<UserId, Error> {
    let params = Params::read(platform, request).await?;
    for _ in 0..4 {
        let caller = Caller::admit(platform, &params).await?;
        let given = params.object("properties")?.ok_or_else(|| bad("properties", "It cannot be null."))?;
        let before = &caller.bearer.link;
        let after = Link { properties: properties::stored(&caller.app, before, &given)?, ..before.clone() };
        if platform.store.commit(vec![links::update(&after)]).await? == Outcome::Committed {
            return Ok(UserId { id: before.user_id.0 });
        }
    }
    Err(Error::contention())
}
