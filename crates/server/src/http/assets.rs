//! `GET /assets/…` — the style sheet and the icon.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing;

use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .route("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
