//! `GET /v1/user/ids` — the user ids of everybody who is linked with the app. Needs an admin key.

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_store::links;
use kakaw_wire::Problem;
use kakaw_wire::user::UserIds;

use super::call::{Call, bad};
use super::target::admin_only;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "Returns the user ids of all people linked with the app, page by page.",
    Credential::AdminKey,
    Reply::json::<UserIds>(),
)
.takes(&[
    no("limit", "1 to 100 (default), else -2"),
    no("from_id", "first id of the page; if it does not exist, the next id in the order"),
    no("order", "`asc` (default) or `desc`, else -2"),
])
.more("More calls per minute than the quota allows: 429, -10.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/user/ids", &ABOUT, kapi(page))
}

async fn page(call: Call) -> Result<UserIds, Error> {
    let app = admin_only(&call, ApiGroup::UserInfo).await?;
    if !call.platform.quotas.user_ids.admits(app.id, app.settings.quotas.user_ids) {
        return Err(Problem::MinuteQuotaExceeded {}.into());
    }
    let limit = call.number("limit")?.unwrap_or(100);
    if !(1..=100).contains(&limit) {
        return Err(bad("limit", "Expected 1 to 100."));
    }
    let order = call.one("order")?.unwrap_or_else(|| "asc".to_owned());
    let upwards = match order.as_str() {
        "asc" => true,
        "desc" => false,
        _ => return Err(bad("order", "Expected asc or desc.")),
    };
    let from = call.number("from_id")?.unwrap_or(if upwards { 0 } else { i64::MAX });
    let ids = async |from, upwards, limit| links::user_ids(&call.platform.store, app.id, from, upwards, limit).await;
    // Read one more: it shows whether there is a next page, and the id that it starts with.
    let mut elements = ids(from, upwards, limit + 1).await?;
    let after = if elements.len() as i64 > limit { elements.pop() } else { None };
    let step = if upwards { -1 } else { 1 };
    let before = match elements.first() {
        Some(first) => ids(first.saturating_add(step), !upwards, limit).await?.last().copied(),
        None => None,
    };
    let base = call.base();
    let url = |from: i64| format!("{base}/v1/user/ids?limit={limit}&order={order}&from_id={from}");
    Ok(UserIds {
        total_count: links::count(&call.platform.store, app.id).await?,
        before_url: before.map(url),
        after_url: after.map(url),
        elements,
    })
}
