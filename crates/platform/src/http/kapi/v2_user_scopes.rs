//! `GET /v2/user/scopes` — which consent items the person agreed to (F21).
//! `POST /v2/user/revoke/scopes` — revoke consent.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use kakaw_core::app::{ApiGroup, App};
use kakaw_core::link::Link;
use kakaw_core::link::scopes;
use kakaw_core::webhook::Event;
use kakaw_store::links;
use kakaw_wire::event::EventType;
use kakaw_wire::scope::Item;
use kakaw_wire::text::Lang;
use kakaw_wire::user::{ScopeDetails, Scopes};
use serde_json::json;

use super::call::{Call, bad};
use super::target::Target;
use crate::Platform;
use crate::audit;
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;
use crate::endpoint::{About, Credential, Reply, Routes, no, yes};
use crate::http::error::Error;
use crate::http::handler::kapi;
use crate::pages::words;

const LIST: About = About::kapi(
    "Returns the app's consent items, and which of them the person agreed to.",
    Credential::TokenOrAdminKey,
    Reply::json::<Scopes>(),
)
.takes(&[no("scopes", "a JSON list of item ids, else -2: return only these")]);

const REVOKE: About =
    About::kapi("Withdraws consent.", Credential::TokenOrAdminKey, Reply::json::<Scopes>()).takes(&[yes(
        "scopes",
        "a JSON list of item ids, else -2; none of them agreed to: -2; an item that the app requires: -3",
    )]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v2/user/scopes", &LIST, kapi(list)).post("/v2/user/revoke/scopes", &REVOKE, kapi(revoke))
}

async fn list(call: Call) -> Result<Scopes, Error> {
    let target = Target::find(&call, ApiGroup::Scopes).await?;
    let only: Option<Vec<String>> = call.list("scopes", "text")?;
    let mut reply = reply(target.app(), target.link(), &call.headers);
    reply.scopes.retain(|row| only.as_ref().is_none_or(|ids| ids.contains(&row.id)));
    Ok(reply)
}

async fn revoke(call: Call) -> Result<Scopes, Error> {
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::Scopes).await?;
        let ids: Vec<String> = call.list("scopes", "text")?.ok_or_else(|| bad("scopes", "It cannot be null."))?;
        let after = scopes::revoke(target.app(), target.link(), &ids)?;
        let mut changes = vec![links::update(&after)];
        let gone = target.link().consents.keys().filter(|item| !after.consents.contains_key(item)).copied();
        let gone: Vec<Item> = gone.collect();
        let what = json!({ "items": gone });
        let withdrawn = audit::Event::ConsentWithdrawn;
        changes.extend(audit::by_call(&call.platform, withdrawn, target.by(), target.link(), what).await?);
        let event = Event::scopes(EventType::UserScopeWithdraw, gone);
        changes.extend(events::notify(&call.platform, target.app(), target.link(), &[event]));
        Ok(Attempt::Commit { changes, then: reply(target.app(), &after, &call.headers) })
    })
    .await
}

fn reply(app: &App, link: &Link, headers: &HeaderMap) -> Scopes {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let words = words::of(Lang::preferred(None, accepted));
    let details = |row: scopes::Row| ScopeDetails {
        id: row.item.id().to_owned(),
        display_name: words.item(row.item.id()),
        kind: row.item.kind(),
        using: row.using,
        agreed: row.agreed,
        revocable: row.agreed.then_some(row.revocable),
    };
    Scopes { id: link.user_id.0, scopes: scopes::rows(app, link).into_iter().map(details).collect() }
}
