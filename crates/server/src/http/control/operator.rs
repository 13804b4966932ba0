//! `POST /control/v1/people/unlink` — end a person's link with an app; the app is told.
//! `POST /control/v1/people/delete` — delete an account; every app that it is linked with is told.
//! `GET /control/v1/webhooks` — every webhook, and how it fares.
//! `POST /control/v1/webhooks/resume` — put a paused webhook back in use.
//!
//! Bodies are JSON, as [`crate::operator`] describes them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_wire::Problem;
use serde::de::DeserializeOwned;

use super::admit;
use crate::http::fault::{Fault, json};
use crate::http::{body, here};
use crate::operator::{self, DeleteAccount, Refused, Resume, Unlink};
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/v1/people/unlink", routing::post(unlink))
        .route("/control/v1/people/delete", routing::post(delete))
        .route("/control/v1/webhooks", routing::get(webhooks))
        .route("/control/v1/webhooks/resume", routing::post(resume))
}

async fn unlink(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    run(&world, peer, request, async |wish: Unlink| wish.run(&world).await).await
}

async fn delete(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    run(&world, peer, request, async |wish: DeleteAccount| wish.run(&world).await).await
}

async fn resume(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    run(&world, peer, request, async |wish: Resume| wish.run(&world).await).await
}

async fn webhooks(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Err(response) = admit(&world, peer, &headers) {
        return *response;
    }
    match operator::webhook_states(&world).await {
        Ok(states) => json(StatusCode::OK, &states),
        Err(error) => Fault::from(error).kauth(&world, &here::base(&world, &headers)),
    }
}

async fn run<T: DeserializeOwned>(
    world: &World,
    peer: SocketAddr,
    request: Request,
    wish: impl AsyncFnOnce(T) -> Result<(), Refused>,
) -> Response {
    if let Err(response) = admit(world, peer, request.headers()) {
        return *response;
    }
    let base = here::base(world, request.headers());
    let refuse = |reason: String| Fault::from(Problem::BadTokenRequest { reason }).kauth(world, &base);
    let bytes = match body::bytes(request.into_body(), body::LIMIT).await {
        Ok(bytes) => bytes,
        Err(error) => return refuse(error.reason()),
    };
    match serde_json::from_slice(&bytes) {
        Err(error) => refuse(format!("the body is no JSON of this call: {error}")),
        Ok(value) => match wish(value).await {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(Refused::Wrong(reason)) => refuse(reason),
            Err(Refused::Store(error)) => Fault::from(error).kauth(world, &base),
        },
    }
}
