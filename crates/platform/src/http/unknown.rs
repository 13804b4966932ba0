//! Whatever is no endpoint: an answer in the shape of the surface that was meant, naming the nearest endpoint.

use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use kakaw_core::{Refusal, diagnosis};
use kakaw_wire::Problem;

use crate::Platform;
use crate::http::error::Error;
use crate::openapi;
use crate::request::context::{self, Here};

/// The endpoints that an unknown URL is compared with.
fn endpoints() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let described =
            openapi::endpoints().into_iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path));
        described.chain(["GET /docs/api".to_owned()]).collect()
    })
}

/// Answers 404 and 405 alike.
pub async fn answer(State(platform): State<Arc<Platform>>, here: Here, request: Request) -> Response {
    let path: String = request.uri().path().chars().take(200).collect();
    let method = request.method().to_string();
    let sent = format!("{method} {path}");
    // The same path with another method is nearer than anything else.
    let at_path: Vec<&str> = endpoints()
        .iter()
        .filter_map(|endpoint| endpoint.split_once(' ').filter(|(_, known)| *known == path))
        .map(|(method, _)| method)
        .collect();
    let nearest = match at_path.first() {
        Some(method) => format!("{method} {path}"),
        None => diagnosis::nearest(&sent, endpoints().iter().map(String::as_str)).unwrap_or_default().to_owned(),
    };
    let base = context::base(&platform, request.headers());
    if path == "/v1/user/me" {
        return Error::from(Problem::Discontinued { path, successor: "/v2/user/me".to_owned() }).kapi(&platform, &base);
    }
    if ["/v1", "/v2", "/cors"].iter().any(|prefix| path.starts_with(prefix)) {
        return Error::from(Problem::UnknownApi { method, path, nearest }).kapi(&platform, &base);
    }
    let refusal = Refusal::new(Problem::UnknownUrl { method, path: path.clone(), nearest: nearest.clone() });
    let refusal = match at_path.as_slice() {
        [] => refusal.because(format!("the nearest endpoint is {nearest}")),
        methods => refusal.because(format!("{path} exists; send it as {}", methods.join(" or "))),
    };
    let error = Error::from(refusal);
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let of_kauth = ["/oauth", "/api", "/.well-known"].iter().any(|prefix| path.starts_with(prefix));
    // A person who follows a wrong link to kauth gets the page; a program gets JSON.
    if accepts.contains("text/html") && !path.starts_with("/oauth/token") && (!of_kauth || path.starts_with("/oauth")) {
        return error.page(&here);
    }
    error.kauth(&platform, &base)
}
