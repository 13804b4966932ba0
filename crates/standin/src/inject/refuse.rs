//! Injected errors: the same reply that the mistake itself would cause. The evidence is that of the request, and the
//! endpoint or the renderer of the surface makes the reply.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use kakaw_core::Refusal;
use kakaw_core::app::{App, AppKey, KeyKind};
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Surface;
use kakaw_wire::text::{self, Lang};
use kakaw_wire::token::KauthError;
use kakaw_wire::user::KapiError;
use kakaw_wire::{Code, Problem};
use serde_json::json;

use super::evidence::{Evidence, Received};
use crate::faults::{Fault, InjectedError};
use crate::world::{Shared, World};
use kakaw_platform::http::error::{self, Error};
use kakaw_platform::http::kauth::{self, authorize};
use kakaw_platform::http::unknown;
use kakaw_platform::pages::ways::Ways;
use kakaw_platform::request::context::RequestContext;
use kakaw_platform::request::settled::Settled;

/// The authorization request. Its errors go to the app by redirect, or are shown on a page.
const AUTHORIZE: &str = "/oauth/authorize";

/// The page that polls for the result of a log-in. Only the endpoint knows who may read it.
const POLL: &str = "/apiweb/code.json";

/// Paths that reply with pages.
const PAGES: [&str; 6] = [AUTHORIZE, "/oauth/logout", "/login", "/terms", "/weblogin/create_account", "/error/network"];

/// Paths of the picker whose errors go where the result goes.
const PICKER: [&str; 4] = ["/auth/kpidt", "/user/address", "/error/auth", "/error/server-error"];

/// Said beside the evidence, which is that of the request itself.
const BECAUSE: &str = "a fault rule of this stand-in injected this error";

/// Replies with the error.
pub async fn answer(
    world: &Arc<World>,
    received: Received<'_>,
    fault: &Fault,
    error: InjectedError,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(mut context) = RequestContext::from_request_parts(&mut parts, &Shared(Arc::clone(world))).await;
    let found = match received.key() {
        Some(key) => kauth::find_key(&world.platform, key).await.ok().flatten(),
        None => None,
    };
    if found.as_ref().is_some_and(|(_, key)| key.kind == KeyKind::Admin) {
        // The URL contains an admin key, which no page repeats.
        context.own_url = None;
    }
    let (path, surface) = (received.path, surface(received.path, &parts.headers));
    let evidence = Evidence::new(&received, found.as_ref(), &context.address, fault);
    let made = problem(&evidence, surface, error);
    if let Some(settled) = settled(path, error, made.as_ref()) {
        // Only the endpoint knows whether the error may go to the app, and where.
        parts.extensions.insert(settled);
        return next.run(Request::from_parts(parts, body)).await;
    }
    let is_page = surface == Surface::Page;
    let spelled = |problem: &Problem| problem.answers().iter().any(|answer| answer.surface == surface);
    let Some(problem) = made.clone().filter(|problem| is_page || spelled(problem)) else {
        let ways = ways(&context, &received, found.as_ref());
        return explained(&context, surface, error, made.as_ref(), ways);
    };
    if is_page {
        let ways = match problem.code() {
            // The request cannot be read, so nothing of it is verified.
            Code::KOE001 | Code::KOE003 | Code::KOE023 | Code::KOE207 => Ways::default(),
            _ => ways(&context, &received, found.as_ref()),
        };
        return Error::from(Refusal::new(problem).because(BECAUSE)).page_with(&context, ways);
    }
    let (platform, base) = (&world.platform, received.base);
    let refused = Error::from(Refusal::new(problem).because(BECAUSE));
    match surface {
        Surface::Kapi => refused.kapi(platform, base),
        Surface::Apps => refused.apps(platform, base),
        _ => refused.kauth(platform, base),
    }
}

/// Returns the order for the endpoint, where it must decide the reply.
fn settled(path: &str, error: InjectedError, problem: Option<&Problem>) -> Option<Settled> {
    match (path, problem) {
        (AUTHORIZE, Some(problem)) => {
            let by_redirect = problem.answers().iter().any(|answer| answer.surface == Surface::Redirect);
            (by_redirect || error.is_by_name()).then(|| Settled::Refused(problem.clone()))
        }
        (AUTHORIZE, None) => match error {
            InjectedError::Name(name) => Some(Settled::Ended(name.into(), name.replace('_', " ").into())),
            _ => None,
        },
        (POLL, Some(problem)) => Some(Settled::Refused(problem.clone())),
        // What is wrong with the request itself has no place to go to.
        (path, Some(problem)) if PICKER.contains(&path) => match problem.code() {
            Code::KAE002 | Code::KAE003 | Code::KAE104 => None,
            _ => Some(Settled::Refused(problem.clone())),
        },
        _ => None,
    }
}

