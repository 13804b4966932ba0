//! `GET /docs/errors/{code}` — what the catalogue says of a code; error answers link here.
//! `GET /docs/api` — the API as an OpenAPI document.

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use kakaw_core::Refusal;
use kakaw_wire::{Code, Problem};

use crate::Platform;
use crate::endpoint::{About, Endpoint, Reply, Routes};
use crate::http::error::{Error, json};
use crate::openapi;
use crate::pages;
use crate::pages::explained::Explained;
use crate::request::context::Here;

const CODE: About = About::page("Shows what the catalogue says of an error code; error answers link to it.");
const API: About = About::kauth("Answers this description of the API, an OpenAPI document.", Reply::Object);

/// The description of these endpoints and of its own.
pub fn routes(described: &[Endpoint]) -> Routes<Arc<Platform>> {
    let own = Routes::new().get("/docs/errors/{code}", &CODE, get);
    let described: Arc<Vec<Endpoint>> = Arc::new([described, own.endpoints()].concat());
    own.get("/docs/api", &API, async move |here: Here| json(StatusCode::OK, &openapi::document(&here.base, &described)))
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
