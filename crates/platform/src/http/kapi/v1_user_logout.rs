//! `POST /v1/user/logout` — end this token's grant: its access tokens and its refresh token, on this device only.
//! With an admin key and `target_id`: all log-ins of the person, on all devices.
//!
//! The account session of the browser stays, so the next log-in is silent (F16, F17).

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_core::token::grant::EndedBy;
use kakaw_core::webhook::Event;
use kakaw_store::{grants, links};
use kakaw_wire::event::EventType;
use kakaw_wire::user::UserId;
use serde_json::json;

use super::call::Call;
use super::target::Target;
use crate::Platform;
use crate::audit::{self, by};
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Ends the token's login: its access tokens and its refresh token, on this device only.",
    Credential::TokenOrAdminKey,
    Reply::json::<UserId>(),
)
.more(
    "With an admin key: all logins of the person, on all devices. The browser's account session is kept, so the next \
     login is silent.",
);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/v1/user/logout", &ABOUT, kapi(log_out))
}

async fn log_out(call: Call) -> Result<UserId, Error> {
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::Logout).await?;
        let (end, event) = match &target {
            Target::Bearer(bearer, _) => {
                (grants::end(bearer.grant.id, call.platform.now(), &EndedBy::Logout), EventType::TokenRevoked)
            }
            Target::Named(named, _) => (links::log_out(&named.1), EventType::TokensRevoked),
        };
        let mut changes = vec![end];
        if let Target::Named(named, _) = &target {
            changes.extend(
                audit::by_call(&call.platform, audit::Event::LogoutEverywhere, by::APP, &named.1, json!({})).await?,
            );
        }
        changes.extend(events::notify(&call.platform, target.app(), target.link(), &[Event::new(event)]));
        Ok(Attempt::Commit { changes, then: UserId { id: target.link().user_id.0 } })
    })
    .await
}
