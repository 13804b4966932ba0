//! Requests for unknown endpoints: a reply in the format of the surface, which names the nearest endpoint.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use kakaw_core::{Refusal, diagnosis};
use kakaw_wire::Problem;
use kakaw_wire::problem::Surface;

use crate::Platform;
use crate::endpoint::Endpoint;
use crate::http::error::Error;
use crate::origins;
use crate::request::context::RequestContext;

/// Handles 404 and 405.
pub struct Unknown {
    platform: Arc<Platform>,
    /// The endpoints to suggest, as `GET /path`.
    endpoints: Vec<String>,
    /// The endpoints of other origins, each with its URL.
    elsewhere: Vec<(Endpoint, String)>,
}

impl Unknown {
    #[must_use]
    pub fn new(platform: Arc<Platform>, endpoints: &[Endpoint], elsewhere: Vec<(Endpoint, String)>) -> Self {
        Self { platform, endpoints: endpoints.iter().map(ToString::to_string).collect(), elsewhere }
    }

    /// Returns the endpoint of another origin that has this path.
    fn elsewhere(&self, path: &str) -> Option<String> {
        let (endpoint, url) = self.elsewhere.iter().find(|(endpoint, _)| endpoint.path == path)?;
        Some(format!("{} {url}{path}", endpoint.method.name()))
    }

    /// Whether only the user API has this base URL. One of the SDKs takes a reply that it cannot decode for success.
    fn is_kapi(&self, base: &str) -> bool {
        let of = |surface| self.platform.surroundings.surface(base, surface);
        of(origins::Surface::Kapi) == base && of(origins::Surface::Kauth) != base
    }

    /// Returns the methods of a path.
    fn methods_of(&self, path: &str) -> Vec<&str> {
        let split = self.endpoints.iter().filter_map(|endpoint| endpoint.split_once(' '));
        split.filter(|(_, known)| *known == path).map(|(method, _)| method).collect()
    }

    pub async fn answer(&self, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        let Ok(context) = RequestContext::from_request_parts(&mut parts, &self.platform).await;
        let path: String = parts.uri.path().chars().take(200).collect();
        let method = parts.method.to_string();
        // The same path with another method is the best suggestion.
        let at_path = self.methods_of(&path);
        let nearest = match (at_path.first(), self.elsewhere(&path)) {
            (Some(method), _) => format!("{method} {path}"),
            (None, Some(endpoint)) => endpoint,
            (None, None) => nearest(&method, &path, self.endpoints.iter().map(String::as_str)),
        };
        let (platform, base) = (&self.platform, &context.base);
        if path == "/v1/user/me" {
            return Error::from(Problem::Discontinued { path, successor: "/v2/user/me".to_owned() })
                .kapi(platform, base);
        }
        if self.is_kapi(base) || surface(&path, &parts.headers) == Surface::Kapi {
            return Error::from(Problem::UnknownApi { method, path, nearest }).kapi(platform, base);
        }
        let refusal = Refusal::new(Problem::UnknownUrl { method, path: path.clone(), nearest: nearest.clone() });
        let refusal = match at_path.as_slice() {
            [] => refusal.because(format!("the nearest endpoint is {nearest}")),
            methods => refusal.because(format!("{path} exists; send it as {}", methods.join(" or "))),
        };
        let error = Error::from(refusal);
        match surface(&path, &parts.headers) {
            Surface::Page => error.page(&context),
            _ => error.kauth(platform, base),
        }
    }
}

/// Returns the surface of a path that no endpoint has. A person who follows a wrong link to kauth gets a page, and a
/// program gets JSON.
#[must_use]
pub fn surface(path: &str, headers: &HeaderMap) -> Surface {
    if ["/v1", "/v2", "/cors"].iter().any(|prefix| path.starts_with(prefix)) {
        return Surface::Kapi;
    }
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let of_kauth = ["/oauth", "/api", "/.well-known"].iter().any(|prefix| path.starts_with(prefix));
    let for_people = !path.starts_with("/oauth/token") && (!of_kauth || path.starts_with("/oauth"));
    if accepts.contains("text/html") && for_people { Surface::Page } else { Surface::Kauth }
}

/// Returns the endpoint to suggest for a path that none has.
#[must_use]
pub fn nearest<'a>(method: &str, path: &str, endpoints: impl Iterator<Item = &'a str>) -> String {
    if is_of_another_product(path) {
        // A suggestion among our own endpoints would mislead.
        return "none: this API is not part of the login".to_owned();
    }
    diagnosis::nearest(&format!("{method} {path}"), endpoints).unwrap_or_default().to_owned()
}

/// Whether a path of kapi belongs to Talk or Story.
fn is_of_another_product(path: &str) -> bool {
    ["/v1/api/talk", "/v2/api/talk", "/v1/api/story", "/v1/friends"].iter().any(|prefix| path.starts_with(prefix))
}
