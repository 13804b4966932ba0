//! `GET /assets/…` — the style sheet.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing;

use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route(
        "/assets/kakaw.css",
        routing::get(async || {
            ([(header::CONTENT_TYPE, "text/css;charset=UTF-8")], include_str!("../../assets/kakaw.css"))
        }),
    )
}
