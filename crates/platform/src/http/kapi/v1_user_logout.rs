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
use kakaw_core::app::ApiGroup;
use kakaw_core::webhook::Event;
use kakaw_store::{Outcome, grants, links};
use kakaw_wire::event::EventType;
use kakaw_wire::user::UserId;

use super::params::Params;
use super::target::Target;
use crate::Platform;
use crate::deliver::events;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/logout", routing::post(post))
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match log_out(&platform, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn log_out(platform: &Platform, request: Request) -> Result<UserId, Error> {
    let params = Params::read(platform, request).await?;
    for _ in 0..4 {
        let target = Target::find(platform, &params, ApiGroup::Logout).await?;
        let (end, event) = match &target {
            Target::Bearer(bearer, _) => {
                (grants::end(bearer.grant.id, platform.now(), "logged out"), EventType::TokenRevoked)
            }
            Target::Named(named, _) => (links::log_out(&named.1), EventType::TokensRevoked),
        };
        let mut changes = vec![end];
        changes.extend(events::told(platform, target.app(), target.link(), &[Event::new(event)]));
        if platform.store.commit(changes).await? == Outcome::Committed {
            return Ok(UserId { id: target.link().user_id.0 });
        }
    }
    Err(Error::contention())
}
