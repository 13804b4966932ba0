//! `POST /control/v1/people/unlink` — end a person's link with an app; the app is told.
//! `POST /control/v1/people/delete` — delete an account; every app that it is linked with is told.
//! `GET /control/v1/webhooks` — every webhook, and how it fares.
//! `POST /control/v1/webhooks/resume` — put a paused webhook back in use.
//! `POST /control/v1/webhooks/trigger` — send a notice that nothing caused.
//! `GET /control/v1/deliveries` — the last deliveries, newest first.
//! `POST /control/v1/deliveries/replay` — send one again, as it was.
//! `POST /control/v1/keys/rotate` — sign ID tokens with a new key; the old ones stay in the key set.
//! `GET /control/v1/presets` — people that break services, by name.
//! `POST /control/v1/presets` — put one of them in the world.
//!
//! Bodies are JSON, as [`kakaw_platform::manage`] describes them.

use axum::response::Response;
use serde_json::json;

use super::caller::{Caller, Wish};
use crate::presets;
use kakaw_platform::manage::{self, DeleteAccount, Refused, Replay, Resume, Trigger, Unlink};

pub async fn unlink(Wish(caller, wish): Wish<Unlink>) -> Response {
    caller.done(wish.run(&caller.world.platform).await)
}

pub async fn delete(Wish(caller, wish): Wish<DeleteAccount>) -> Response {
    caller.done(wish.run(&caller.world.platform).await)
}

pub async fn resume(Wish(caller, wish): Wish<Resume>) -> Response {
    caller.done(wish.run(&caller.world.platform).await)
}

pub async fn webhooks(caller: Caller) -> Response {
    caller.told(manage::webhook_states(&caller.world.platform).await)
}

pub async fn trigger(Wish(caller, wish): Wish<Trigger>) -> Response {
    caller.told(wish.run(&caller.world.platform).await.map(|id| json!({ "id": id })))
}

pub async fn deliveries(caller: Caller) -> Response {
    caller.told(manage::last_deliveries(&caller.world.platform).await)
}

pub async fn replay(Wish(caller, wish): Wish<Replay>) -> Response {
    caller.told(wish.run(&caller.world.platform).await.map(|id| json!({ "id": id })))
}

pub async fn rotate(caller: Caller) -> Response {
    let world = &caller.world;
    let rotated = world.platform.signer.rotate(&world.platform.store, &world.platform.sealer, world.now()).await;
    caller.told(rotated.map(|kid| json!({ "kid": kid })).map_err(Refused::from))
}

pub async fn known(caller: Caller) -> Response {
    caller.told(Ok::<_, Refused>(presets::known()))
}

pub async fn preset(Wish(caller, wish): Wish<presets::Wish>) -> Response {
    caller.told(wish.run(&caller.world).await)
}
