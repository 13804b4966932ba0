//! `POST /v1/user/signup` — finish the sign-up of a pre-registered person, in an app whose automatic link is off.

use std::sync::Arc;

use kakaw_core::link::Link;
use kakaw_core::link::properties;
use kakaw_store::links;
use kakaw_wire::Problem;
use kakaw_wire::user::UserId;

use super::Caller;
use super::call::Call;
use crate::Platform;
use crate::commit::{Attempt, decide_and_commit};
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Finishes the sign-up of a pre-registered person, in an app with automatic link off.",
    Credential::Token,
    Reply::json::<UserId>(),
)
.takes(&[no("properties", "a JSON object with registered keys, else -201; values are text, else -2")])
.more("If the person's sign-up is already finished: -102. Without this call, the person is unlinked after 24 hours.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/v1/user/signup", &ABOUT, kapi(sign_up))
}

async fn sign_up(call: Call) -> Result<UserId, Error> {
    let given = call.object("properties")?.unwrap_or_default();
    decide_and_commit(&call.platform.store, |_| async {
        let caller = Caller::admit(&call).await?;
        let before = &caller.bearer.link;
        if before.is_registered() {
            return Err(Problem::AlreadyRegistered {}.into());
        }
        let properties = properties::stored(&caller.app, before, &given)?;
        let after = Link { signup_due: None, connected_at: call.platform.now(), properties, ..before.clone() };
        Ok(Attempt::Commit { changes: vec![links::update(&after)], then: UserId { id: before.user_id.0 } })
    })
    .await
}
