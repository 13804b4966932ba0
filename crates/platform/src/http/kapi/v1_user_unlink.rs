//! `POST /v1/user/unlink` — end the link: all consent, all tokens of the person in this app. The user id stays (F18).

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_store::links;
use kakaw_wire::event::UnlinkReason;
use kakaw_wire::user::UserId;
use serde_json::json;

use super::call::Call;
use super::target::Target;
use crate::Platform;
use crate::audit::{self, Event};
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;
use crate::endpoint::{About, Credential, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::kapi;
use crate::tombstones::{self, Tombstone};

const ABOUT: About = About::kapi(
    "Unlinks the person from the app: ends all consent and all tokens. The user id is kept.",
    Credential::TokenOrAdminKey,
    Reply::json::<UserId>(),
);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/v1/user/unlink", &ABOUT, kapi(unlink))
}

async fn unlink(call: Call) -> Result<UserId, Error> {
    // If the link ends at the same time, the second attempt finds the token dead (-401) or nobody linked (-101).
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::Unlink).await?;
        tombstones::put(&call.platform, &[Tombstone::of(target.link())]).await?;
        let mut changes = vec![links::unlink(target.link())];
        changes.extend(audit::by_call(&call.platform, Event::Unlink, target.by(), target.link(), json!({})).await?);
        changes.extend(events::unlinked(&call.platform, target.app(), target.link(), UnlinkReason::UnlinkFromService));
        Ok(Attempt::Commit { changes, then: UserId { id: target.link().user_id.0 } })
    })
    .await
}
