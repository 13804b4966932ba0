//! `GET /docs/errors/{code}` — the catalogue's explanation of a code. Error replies link to it.
//! `GET /docs/api` — the API as an OpenAPI document, and as a page for browsers.

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use kakaw_core::Refusal;
use kakaw_wire::{Code, Problem};

use crate::Platform;
use crate::endpoint::{About, Endpoint, Reply, Routes};
use crate::http::error::Error;
use crate::openapi;
use crate::pages;
use crate::pages::explained::Explained;
use crate::request::context::RequestContext;

const CODE: About = About::page("Explains an error code; error replies link to this page.");
const API: About = About::kauth("Returns this description of the API as an OpenAPI document.", Reply::Object);

/// Returns the routes. The OpenAPI document describes `described` and itself.
pub fn routes(described: &[Endpoint]) -> Routes<Arc<Platform>> {
    let own = Routes::new().get("/docs/errors/{code}", &CODE, get);
    let described: Arc<Vec<Endpoint>> = Arc::new([described, own.endpoints()].concat());
    own.get("/docs/api", &API, async move |context: RequestContext, headers: HeaderMap| {
        let url = |surface| context.platform.surroundings.surface(&context.base, surface);
        let document = openapi::document(&context.base, url, &described);
        pages::document::respond(&context, &headers, "/docs/api", "API", &document)
    })
}

async fn get(context: RequestContext, uri: Uri, code: Result<Path<String>, PathRejection>) -> Response {
    match code.ok().and_then(|Path(code)| Code::from_id(&code)) {
        Some(code) => pages::respond(StatusCode::OK, &Explained::new(&context, code)),
        None => {
            let path = uri.path().chars().take(100).collect();
            let problem = Problem::UnknownUrl { method: "GET".to_owned(), path, nearest: String::new() };
            Error::from(Refusal::new(problem)).page(&context)
        }
    }
}