/// Returns the links of an error page.
fn ways(context: &RequestContext, received: &Received<'_>, found: Option<&(Arc<App>, AppKey)>) -> Ways {
    if received.path != AUTHORIZE {
        return Ways::default();
    }
    let pairs = Pairs::parse(received.query).unwrap_or_default();
    authorize::ways(context, found.map(|(app, key)| (&**app, key)), &pairs, received.query)
}

/// Returns the problem of the error, as this surface has it or else another.
fn problem(evidence: &Evidence<'_>, surface: Surface, error: InjectedError) -> Option<Problem> {
    let made = |name: &str| Problem::named(name, &|field| evidence.of(name, field));
    let is_on = |problem: &Problem, surface| problem.answers().iter().any(|answer| answer.surface == surface);
    match error {
        InjectedError::Problem(name) => made(name),
        InjectedError::Code(code) => {
            let mut all: Vec<Problem> = code.problems().filter_map(made).collect();
            let preferred = usual(code, evidence.received);
            all.sort_by_key(|problem| (!is_on(problem, surface), Some(problem.name()) != preferred));
            all.into_iter().next()
        }
        InjectedError::Name(name) => {
            let first = if evidence.received.path == AUTHORIZE { Surface::Redirect } else { Surface::Kauth };
            let said = |problem: &Problem, surface| {
                problem.answers().iter().any(|answer| answer.surface == surface && answer.error == name)
            };
            let all: Vec<Problem> = Problem::NAMES.iter().filter_map(|(name, _)| made(name)).collect();
            // An error that only pages have elsewhere is not what a program reads.
            let surfaces = [first, Surface::Redirect, Surface::Kauth, Surface::Page];
            surfaces.into_iter().find_map(|surface| all.iter().find(|problem| said(problem, surface))).cloned()
        }
    }
}

/// Of the problems with one code, the one that such a call has.
fn usual(code: Code, received: &Received<'_>) -> Option<&'static str> {
    let path = received.path;
    Some(match code {
        Code::Kapi2 if path == "/v2/user/revoke/scopes" => "NothingToRevoke",
        Code::Kapi2 if path == "/v2/user/revoke/service_terms" => "NoTagsToRevoke",
        Code::Kapi2 if path == "/v2/user/service_terms" => "UnknownTags",
        Code::Kapi2 => "BadArgument",
        Code::Kapi3 if path.starts_with("/v2/user/revoke/") => "NotRevocable",
        Code::Kapi3 if path == "/v2/user/service_terms" => "SimpleSignupOff",
        Code::Kapi3 if received.by_admin_key() => "AdminKeyNotAllowed",
        Code::Kapi3 => "ItemNotSet",
        Code::Kapi401 if received.by_admin_key() || path == "/v1/user/ids" => "AdminKeyUnknown",
        Code::Kapi401 => "AccessTokenUnknown",
        _ => return None,
    })
}

fn surface(path: &str, headers: &HeaderMap) -> Surface {
    if PAGES.contains(&path) {
        Surface::Page
    } else if ["/auth/", "/user/", "/proxy", "/error/"].iter().any(|prefix| path.starts_with(prefix)) {
        Surface::Apps
    } else {
        unknown::surface(path, headers)
    }
}

/// Returns an error that the platform itself never answers there, in the format of the surface.
fn explained(
    context: &RequestContext,
    surface: Surface,
    error: InjectedError,
    problem: Option<&Problem>,
    ways: Ways,
) -> Response {
    let Some(code) = error.code().or(problem.map(Problem::code)) else {
        let name = error.to_string();
        let body = json!({ "error": name, "error_description": name.replace('_', " ") });
        return error::json(StatusCode::BAD_REQUEST, &body);
    };
    let words = text::of(code, Lang::En).map(|words| words.message.clone()).unwrap_or_default();
    match (code.id().parse::<i32>(), surface) {
        (_, Surface::Page) => error::page_of(context, code, BECAUSE, ways),
        (Ok(number), _) => {
            let status = match number {
                -9798 => StatusCode::SERVICE_UNAVAILABLE,
                -6 => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            };
            error::json(status, &KapiError::new(words, number))
        }
        (_, Surface::Apps) => {
            error::json(StatusCode::BAD_REQUEST, &json!({ "error_code": code.id(), "error_msg": words }))
        }
        _ => {
            let said = problem.map(|problem| (problem.answer(surface).error, problem.message(surface)));
            let (name, message) = said.unwrap_or_default();
            let body = KauthError {
                error: if name.is_empty() { "invalid_request" } else { name }.to_owned(),
                error_description: Some(if message.is_empty() { words } else { message }),
                error_code: code.id().starts_with("KOE").then(|| code.id().to_owned()),
            };
            error::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}
