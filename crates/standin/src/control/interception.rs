//! `POST /control/v1/interception` — intercept the traffic of this world's clients to Kakao's hosts, by a proxy and by
//! TLS.
//! `GET /control/v1/interception` — the addresses that intercept; an empty object if there are none.
//! `GET /proxy.pac` — the same for browsers.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::caller::{Caller, Sent};
use crate::dispatch;
use crate::intercept::{self, Listening};
use crate::world::World;
use crate::worlds::Worlds;
use kakaw_platform::http::error;

async fn listening(worlds: &Worlds, world: &World) -> Option<Arc<Listening>> {
    worlds.get(world.name())?.listening().await
}

/// Browsers request it without a header, and it reveals nothing but a port.
pub async fn proxy_pac(State(world): State<Arc<World>>, Extension(worlds): Extension<Arc<Worlds>>) -> Response {
    match listening(&worlds, &world).await {
        Some(listening) => {
            let kind = [(header::CONTENT_TYPE, "application/x-ns-proxy-autoconfig")];
            (kind, intercept::pac(&listening.entrance().proxy)).into_response()
        }
        None => (StatusCode::NOT_FOUND, "nothing is intercepted yet: use kakaw dev --proxy, or kakaw hosts --pac\n")
            .into_response(),
    }
}

pub async fn get(caller: Caller, Extension(worlds): Extension<Arc<Worlds>>) -> Response {
    match listening(&worlds, &caller.world).await {
        Some(listening) => error::json(StatusCode::OK, &listening.entrance()),
        None => error::json(StatusCode::OK, &json!({})),
    }
}

pub async fn post(
    Extension(worlds): Extension<Arc<Worlds>>,
    Sent(caller, options): Sent<intercept::Options>,
) -> Response {
    let listening = dispatch::intercept(&worlds, caller.world.name(), &options).await;
    caller.reply(listening.map(|listening| listening.entrance()))
}
