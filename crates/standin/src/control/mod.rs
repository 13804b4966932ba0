//! `POST /control/v1/apply` — apply the world file in the body (TOML, or the same as JSON).
//! `GET /control/v1/export` — the world as a world file.
//! `GET /docs/control` — this API as an OpenAPI document.
//!
//! Only `kakaw dev` has the control API. Every request needs the header `Kakaw-Control`, which a web page cannot send
//! without a CORS preflight, and this API answers no preflight. From other machines, the header must contain the
//! stand-in's token.

mod caller;
pub mod calls;
mod clock;
mod interception;
mod login;
mod operator;
mod people;
mod policy;
mod read;
pub mod watch;
mod worlds;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;

use crate::talk;
use crate::world::Shared;
use kakaw_platform::endpoint::{Method, Routes};
use kakaw_platform::manage::world_file::{self, Secrets};
use kakaw_platform::manage::{self, Actor};
use kakaw_platform::pages;
use kakaw_platform::request::body;
use kakaw_platform::request::context::RequestContext;

pub use caller::{Caller, HEADER, Sent};
use calls::{Call, PREFIX};

pub fn routes() -> Routes<Shared> {
    let calls = Called::default()
        .by("worlds", worlds::list)
        .by("world-create", worlds::create)
        .by("world-delete", worlds::delete)
        .by("snapshots", worlds::kept)
        .by("snapshot", worlds::keep)
        .by("restore", worlds::restore)
        .by("reset", worlds::reset)
        .by("apply", apply)
        .by("export", export)
        .by("presets", operator::known)
        .by("preset", operator::preset)
        .by("unlink", operator::unlink)
        .by("delete-account", operator::delete)
        .by("login", login::post)
        .by("now", clock::get)
        .by("clock", clock::post)
        .by("faults", watch::rules)
        .by("fault", watch::add)
        .by("faults-clear", watch::remove)
        .by("requests", watch::list)
        .by("requests-clear", watch::forget)
        .by("wait", watch::wait)
        .by("count", watch::count)
        .by("har", watch::har)
        .by("curl", watch::curl)
        .by("webhooks", operator::webhooks)
        .by("resume", operator::resume)
        .by("trigger", operator::trigger)
        .by("deliveries", operator::deliveries)
        .by("replay", operator::replay)
        .by("people", people::get)
        .by("policy", policy::get)
        .by("policy-set", policy::post)
        .by("interception", interception::get)
        .by("intercept", interception::post)
        .by("rotate-keys", operator::rotate);
    calls
        .0
        .listed(Method::Get, "/docs/control", document)
        .plain("/proxy.pac", routing::get(interception::proxy_pac))
        .merge(talk::routes())
}

/// The routes of the calls. [`calls::CALLS`] has their paths.
#[derive(Default)]
struct Called(Routes<Shared>);

impl Called {
    fn by<T: 'static>(self, verb: &str, handler: impl Handler<T, Shared>) -> Self {
        match Call::of(verb) {
            Some(call) => Self(self.0.listed(call.method, &format!("{PREFIX}{}", call.path), handler)),
            // The list lacks the call: a test finds that.
            None => self,
        }
    }
}

async fn document(context: RequestContext, headers: HeaderMap) -> Response {
    let document = calls::document(&context.base);
    pages::document::respond(&context, &headers, "/docs/control", "Control API", &document)
}

async fn apply(State(shared): State<Shared>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &shared).await {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    let text = match body::bytes(body, body::WORLD_FILE_LIMIT).await.map(|bytes| String::from_utf8(bytes.into())) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return caller.refuse("the world file is not UTF-8"),
        Err(error) => return caller.refuse(error.reason()),
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let file = if kind.starts_with("application/json") {
        read::read(text.as_bytes()).map_err(|error| format!("world file: {error}"))
    } else {
        world_file::parse(&text, "world file")
    };
    match file {
        Ok(file) => match world_file::apply(&shared.0.platform, &Actor::ControlApi, &file).await {
            Ok(_) => StatusCode::NO_CONTENT.into_response(),
            Err(refused) => match &refused {
                manage::Refused::Problems(problems) => {
                    caller.refuse_all(&world_file::with_lines(&refused, &text, "world file"), problems)
                }
                _ => caller.done(Err(refused)),
            },
        },
        Err(reason) => caller.refuse(reason),
    }
}

async fn export(caller: Caller) -> Response {
    match world_file::export_text(&caller.world.platform, Secrets::Written).await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/toml;charset=UTF-8")], text).into_response(),
        Err(error) => caller.done(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_its_route_and_every_route_is_a_call() {
        let routes = routes();
        let routed = routes.endpoints().iter().map(ToString::to_string).filter(|route| route.contains(PREFIX));
        let mut routed: Vec<String> = routed.collect();
        let called = calls::CALLS.iter().map(|call| format!("{} {PREFIX}{}", call.method.name(), call.path));
        let mut called: Vec<String> = called.collect();
        routed.sort();
        called.sort();
        assert_eq!(routed, called);
    }
}
