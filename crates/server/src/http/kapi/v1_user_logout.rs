//! `POST /v1/user/logout` — end this token's grant: its access tokens and its refresh token, on this device only.
//!
//! The account session of the browser stays, so the next log-in is silent (F16, F17).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_store::{Outcome, grants};
use kakaw_wire::user::UserId;

use super::Caller;
use crate::http::fault::{Fault, json};
use crate::http::here;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/user/logout", routing::post(post))
}

async fn post(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    match log_out(&world, &headers).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(fault) => fault.kapi(&world, &here::base(&world, &headers)),
    }
}

async fn log_out(world: &World, headers: &HeaderMap) -> Result<UserId, Fault> {
    let caller = Caller::admit(world, headers).await?;
    let end = grants::end(caller.bearer.grant.id, world.now(), "logged out");
    match world.store.commit(vec![end]).await? {
        Outcome::Committed => Ok(UserId { id: caller.bearer.link.user_id }),
        Outcome::Conflict(_) => Err(Fault::contention()),
    }
}
