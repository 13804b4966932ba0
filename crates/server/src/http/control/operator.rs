//! `POST /control/v1/people/unlink` — end a person's link with an app; the app is told.
//! `POST /control/v1/people/delete` — delete an account; every app that it is linked with is told.
//! `GET /control/v1/webhooks` — every webhook, and how it fares.
//! `POST /control/v1/webhooks/resume` — put a paused webhook back in use.
//!
//! Bodies are JSON, as [`crate::operator`] describes them.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing;

use super::caller::{Caller, Wish};
use crate::operator::{self, DeleteAccount, Resume, Unlink};
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/v1/people/unlink", routing::post(unlink))
        .route("/control/v1/people/delete", routing::post(delete))
        .route("/control/v1/webhooks", routing::get(webhooks))
        .route("/control/v1/webhooks/resume", routing::post(resume))
}

async fn unlink(Wish(caller, wish): Wish<Unlink>) -> Response {
    caller.done(wish.run(&caller.world).await)
}

async fn delete(Wish(caller, wish): Wish<DeleteAccount>) -> Response {
    caller.done(wish.run(&caller.world).await)
}

async fn resume(Wish(caller, wish): Wish<Resume>) -> Response {
    caller.done(wish.run(&caller.world).await)
}

async fn webhooks(caller: Caller) -> Response {
    caller.told(operator::webhook_states(&caller.world).await)
}
