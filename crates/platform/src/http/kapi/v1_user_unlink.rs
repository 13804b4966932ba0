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
use crate::Platform;
use crate::deliver::events;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/unlink", routing::post(post))
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match unlink(&platform, request).await {
        Ok(id) => json(StatusCode::OK, &id),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn unlink(platform: &Platform, request: Request) -> Result<UserId, Error> {
    let params = Params::read(platform, request).await?;
    // When somebody unlinks at the same moment, the second look finds the token dead (-401) or nobody linked (-101).
    for _ in 0..4 {
        let target = Target::find(platform, &params, ApiGroup::Unlink).await?;
        let mut changes = vec![links::unlink(target.link())];
        changes.extend(events::unlinked(platform, target.app(), target.link(), UnlinkReason::UnlinkFromService));
        if platform.store.commit(changes).await? == Outcome::Committed {
            return Ok(UserId { id: target.link().user_id.0 });
        }
    }
    Err(Error::contention())
}
