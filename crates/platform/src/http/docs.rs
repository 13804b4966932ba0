//! `GET /docs/errors/{code}` — what the catalogue says of a code; error answers link here.
//! `GET /docs/api` — the API as an OpenAPI document.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing;
use kakaw_core::Refusal;
use kakaw_wire::{Code, Problem};

use crate::Platform;
use crate::http::error::{Error, json};
use crate::openapi;
use crate::pages;
use crate::pages::explained::Explained;
use crate::request::context::Here;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/docs/errors/{code}", routing::get(get)).route("/docs/api", routing::get(api))
}

async fn api(here: Here) -> Response {
    json(StatusCode::OK, &openapi::document(&here.base))
}

async fn get(here: Here, uri: Uri, code: Result<Path<String>, PathRejection>) -> Response {
    match code.ok().and_then(|Path(code)| Code::from_id(&code)) {
        Some(code) => pages::respond(&here, StatusCode::OK, &Explained::new(&here, code)),
        None => {
            let path = uri.path().chars().take(100).collect();
            let problem = Problem::UnknownUrl { method: "GET".to_owned(), path, nearest: String::new() };
            Error::from(Refusal::new(problem)).page(&here)
        }
    }
}
