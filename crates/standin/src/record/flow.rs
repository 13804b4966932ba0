//! Groups exchanges into log-ins, from the authorization request to user information.

use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;

use crate::inject::changed;
use crate::request_log::Filter;
use crate::world::World;
use kakaw_platform::request::cookie;

/// Returns what connects an exchange with a log-in: the browser on pages, the code at the exchange, the token at the
/// user API.
pub fn keys_of(world: &World, request: &Request, path: &str, form: &str) -> Vec<String> {
    let headers = request.headers();
    let mut keys = Vec::new();
    if path == "/oauth/token" {
        let pairs = Pairs::parse(form).unwrap_or_default();
        keys.extend(
            ["code", "refresh_token"].iter().filter_map(|name| pairs.one(name).ok().flatten()).map(str::to_owned),
        );
    } else if let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        keys.extend(value.split_once(' ').map(|(_, token)| token.to_owned()));
    } else {
        keys.extend(cookie::read(headers, &cookie::Names::of(&world.platform).browser));
    }
    keys
}

/// Returns the log-in of an exchange. A first authorization request starts one; its code and tokens continue it.
pub async fn flow(world: &World, path: &str, query: &str, keys: &[String], response: Response) -> (u64, Response) {
    let log = &world.requests;
    let first = path == "/oauth/authorize" && !query.contains("kakaw_interaction=");
    let known = keys.iter().find_map(|key| log.flow_of(key));
    let flow = match known {
        Some(flow) if !first => flow,
        _ if first => log.begin_flow(),
        _ => return (0, response),
    };
    for key in keys {
        log.belongs(key, flow);
    }
    let headers = response.headers();
    let name = cookie::Names::of(&world.platform).browser;
    for line in headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
        if let Some(value) = line.strip_prefix(&format!("{name}=")) {
            log.belongs(value.split(';').next().unwrap_or_default(), flow);
        }
    }
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
    let back = Pairs::parse(split_query(location).1).unwrap_or_default();
    if let Some(code) = back.one("code").ok().flatten() {
        log.belongs(code, flow);
    }
    if path != "/oauth/token" || !response.status().is_success() {
        return (flow, response);
    }
    let response = changed(response, |reply| {
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = reply[name].as_str() {
                log.belongs(token, flow);
            }
        }
    })
    .await;
    (flow, response)
}

/// Returns who redeemed the code of this log-in before, if the log still has it.
pub fn redeemed_by(world: &World, flow: u64) -> Option<String> {
    let filter = Filter { path: Some("/oauth/token".to_owned()), status: Some(200), ..Filter::default() };
    let earlier = world.requests.list(&filter).into_iter().find(|exchange| flow != 0 && exchange.flow == flow)?;
    let agent =
        earlier.headers.iter().find(|(name, _)| name == "user-agent").map_or("no user agent", |(_, agent)| agent);
    Some(format!("it was redeemed by request {} in the log, at {}, sent by {agent}", earlier.id, earlier.at))
}
