//! `GET /assets/…` — the style sheet, the icon and the few scripts.
//! `GET /sdk/js/kakao.js` and `kakao.min.js` — our JavaScript SDK; under interception it stands for Kakao's file on its CDN.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{self, MethodRouter};

use crate::platform::World;

/// Any page may load it.
const FOR_ALL: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, SCRIPT), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

fn sdk() -> MethodRouter<Arc<World>> {
    routing::get(async || (FOR_ALL, include_str!("../../assets/kakao.js")))
}

/// What stands at Kakao's CDN: ours, or a copy of theirs that somebody keeps in a folder.
async fn cdn(State(world): State<Arc<World>>, uri: Uri, Path(version): Path<String>) -> Response {
    let Some(folder) = &world.real_sdk else {
        return (FOR_ALL, include_str!("../../assets/kakao.js")).into_response();
    };
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    // A version is digits and points, so the file is in the folder.
    let is_version = !version.contains("..") && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let places = [folder.join(if is_version { &version } else { "" }).join(name), folder.join(name)];
    for place in &places {
        if let Ok(text) = std::fs::read(place) {
            return (FOR_ALL, text).into_response();
        }
    }
    let looked = places.map(|place| place.display().to_string()).join(" and ");
    (StatusCode::NOT_FOUND, format!("--real-sdk: there is no {looked}\n")).into_response()
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
        .route("/kakao_js_sdk/{version}/kakao.js", routing::get(cdn))
        .route("/kakao_js_sdk/{version}/kakao.min.js", routing::get(cdn))
        .route("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}
