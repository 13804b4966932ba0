//! `POST /control/v1/apply` — apply the world file in the body.
//! `GET /control/v1/export` — the world as a world file.
//!
//! Only `kakaw dev` has them, only for callers on this machine, and only with the header `Kakaw-Control`: a web page
//! cannot send it without a CORS preflight, and no preflight is answered here.

mod clock;
mod login;
mod operator;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_wire::Problem;

use crate::http::body;
use crate::http::fault::Fault;
use crate::http::here;
use crate::world::World;
use crate::world_file::{self, Secrets};

/// The header that every control request carries.
pub const HEADER: &str = "kakaw-control";

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/v1/apply", routing::post(apply))
        .route("/control/v1/export", routing::get(export))
        .route("/control/v1/login", routing::post(login::post))
        .route("/control/v1/clock", routing::get(clock::get).post(clock::post))
        .merge(operator::routes())
        .merge(watch::routes())
}

/// Admits a control request: from this machine, with the header, not from a page of another origin.
///
/// # Errors
/// The refusal.
pub fn admit(world: &World, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let base = here::base(world, headers);
    let refuse = |reason: &str| {
        Box::new(Fault::from(Problem::BadTokenRequest { reason: reason.to_owned() }).kauth(world, &base))
    };
    if !headers.contains_key(HEADER) {
        return Err(refuse("control requests carry the header Kakaw-Control: 1"));
    }
    if headers.get(header::ORIGIN).is_some_and(|origin| origin.to_str().ok() != Some(&base)) {
        return Err(refuse("control requests of other origins are refused"));
    }
    if !peer.ip().to_canonical().is_loopback() {
        return Err(refuse("control requests come from this machine only"));
    }
    Ok(())
}

async fn apply(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if let Err(response) = admit(&world, peer, request.headers()) {
        return *response;
    }
    let base = here::base(&world, request.headers());
    let refuse = |reason: String| Fault::from(Problem::BadTokenRequest { reason }).kauth(&world, &base);
    let text = match body::bytes(request.into_body(), body::WORLD_FILE_LIMIT).await.map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return refuse("the world file is not UTF-8".to_owned()),
        Err(error) => return refuse(error.reason()),
    };
    let file = match world_file::parse(&text, "world file") {
        Ok(file) => file,
        Err(reason) => return refuse(reason),
    };
    match world_file::apply(&world, &file).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(format!("{error:#}")),
    }
}

async fn export(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Err(response) = admit(&world, peer, &headers) {
        return *response;
    }
    let base = here::base(&world, &headers);
    match world_file::export(&world, Secrets::Written).await {
        Err(error) => Fault::from(error).kauth(&world, &base),
        Ok(file) => match world_file::to_text(&file) {
            Ok(text) => ([(header::CONTENT_TYPE, "application/toml;charset=UTF-8")], text).into_response(),
            Err(reason) => Fault::from(kakaw_store::Error::Unusable(reason)).kauth(&world, &base),
        },
    }
}
