//! `POST /control/v1/apply` — apply the world file in the body (TOML, or the same as JSON).
//! `GET /control/v1/export` — the world as a world file.
//! `GET /docs/control` — this API as an OpenAPI document.
//!
//! Only `kakaw dev` has the control API. It wants the header `Kakaw-Control`, which a web page cannot send without a CORS
//! preflight, and no preflight is answered here; from other machines it wants the stand-in's token in it.

mod caller;
pub mod calls;
mod clock;
mod interception;
mod login;
mod operator;
mod people;
mod policy;
pub mod watch;
mod worlds;

use axum::Router;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;

use crate::talk;
use crate::world::Shared;
use kakaw_platform::http::error;
use kakaw_platform::manage::world_file::{self, Secrets};
use kakaw_platform::manage::{self, Actor};
use kakaw_platform::request::body;
use kakaw_platform::request::context::Here;

pub use caller::{Caller, HEADER, Wish};

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/control/v1/apply", routing::post(apply))
        .route("/control/v1/export", routing::get(export))
        .route("/control/v1/login", routing::post(login::post))
        .route("/control/v1/clock", routing::get(clock::get).post(clock::post))
        .merge(interception::routes())
        .merge(operator::routes())
        .merge(people::routes())
        .merge(policy::routes())
        .merge(watch::routes())
        .merge(worlds::routes())
        .route("/docs/control", routing::get(document))
        .merge(talk::routes())
}

async fn document(here: Here) -> Response {
    error::json(StatusCode::OK, &calls::document(&here.base))
}

async fn apply(State(shared): State<Shared>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &shared).await {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    let text = match body::bytes(body, body::WORLD_FILE_LIMIT).await.map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return caller.refuse("the world file is not UTF-8"),
        Err(error) => return caller.refuse(error.reason()),
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let file = if kind.starts_with("application/json") {
        serde_json::from_str(&text).map_err(|error| format!("world file: {error}"))
    } else {
        world_file::parse(&text, "world file")
    };
    match file {
        Ok(file) => match world_file::apply(&shared.0.platform, &Actor::ControlApi, &file).await {
            Ok(_) => StatusCode::NO_CONTENT.into_response(),
            Err(refused) => match &refused {
                manage::Refused::Problems(problems) => {
                    caller.refuse_all(&world_file::with_lines(&refused, &text, "world file"), problems)
                }
                _ => caller.done(Err(refused)),
            },
        },
        Err(reason) => caller.refuse(reason),
    }
}

async fn export(caller: Caller) -> Response {
    match world_file::export_text(&caller.world.platform, Secrets::Written).await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/toml;charset=UTF-8")], text).into_response(),
        Err(error) => caller.done(Err(error)),
    }
}
