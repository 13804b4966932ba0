//! `POST /v1/user/update_profile` — store user properties of the app.
//!
//! | parameter    | needed | rule                                                                      |
//! |--------------|--------|---------------------------------------------------------------------------|
//! | `properties` | yes    | a JSON object of registered keys, else -201; values are text, else -2      |
//!
//! What is not named stays. Unlinking deletes all.

use std::sync::Arc;

use axum::Router;
use kakaw_core::link::Link;
use kakaw_core::link::properties;
use kakaw_store::links;
use kakaw_wire::user::UserId;

use super::call::{Call, bad};
use super::{Caller, post};
use crate::Platform;
use crate::commit::{Attempt, decide_and_commit};
use crate::http::error::Error;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/update_profile", post(update))
}

async fn update(call: Call) -> Result<UserId, Error> {
    decide_and_commit(&call.platform.store, |_| async {
        let caller = Caller::admit(&call).await?;
        let given = call.object("properties")?.ok_or_else(|| bad("properties", "It cannot be null."))?;
        let before = &caller.bearer.link;
        let after = Link { properties: properties::stored(&caller.app, before, &given)?, ..before.clone() };
        Ok(Attempt::Commit { changes: vec![links::update(&after)], then: UserId { id: before.user_id.0 } })
    })
    .await
}
