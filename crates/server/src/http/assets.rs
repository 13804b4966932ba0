//! `GET /assets/…` — the style sheet, the icon and the few scripts.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing;

use crate::world::World;

const SCRIPT: &str = "text/javascript;charset=UTF-8";

pub fn routes() -> Router<Arc<World>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .route("/assets/consent.js", file(SCRIPT, include_str!("../../assets/consent.js")))
        .route("/assets/picker.js", file(SCRIPT, include_str!("../../assets/picker.js")))
        .route("/assets/close.js", file(SCRIPT, include_str!("../../assets/close.js")))
        .route("/assets/proxy.js", file(SCRIPT, include_str!("../../assets/proxy.js")))
        .route("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
