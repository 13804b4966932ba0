//! `GET /assets/…` — the style sheet, the icon and a few scripts.
//! `GET /sdk/js/kakao.js` and `kakao.min.js` — our JavaScript SDK.

use std::sync::Arc;

use axum::http::{HeaderName, header};
use axum::routing::{self, MethodRouter};

use crate::Platform;
use crate::endpoint::Routes;

/// Our JavaScript SDK.
pub const JAVASCRIPT_SDK: &str = include_str!("../../assets/kakao.js");
/// Headers for a file that any page may load.
pub const FOR_ALL: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, SCRIPT), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

fn sdk() -> MethodRouter<Arc<Platform>> {
    routing::get(async || (FOR_ALL, JAVASCRIPT_SDK))
}

const SCRIPT: &str = "text/javascript;charset=UTF-8";

pub fn routes() -> Routes<Arc<Platform>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Routes::new()
        .plain("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .plain("/assets/consent.js", file(SCRIPT, include_str!("../../assets/consent.js")))
        .plain("/assets/picker.js", file(SCRIPT, include_str!("../../assets/picker.js")))
        .plain("/assets/close.js", file(SCRIPT, include_str!("../../assets/close.js")))
        .plain("/assets/proxy.js", file(SCRIPT, include_str!("../../assets/proxy.js")))
        .plain("/sdk/js/kakao.js", sdk())
        .plain("/sdk/js/kakao.min.js", sdk())
        .plain("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
