//! `GET /assets/…` — the style sheet, the icon and the few scripts.
//! `GET /sdk/js/kakao.js` and `kakao.min.js` — our JavaScript SDK; under interception it stands for Kakao's file on its CDN.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::{self, MethodRouter};

use crate::world::World;

/// Any page may load it.
fn sdk() -> MethodRouter<Arc<World>> {
    let headers = [(header::CONTENT_TYPE, SCRIPT), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    routing::get(async move || (headers, include_str!("../../assets/kakao.js")))
}

const SCRIPT: &str = "text/javascript;charset=UTF-8";

pub fn routes() -> Router<Arc<World>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .route("/assets/consent.js", file(SCRIPT, include_str!("../../assets/consent.js")))
        .route("/assets/picker.js", file(SCRIPT, include_str!("../../assets/picker.js")))
        .route("/assets/close.js", file(SCRIPT, include_str!("../../assets/close.js")))
        .route("/assets/inspector.js", file(SCRIPT, include_str!("../../assets/inspector.js")))
        .route("/assets/proxy.js", file(SCRIPT, include_str!("../../assets/proxy.js")))
        .route("/sdk/js/kakao.js", sdk())
        .route("/sdk/js/kakao.min.js", sdk())
        .route("/kakao_js_sdk/{version}/kakao.js", sdk())
        .route("/kakao_js_sdk/{version}/kakao.min.js", sdk())
        .route("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
