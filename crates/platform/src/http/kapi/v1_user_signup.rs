//! `POST /v1/user/signup` — finish the sign-up of a pre-registered person, in an app whose automatic link is off.
//!
//! | parameter    | needed | rule                                                                      |
//! |--------------|--------|---------------------------------------------------------------------------|
//! | `properties` | no     | a JSON object of registered keys, else -201; values are text, else -2      |
//!
//! A person who is registered already: -102. Whoever does not come here within 24 hours is unlinked.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::link::Link;
use kakaw_core::link::properties;
use kakaw_store::{Outcome, links};
use kakaw_wire::Problem;
use kakaw_wire::user::UserId;

use super::Caller;
use super::params::Params;
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/signup", routing::post(post))
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match sign_up(&platform, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn sign_up(platform: &Platform, request: Request) -> Result<UserId, Error> {
    let params = Params::read(platform, request).await?;
    let given = params.object("properties")?.unwrap_or_default();
    for _ in 0..4 {
        let caller = Caller::admit(platform, &params).await?;
        let before = &caller.bearer.link;
        if before.is_registered() {
            return Err(Problem::AlreadyRegistered {}.into());
        }
        let properties = properties::stored(&caller.app, before, &given)?;
        let after = Link { signup_due: None, connected_at: platform.now(), properties, ..before.clone() };
        if platform.store.commit(vec![links::update(&after)]).await? == Outcome::Committed {
            return Ok(UserId { id: before.user_id.0 });
        }
    }
    Err(Error::contention())
}
