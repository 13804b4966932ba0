//! `POST /control/v1/people/unlink` — end a person's link with an app, and notify the app.
//! `POST /control/v1/people/delete` — delete an account, and notify every app that it is linked with.
//! `GET /control/v1/webhooks` — every webhook and its state.
//! `POST /control/v1/webhooks/resume` — resume a paused webhook.
//! `POST /control/v1/webhooks/trigger` — send a notice without an event.
//! `GET /control/v1/deliveries` — deliveries, newest first, in pages.
//! `POST /control/v1/deliveries/replay` — send a delivery again, unchanged.
//! `POST /control/v1/keys/rotate` — sign ID tokens with a new key. The old ones stay in the key set.
//! `GET /control/v1/presets` — people with special data that services often do not handle, by name.
//! `POST /control/v1/presets` — add one of them to the world.
//!
//! Bodies are JSON, as [`kakaw_platform::manage`] defines them.

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

/// Returns the id of the delivery that a change made.
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
