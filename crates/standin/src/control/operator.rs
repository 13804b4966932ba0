//! `POST /control/v1/people/unlink` — end a person's link with an app; the app is told.
//! `POST /control/v1/people/delete` — delete an account; every app that it is linked with is told.
//! `GET /control/v1/webhooks` — every webhook, and how it fares.
//! `POST /control/v1/webhooks/resume` — put a paused webhook back in use.
//! `POST /control/v1/webhooks/trigger` — send a notice that nothing caused.
//! `GET /control/v1/deliveries` — deliveries, newest first, page by page.
//! `POST /control/v1/deliveries/replay` — send one again, as it was.
//! `POST /control/v1/keys/rotate` — sign ID tokens with a new key; the old ones stay in the key set.
//! `GET /control/v1/presets` — people that break services, by name.
//! `POST /control/v1/presets` — put one of them in the world.
//!
//! Bodies are JSON, as [`kakaw_platform::manage`] describes them.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::{Caller, Sent};
use crate::presets;
use crate::refused::Refused;
use kakaw_platform::manage::{self, Actor, Change, DeleteAccount, Deliveries, Replay, Resume, Trigger, Unlink, What};

pub async fn unlink(Sent(caller, request): Sent<Unlink>) -> Response {
    caller.changed(request.run(&caller.world.platform, &Actor::ControlApi, None).await)
}

pub async fn delete(Sent(caller, request): Sent<DeleteAccount>) -> Response {
    caller.changed(request.run(&caller.world.platform, &Actor::ControlApi, None).await)
}

pub async fn resume(Sent(caller, request): Sent<Resume>) -> Response {
    caller.changed(request.run(&caller.world.platform, &Actor::ControlApi, None).await)
}

pub async fn webhooks(caller: Caller) -> Response {
    caller.reply(manage::webhook_states(&caller.world.platform).await)
}

pub async fn trigger(Sent(caller, request): Sent<Trigger>) -> Response {
    caller.reply(request.run(&caller.world.platform, &Actor::ControlApi, None).await.map(id))
}

pub async fn deliveries(caller: Caller, page: Result<Query<Deliveries>, QueryRejection>) -> Response {
    match page {
        Ok(Query(page)) => caller.reply(page.run(&caller.world.platform).await),
        Err(rejection) => caller.refuse(rejection.body_text()),
    }
}

/// The delivery that a change has made.
fn id(change: Change) -> Value {
    match change.what {
        What::Delivery { id, .. } => json!({ "id": id }),
        _ => Value::Null,
    }
}

pub async fn replay(Sent(caller, request): Sent<Replay>) -> Response {
    caller.reply(request.run(&caller.world.platform, &Actor::ControlApi, None).await.map(id))
}

pub async fn rotate(caller: Caller) -> Response {
    let rotated = manage::signing::rotate(&caller.world.platform, &Actor::ControlApi).await;
    caller.reply(rotated.map(|change| match change.what {
        What::SigningKey { kid } => json!({ "kid": kid }),
        _ => Value::Null,
    }))
}

pub async fn known(caller: Caller) -> Response {
    caller.reply(Ok::<_, Refused>(presets::known()))
}

pub async fn preset(Sent(caller, request): Sent<presets::UsePreset>) -> Response {
    caller.reply(request.run(&caller.world).await)
}
