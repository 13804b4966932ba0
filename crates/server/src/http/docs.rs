//! `GET /docs/errors/{code}` — what the catalogue says of a code; error answers link here.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing;
use kakaw_core::Refusal;
use kakaw_wire::{Code, Problem};

use crate::http::fault::Fault;
use crate::http::here::Here;
use crate::page;
use crate::page::explained::Explained;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/docs/errors/{code}", routing::get(get))
}

async fn get(here: Here, Path(code): Path<String>) -> Response {
    match Code::from_id(&code) {
        Some(code) => page::respond(&here, axum::http::StatusCode::OK, &Explained::new(&here, code)),
        None => {
            let path = format!("/docs/errors/{}", code.chars().take(40).collect::<String>());
            let problem = Problem::UnknownUrl { method: "GET".to_owned(), path, nearest: String::new() };
            Fault::from(Refusal::new(problem)).page(&here)
        }
    }
}
