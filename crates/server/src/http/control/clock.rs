//! `GET /control/v1/clock` — the world's time. `POST /control/v1/clock` — freeze, set, advance or release it.
//!
//! The body is JSON:
//!
//! | parameter | needed | rule                                                                         |
//! |-----------|--------|------------------------------------------------------------------------------|
//! | `freeze`  | no     | `true`: stand still; `false`: run again from where it stands                    |
//! | `set`     | no     | RFC 3339: stand still at this moment, which must not be before the world's now   |
//! | `advance` | no     | seconds; everything that is due in between happens, in order                     |

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kakaw_core::Millis;
use kakaw_wire::Problem;
use serde::Deserialize;
use serde_json::json;

use super::admit;
use crate::http::fault::{self, Fault};
use crate::http::{body, here};
use crate::schedule;
use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    freeze: Option<bool>,
    set: Option<String>,
    advance: Option<i64>,
}

pub async fn get(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    match admit(&world, peer, &headers) {
        Ok(()) => told(&world),
        Err(response) => *response,
    }
}

pub async fn post(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if let Err(response) = admit(&world, peer, request.headers()) {
        return *response;
    }
    let base = here::base(&world, request.headers());
    let refuse = |reason: String| Fault::from(Problem::BadTokenRequest { reason }).kauth(&world, &base);
    let wish: Wish = match body::bytes(request.into_body(), body::LIMIT).await.map(|b| serde_json::from_slice(&b)) {
        Ok(Ok(wish)) => wish,
        Ok(Err(error)) => return refuse(format!("the body is no JSON of this call: {error}")),
        Err(error) => return refuse(error.reason()),
    };
    if let Some(freeze) = wish.freeze {
        world.clock.freeze(freeze);
    }
    let to = match (&wish.set, wish.advance) {
        (Some(_), Some(_)) => return refuse("set and advance exclude each other".to_owned()),
        (Some(text), None) => match Millis::from_rfc3339(text) {
            Some(moment) if moment >= world.now() => {
                world.clock.freeze(true);
                Some(moment)
            }
            Some(_) => return refuse(format!("set: {text} is before the world's now; time goes forward only")),
            None => return refuse(format!("set: {text:?} is no RFC 3339 time, such as 2026-11-20T03:00:00Z")),
        },
        (None, Some(seconds)) if (0..=10 * 366 * 86_400).contains(&seconds) => Some(world.now().plus_seconds(seconds)),
        (None, Some(seconds)) => return refuse(format!("advance: {seconds}; expected 0 to ten years, in seconds")),
        (None, None) => None,
    };
    match to {
        Some(to) => match schedule::advance_to(&world, to).await {
            Ok(()) => told(&world),
            Err(error) => Fault::from(error).kauth(&world, &base),
        },
        None => told(&world),
    }
}

fn told(world: &World) -> Response {
    fault::json(StatusCode::OK, &json!({ "now": world.now().rfc3339_exact(), "frozen": world.clock.is_frozen() }))
}
