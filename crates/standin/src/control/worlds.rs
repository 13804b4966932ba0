//! `GET /control/v1/worlds` — every world of this process.
//! `POST /control/v1/worlds` — make a world: empty, as a copy of another, or from a world file.
//! `DELETE /control/v1/worlds/{name}` — delete a world.
//! `GET /control/v1/snapshots` — the snapshots of this world, with their numbers of rows.
//! `POST /control/v1/snapshots` — take a snapshot: rows, clock and rules.
//! `POST /control/v1/restore` — restore a snapshot.
//! `POST /control/v1/reset` — restore the start, and delete recorded requests and faults.

use std::sync::Arc;

use axum::extract::{Extension, Path};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_store::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::caller::{Caller, Sent};
use crate::refused::Refused;
use crate::restore;
use crate::snapshots;
use crate::world::{KAKAO_HOSTS, WORLDS};
use crate::worlds::{self, Running, Worlds};
use kakaw_platform::http::error;
use kakaw_wire::url::{split_origin, split_scheme};

/// A world, as the control API returns it.
#[derive(Serialize, JsonSchema)]
pub struct WorldState {
    /// Its name.
    name: String,
    /// Its base URL.
    base_url: String,
    /// The world's time, RFC 3339.
    now: String,
}

impl WorldState {
    fn of(caller: &Caller, worlds: &Worlds, running: &Running) -> Self {
        let world = &running.world;
        let origin = split_origin(&caller.base).0;
        // Each of Kakao's hosts belongs to one world, and to none with a path prefix.
        let is_kakaos =
            split_scheme(origin).is_some_and(|(scheme, host)| scheme == "https" && KAKAO_HOSTS.contains(&host));
        let own = format!("http://localhost:{}", worlds.port());
        let origin = if is_kakaos { &own } else { origin };
        let below = if world.place.is_default() { String::new() } else { format!("{WORLDS}{}", world.name()) };
        Self { base_url: format!("{origin}{below}"), name: world.name().to_owned(), now: world.now().rfc3339_exact() }
    }
}

pub async fn list(caller: Caller, Extension(worlds): Extension<Arc<Worlds>>) -> Response {
    let all: Vec<WorldState> = worlds.list().iter().map(|running| WorldState::of(&caller, &worlds, running)).collect();
    error::json(StatusCode::OK, &all)
}

pub async fn create(
    Extension(worlds): Extension<Arc<Worlds>>,
    Sent(caller, request): Sent<worlds::CreateWorld>,
) -> Response {
    let made = worlds.create(&request).await;
    caller.reply(made.map(|running| WorldState::of(&caller, &worlds, &running)))
}

pub async fn delete(caller: Caller, Extension(worlds): Extension<Arc<Worlds>>, Path(name): Path<String>) -> Response {
    caller.done(match worlds.delete(&name) {
        Ok(false) => Err(Refused::Wrong(format!("there is no world {name:?}"))),
        other => other.map(drop),
    })
}

/// The name of a moment.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Name of the snapshot: 1 to 100 characters, not `start`; default `saved`.
    #[serde(default = "saved")]
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Name of the snapshot; default `saved`. `start` is the world's initial state.
    #[serde(default = "saved")]
    snapshot: String,
}

fn saved() -> String {
    "saved".to_owned()
}

pub async fn kept(caller: Caller) -> Response {
    error::json(StatusCode::OK, &caller.world.snapshots.list())
}

pub async fn keep(Sent(caller, Keep { name }): Sent<Keep>) -> Response {
    if name == snapshots::START || name.is_empty() || name.len() > 100 {
        return caller.refuse(format!("name: {name:?}; expected 1 to 100 characters, and not {:?}", snapshots::START));
    }
    let taken = restore::take(&caller.world, &name).await.map_err(Refused::from).and_then(|room| {
        room.then(|| json!({ "name": name })).ok_or_else(|| Refused::Wrong("there are too many snapshots".to_owned()))
    });
    caller.reply(taken)
}

pub async fn restore(Sent(caller, Restore { snapshot }): Sent<Restore>) -> Response {
    let missing = || format!("there is no snapshot {snapshot:?}");
    caller.done(found(restore::restore(&caller.world, &snapshot).await, missing))
}

pub async fn reset(caller: Caller) -> Response {
    let missing = || {
        "this world has no initial state to restore: it is not in memory. Take a snapshot and restore that".to_owned()
    };
    caller.done(found(restore::reset(&caller.world).await, missing))
}

fn found(result: Result<bool, Error>, missing: impl Fn() -> String) -> Result<(), Refused> {
    match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refused::Wrong(missing())),
        Err(error) => Err(error.into()),
    }
}
