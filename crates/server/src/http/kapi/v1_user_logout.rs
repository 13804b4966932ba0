//! `POST /v1/user/logout` — end this token's grant: its access tokens and its refresh token, on this device only.
//! With an admin key and `target_id`: all log-ins of the person, on all devices.
//!
//! The account session of the browser stays, so the next log-in is silent (F16, F17).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_store::{Outcome, grants, links};
use kakaw_wire::user::UserId;

use super::params::Params;
use super::target::Target;
use crate::http::fault::{Fault, json};
use crate::http::here;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/user/logout", routing::post(post))
}

async fn post(State(world): State<Arc<World>>, request: Request) -> Response {
    let base = here::base(&world, request.headers());
    match log_out(&world, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(fault) => fault.kapi(&world, &base),
    }
}

async fn log_out(world: &World, request: Request) -> Result<UserId, Fault> {
    let params = Params::read(request).await?;
    for _ in 0..4 {
        let target = Target::find(world, &params).await?;
        let end = match &target {
            Target::Bearer(bearer, _) => grants::end(bearer.grant.id, world.now(), "logged out"),
            Target::Named(named, _) => links::log_out(&named.1),
        };
        if world.store.commit(vec![end]).await? == Outcome::Committed {
            return Ok(UserId { id: target.link().user_id });
        }
    }
    Err(Fault::contention())
}
