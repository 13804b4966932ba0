//! The layer around every exchange of a stand-in: records it, and injects failures where a rule matches.

mod flow;
pub mod har;
mod sender;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use kakaw_core::random;
use kakaw_wire::form::Pairs;

use crate::faults::Sent;
use crate::inject::{self, Injected, Received};
use crate::request_log::{self, Exchange};
use crate::world::World;
use kakaw_platform::clock;
use kakaw_platform::http::error::Explained;
use kakaw_platform::request::body;
use kakaw_platform::request::context;
use kakaw_platform::request::decision::Decided;

/// Whether an exchange concerns the stand-in itself and not the service that it emulates.
fn is_own(path: &str) -> bool {
    ["/control/", "/assets/", "/docs/", "/demo", "/inspector", "/sdk/", "/kakao_js_sdk/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
        || matches!(path, "/" | "/proxy.pac")
}

/// The layer.
pub async fn record(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if is_own(&path) {
        return next.run(request).await;
    }
    let (started, at) = (clock::monotonic(), world.now());
    let method = request.method().as_str().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (request, form) = read_form(request).await;
    // A token request may have its parameters in the query.
    let sent = if path == "/oauth/token" && form.is_empty() { &query } else { &form };
    let named = app_key(&query, &form);
    let headers = request.headers().clone();
    let sent_by = sender::of(&world, &headers, &query, sent).await;
    let app = match &named {
        Some(key) => sender::app_of(&world, key).await,
        None => sent_by.app,
    };
    let (account, person, app_key) = (sent_by.account, sent_by.login, named.or(sent_by.app_key));
    let keys = flow::keys_of(&world, &request, &path, sent);
    let (base, own) = (context::base(&world.platform, request.headers()), own_headers(request.headers()));
    let injected = if world.place.faults.is_empty() {
        None
    } else {
        let chance = random::chance(&*world.platform.random);
        let (in_query, in_form) = (Pairs::parse(&query).unwrap_or_default(), Pairs::parse(&form).unwrap_or_default());
        let parameters: Vec<_> = in_query.iter().chain(in_form.iter()).collect();
        let (app_key, parameters) = (app_key.as_deref(), parameters.as_slice());
        let sent = Sent { method: &method, path: &path, app_key, app, parameters, person: account, chance };
        world.place.faults.choose(&sent)
    };
    let (rule, response) = match injected {
        None => (None, next.run(request).await),
        Some((id, fault)) => {
            let received = Received {
                base: &base,
                method: &method,
                path: &path,
                query: &query,
                form: &form,
                headers: &headers,
                app_key: app_key.as_deref(),
                scopes: &sent_by.scopes,
            };
            let mut response = inject::inject(&world, received, &fault, request, next).await;
            response.extensions_mut().insert(Injected);
            (Some(id), response)
        }
    };
    let (flow, response) = flow::flow(&world, &path, &query, &keys, response).await;
    let explained = response.extensions().get::<Explained>();
    let mut diagnosis = explained.map(|explained| explained.diagnosis.clone()).unwrap_or_default();
    if explained.is_some_and(|explained| explained.code == "KOE320") {
        diagnosis.extend(flow::redeemed_by(&world, flow));
    }
    let decision = match response.extensions().get::<Decided>() {
        Some(Decided(decision)) => Some(decision.to_string()),
        None if headers.contains_key(header::AUTHORIZATION) && response.status().is_success() => {
            person.as_ref().map(|person| format!("returned data of {person}"))
        }
        None => None,
    };
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let mut parameters = request_log::kept(&query);
    let in_query = parameters.len();
    parameters.extend(request_log::kept(&form));
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    world.requests.add(Exchange {
        id: 0,
        flow,
        at: at.rfc3339_exact(),
        method,
        url: format!("{base}{path}"),
        path,
        headers: own,
        parameters,
        in_query,
        content_type: kind.to_owned(),
        app_key,
        app,
        person,
        account,
        status: response.status().as_u16(),
        took: started.elapsed(),
        location: location.map(request_log::kept_location),
        decision,
        code: explained.map(|explained| explained.code),
        diagnosis,
        fault: rule,
    });
    response
}

/// Reads a form, so that the log can contain its parameters. The handler still gets the whole body.
async fn read_form(request: Request) -> (Request, String) {
    if !body::is_form(request.headers()) {
        return (request, String::new());
    }
    let (parts, body) = request.into_parts();
    match body::bytes(body, body::LIMIT).await {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            // JSON is not a form, whatever its label says: taken as a parameter's name, its secrets would not be
            // masked.
            let text = if text.trim_start().starts_with(['{', '[', '"']) { String::new() } else { text };
            (Request::from_parts(parts, Body::from(bytes)), text)
        }
        // Too large: the handler refuses it with its own message.
        Err(_) => (Request::from_parts(parts, Body::from(vec![b'x'; body::LIMIT + 1])), String::new()),
    }
}

/// Returns the headers that identify a client and its call. Cookies are not kept, because a browser may send some that
/// are not ours.
fn own_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = ["content-type", "accept", "accept-language", "authorization", "ka", "origin", "user-agent"];
    let found = kept.iter().filter_map(|name| Some((*name, headers.get(*name)?.to_str().ok()?)));
    found.map(|(name, value)| (name.to_owned(), request_log::kept_header(name, value))).collect()
}

fn app_key(query: &str, form: &str) -> Option<String> {
    let of = |text: &str| {
        let pairs = Pairs::parse(text).ok()?;
        let key = pairs.one("client_id").ok().flatten().or_else(|| pairs.one("app_key").ok().flatten())?;
        Some(key.chars().take(64).collect::<String>())
    };
    of(query).or_else(|| of(form))
}
