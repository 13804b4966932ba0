//! `POST /v1/user/unlink` — end the link: all consent, all tokens of the person in this app. The user id stays (F18).

use std::sync::Arc;

use axum::Router;
use kakaw_core::app::ApiGroup;
use kakaw_store::links;
use kakaw_wire::event::UnlinkReason;
use kakaw_wire::user::UserId;

use super::call::Call;
use super::post;
use super::target::Target;
use crate::Platform;
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;
use crate::http::error::Error;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/unlink", post(unlink))
}

async fn unlink(call: Call) -> Result<UserId, Error> {
    // When somebody unlinks at the same moment, the second look finds the token dead (-401) or nobody linked (-101).
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::Unlink).await?;
        let mut changes = vec![links::unlink(target.link())];
        changes.extend(events::unlinked(&call.platform, target.app(), target.link(), UnlinkReason::UnlinkFromService));
        Ok(Attempt::Commit { changes, then: UserId { id: target.link().user_id.0 } })
    })
    .await
}
