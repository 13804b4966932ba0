//! `POST /v1/user/unlink` — end the link: all consent, all tokens of the person in this app. The user id stays (F18).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_store::{Outcome, links};
use kakaw_wire::user::UserId;

use super::Caller;
use crate::http::fault::{Fault, json};
use crate::http::here;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/user/unlink", routing::post(post))
}

async fn post(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    match unlink(&world, &headers).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(fault) => fault.kapi(&world, &here::base(&world, &headers)),
    }
}

async fn unlink(world: &World, headers: &HeaderMap) -> Result<UserId, Fault> {
    // When somebody unlinks at the same moment, the second look finds the token dead: -401.
    for _ in 0..4 {
        let caller = Caller::admit(world, headers).await?;
        if world.store.commit(vec![links::unlink(&caller.bearer.link)]).await? == Outcome::Committed {
            return Ok(UserId { id: caller.bearer.link.user_id });
        }
    }
    Err(Fault::contention())
}
