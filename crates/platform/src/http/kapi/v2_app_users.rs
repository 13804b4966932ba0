//! `GET /v2/app/users` — several people at once. Needs an admin key.

use kakaw_core::UserId;
use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_core::token::user_info::{self, Keys, Pictures, Subject};
use kakaw_wire::user::User;

use super::call::{Call, bad};
use super::target::{admin_only, linked, target_id_type};
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no, yes};
use crate::http::error::Error;
use crate::http::handler::kapi;
use crate::manage::at_rest;

const ABOUT: About =
    About::kapi("Returns the data of several people at once.", Credential::AdminKey, Reply::json::<Vec<User>>())
        .takes(&[
            yes("target_id_type", "`user_id`, else -2"),
            yes("target_ids", "a JSON list of user ids: at most 100, with `property_keys` at most 20, else -2"),
            no("property_keys", "a JSON list of text; without it, only ids and times are returned"),
        ])
        .more("Ids that are not linked are left out. The reply is a bare list, as in the official samples.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v2/app/users", &ABOUT, kapi(users))
}

async fn users(call: Call) -> Result<Vec<User>, Error> {
    let app = admin_only(&call, ApiGroup::UserInfo).await?;
    target_id_type(&call)?;
    let ids: Vec<i64> = call.list("target_ids", "user ids")?.ok_or_else(|| bad("target_ids", "It cannot be null."))?;
    let keys = call.list("property_keys", "text")?;
    let most = if keys.is_some() { 20 } else { 100 };
    if ids.len() > most {
        return Err(bad("target_ids", &format!("Expected {most} user ids at most.")));
    }
    let keys = Keys::Only(keys.unwrap_or_default());
    let (base, mut users) = (call.base(), Vec::new());
    for id in ids {
        if let Some((mut account, link)) = linked(&call.platform, &app, UserId(id)).await? {
            at_rest::open_for(&call.platform, &app, &mut account)?;
            let subject = Subject { account: &account, link: &link, scopes: None };
            users.push(user_info::me(subject, &app, &keys, &Pictures { base: &base }, call.platform.now()));
        }
    }
    Ok(users)
}
