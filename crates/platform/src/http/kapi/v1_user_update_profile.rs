//! `POST /v1/user/update_profile` — store user properties of the app.

use std::sync::Arc;

use kakaw_core::link::Link;
use kakaw_core::link::properties;
use kakaw_store::links;
use kakaw_wire::user::UserId;

use super::Caller;
use super::call::{Call, bad};
use crate::Platform;
use crate::commit::{Attempt, decide_and_commit};
use crate::endpoint::{About, Credential, Reply, Routes, yes};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi("Stores user properties of the app.", Credential::Token, Reply::json::<UserId>())
    .takes(&[yes("properties", "a JSON object with registered keys, else -201; values are text, else -2")])
    .more("Properties that are not named are kept. An unlink deletes all properties.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/v1/user/update_profile", &ABOUT, kapi(update))
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
