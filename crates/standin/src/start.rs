//! `GET /` — the first page of a stand-in: the sample service, the apps, the people and their passwords.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::app::KeyKind;
use kakaw_core::crypto::seal::Purpose;
use kakaw_store::{accounts, app_keys, apps};

use crate::pages::start::{App, Person, Start};
use crate::world::{Shared, World};
use kakaw_platform::endpoint::{Method, Routes};
use kakaw_platform::http::error::Error;
use kakaw_platform::pages;
use kakaw_platform::request::context::RequestContext;

/// Maximum number of rows of each table, because this page is not an export.
const ROWS: i64 = 50;

/// The route, which only a stand-in has.
pub fn routes() -> Routes<Shared> {
    Routes::new().listed(Method::Get, "/", get)
}

async fn get(State(world): State<Arc<World>>, context: RequestContext) -> Response {
    match load(&context, world.place.is_default()).await {
        Ok(view) => pages::respond(StatusCode::OK, &view),
        Err(error) => error.page(&context),
    }
}

async fn load(context: &RequestContext, demo: bool) -> Result<Start, Error> {
    let platform = &context.platform;
    let mut found = Vec::new();
    for app in apps::page(&platform.store, i64::MIN, ROWS).await? {
        let keys = app_keys::of_app(&platform.store, app.id).await?;
        let live = keys.into_iter().filter(|stored| !stored.key.deleted && stored.key.kind != KeyKind::Admin);
        let keys = live.map(|stored| (stored.key.kind.label(), stored.key.key)).collect();
        found.push(App { id: app.id.0, name: app.settings.name, keys });
    }
    let mut people: Vec<_> = accounts::page(&platform.store, accounts::Place::START, ROWS)
        .await?
        .into_iter()
        .map(|accounts::Listed { stored, .. }| {
            let attributes = stored.account.attributes;
            let open = |sealed: &String| String::from_utf8(platform.sealer.open(Purpose::Keep, sealed)?).ok();
            Person {
                name: attributes.display_name().to_owned(),
                login: attributes.email.or(attributes.id).unwrap_or_default(),
                // The password of a world file, while it is stored sealed.
                password: stored.sealed_password.as_ref().and_then(open),
                restricted: stored.account.restricted,
            }
        })
        .collect();
    people.sort_by(|a, b| (a.restricted, &a.login).cmp(&(b.restricted, &b.login)));
    Ok(Start::new(context, demo, found, people))
}
