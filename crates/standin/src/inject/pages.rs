//! Injected errors on pages: the same reply that the mistake itself would cause.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request};
use axum::middleware::Next;
use axum::response::Response;
use kakaw_core::Refusal;
use kakaw_core::app::{App, AppKey, Consent, KeyKind};
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Surface;
use kakaw_wire::scope::Item;
use kakaw_wire::{Code, Problem};

use crate::world::{Shared, World};
use kakaw_platform::http::error::{self, Error};
use kakaw_platform::http::kauth::{self, authorize};
use kakaw_platform::pages::ways::Ways;
use kakaw_platform::request::context::RequestContext;
use kakaw_platform::request::settled::Settled;

/// The authorization request. Its errors go to the app by redirect, or are shown on a page.
const AUTHORIZE: &str = "/oauth/authorize";

/// Paths that reply with pages.
pub const PAGES: [&str; 5] = [AUTHORIZE, "/oauth/logout", "/login", "/terms", "/weblogin/create_account"];

/// Said beside the evidence, which is that of the request itself.
const BECAUSE: &str = "a fault rule of this stand-in injected this error";

/// Replies with the error.
pub async fn answer(world: &Arc<World>, path: &str, code: Code, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if path == AUTHORIZE && code.is_on(Surface::Redirect) {
        // Only the endpoint knows whether the request may be redirected, and where.
        parts.extensions.insert(Settled::Refused(code));
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(context) = RequestContext::from_request_parts(&mut parts, &Shared(Arc::clone(world))).await;
    let query = parts.uri.query().unwrap_or_default();
    page(&context, path, parts.method.as_str(), query, code).await.unwrap_or_else(|error| error.page(&context))
}

async fn page(context: &RequestContext, path: &str, method: &str, query: &str, code: Code) -> Result<Response, Error> {
    let pairs = Pairs::parse(query).unwrap_or_default();
    let client_id = pairs.one("client_id").ok().flatten().unwrap_or_default();
    let found = kauth::find_key(&context.platform, client_id).await?;
    let found = found.as_ref().map(|(app, key)| (&**app, key));
    let ways = if path == AUTHORIZE { authorize::ways(context, found, &pairs, query) } else { Ways::default() };
    let evidence = |name: &'static str| match name {
        "method" => method.to_owned(),
        "path" => path.to_owned(),
        "ip" => context.address.clone(),
        name => evidence(name, &pairs, found),
    };
    let surfaces = [Surface::Page, Surface::Kauth, Surface::Kapi, Surface::Apps, Surface::Redirect];
    Ok(match surfaces.into_iter().find_map(|surface| Problem::of(code, surface, &evidence)) {
        Some(problem) => Error::from(Refusal::new(problem).because(BECAUSE)).page_with(context, ways),
        None => error::page_of(context, code, BECAUSE, ways),
    })
}

/// Returns the request's evidence for an error, or what a request with this mistake would have.
fn evidence(name: &str, pairs: &Pairs, found: Option<(&App, &AppKey)>) -> String {
    let sent = |name: &str| pairs.one(name).ok().flatten().filter(|value| !value.is_empty()).map(str::to_owned);
    let app = found.map(|(app, _)| app);
    let items = |wanted: fn(&App, Item) -> bool| {
        let app = app?;
        let ids: Vec<_> = Item::ALL.iter().filter(|item| wanted(app, **item)).map(|item| item.id()).collect();
        Some(ids)
    };
    let is_required = |app: &App, item| app.settings.item(item).is_some_and(|set| set.consent == Consent::Required);
    let own = match name {
        "app" => app.map(|app| app.settings.name.clone()),
        "kind" => found.map(|(_, key)| key.kind.label().to_owned()),
        // An admin key is never repeated.
        "client_id" if found.is_some_and(|(_, key)| key.kind == KeyKind::Admin) => None,
        "scope" => {
            sent("scope").or_else(|| Some((*items(|app, item| app.settings.item(item).is_none())?.first()?).to_owned()))
        }
        "required" => items(is_required).map(|ids| ids.join(",")),
        "parameter" => {
            let needed = ["client_id", "redirect_uri", "response_type"];
            let missing = needed.into_iter().find(|name| sent(name).is_none());
            Some(missing.unwrap_or("response_type").to_owned())
        }
        "reason" => Some("it was sent more than once".to_owned()),
        "nearest" => Some("GET /oauth/authorize".to_owned()),
        name => sent(name),
    };
    own.unwrap_or_default()
}
