//! `GET /v2/user/scopes` — which consent items the person agreed to (F21).
//! `POST /v2/user/revoke/scopes` — take consent back.
//!
//! | parameter | needed | rule                                                                                     |
//! |-----------|--------|------------------------------------------------------------------------------------------|
//! | `scopes`  | revoke | a JSON list of item ids, else -2; none agreed to: -2; one that the app requires: -3       |
//!
//! With an admin key: `target_id_type=user_id` and `target_id`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing;
use kakaw_core::app::{ApiGroup, App};
use kakaw_core::link::Link;
use kakaw_core::link::scopes;
use kakaw_core::webhook::Event;
use kakaw_store::{Outcome, links};
use kakaw_wire::event::EventType;
use kakaw_wire::text::Lang;
use kakaw_wire::user::{ScopeDetails, Scopes};

use super::params::{Params, bad};
use super::target::Target;
use crate::Platform;
use crate::deliver::events;
use crate::http::error::{Error, json};
use crate::pages::words;
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v2/user/scopes", routing::get(get)).route("/v2/user/revoke/scopes", routing::post(post))
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match list(&platform, request).await {
        Ok(scopes) => json(StatusCode::OK, &scopes),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match revoke(&platform, request).await {
        Ok(scopes) => json(StatusCode::OK, &scopes),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn list(platform: &Platform, request: Request) -> Result<Scopes, Error> {
    let params = Params::read(platform, request).await?;
    let target = Target::find(platform, &params, ApiGroup::Scopes).await?;
    let only: Option<Vec<String>> = params.list("scopes", "text")?;
    let mut reply = reply(target.app(), target.link(), &params.headers);
    reply.scopes.retain(|row| only.as_ref().is_none_or(|ids| ids.contains(&row.id)));
    Ok(reply)
}

async fn revoke(platform: &Platform, request: Request) -> Result<Scopes, Error> {
    let params = Params::read(platform, request).await?;
    for _ in 0..4 {
        let target = Target::find(platform, &params, ApiGroup::Scopes).await?;
        let ids: Vec<String> = params.list("scopes", "text")?.ok_or_else(|| bad("scopes", "It cannot be null."))?;
        let after = scopes::revoke(target.app(), target.link(), &ids)?;
        let mut changes = vec![links::update(&after)];
        let gone = target.link().consents.keys().filter(|item| !after.consents.contains_key(item)).copied();
        let event = Event::scopes(EventType::UserScopeWithdraw, gone.collect());
        changes.extend(events::told(platform, target.app(), target.link(), &[event]));
        if platform.store.commit(changes).await? == Outcome::Committed {
            return Ok(reply(target.app(), &after, &params.headers));
        }
    }
    Err(Error::contention())
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
