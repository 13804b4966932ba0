//! `GET /v1/oidc/userinfo` — OpenID Connect user info (Core §5.3), with the names of its standard claims.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_core::user_info::{self, Pictures};

use super::Caller;
use crate::http::fault::json;
use crate::http::here;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/oidc/userinfo", routing::get(get))
}

async fn get(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    let base = here::base(&world, &headers);
    match Caller::admit(&world, &headers).await {
        Ok(caller) => json(StatusCode::OK, &user_info::oidc(&caller.bearer, &caller.app, &Pictures { base: &base })),
        Err(fault) => fault.kapi(&world, &base),
    }
}
