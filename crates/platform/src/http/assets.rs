//! `GET /assets/…` — the style sheet, the icon and the few scripts.
//! `GET /sdk/js/kakao.js` and `kakao.min.js` — our JavaScript SDK.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::{self, MethodRouter};

use crate::Platform;

/// Our JavaScript SDK.
pub const JAVASCRIPT_SDK: &str = include_str!("../../assets/kakao.js");
/// Any page may load it.
pub const FOR_ALL: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, SCRIPT), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

fn sdk() -> MethodRouter<Arc<Platform>> {
    routing::get(async || (FOR_ALL, JAVASCRIPT_SDK))
}

const SCRIPT: &str = "text/javascript;charset=UTF-8";

pub fn routes() -> Router<Arc<Platform>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .route("/assets/consent.js", file(SCRIPT, include_str!("../../assets/consent.js")))
        .route("/assets/picker.js", file(SCRIPT, include_str!("../../assets/picker.js")))
        .route("/assets/close.js", file(SCRIPT, include_str!("../../assets/close.js")))
        .route("/assets/proxy.js", file(SCRIPT, include_str!("../../assets/proxy.js")))
        .route("/sdk/js/kakao.js", sdk())
        .route("/sdk/js/kakao.min.js", sdk())
        .route("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
