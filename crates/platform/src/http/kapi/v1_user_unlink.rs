//! `POST /v1/user/unlink` — end the link: all consent, all tokens of the person in this app. The user id stays (F18).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::app::ApiGroup;
use kakaw_store::{Outcome, links};
use kakaw_wire::event::UnlinkReason;
use kakaw_wire::user::UserId;

use super::params::Params;
use super::target::Target;
use crate::deliver::events;
use crate::http::fault::{Fault, json};
use crate::request::context;
use crate::platform::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/user/unlink", routing::post(post))
}

async fn post(State(world): State<Arc<World>>, request: Request) -> Response {
    let base = here::base(&world, request.headers());
    match unlink(&world, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(fault) => fault.kapi(&world, &base),
    }
}

async fn unlink(world: &World, request: Request) -> Result<UserId, Fault> {
    let params = Params::read(world, request).await?;
    // When somebody unlinks at the same moment, the second look finds the token dead (-401) or nobody linked (-101).
    for _ in 0..4 {
        let target = Target::find(world, &params, ApiGroup::Unlink).await?;
        let mut changes = vec![links::unlink(target.link())];
        changes.extend(events::unlinked(world, target.app(), target.link(), UnlinkReason::UnlinkFromService));
        if world.store.commit(changes).await? == Outcome::Committed {
            return Ok(UserId { id: target.link().user_id });
        }
    }
    Err(Fault::contention())
}
