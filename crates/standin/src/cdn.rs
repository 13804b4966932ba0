//! `GET /kakao_js_sdk/{version}/kakao.js` and `kakao.min.js` — the files of the CDN of Kakao's JavaScript SDK.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_platform::endpoint::Routes;
use kakaw_platform::http::assets::{FOR_ALL, JAVASCRIPT_SDK};

use crate::world::{Shared, World};

pub fn routes() -> Routes<Shared> {
    Routes::new()
        .plain("/kakao_js_sdk/{version}/kakao.js", routing::get(cdn))
        .plain("/kakao_js_sdk/{version}/kakao.min.js", routing::get(cdn))
}

/// Serves a file of Kakao's CDN: our SDK, or a copy of theirs from a configured folder.
async fn cdn(State(world): State<Arc<World>>, uri: Uri, Path(version): Path<String>) -> Response {
    let Some(folder) = &world.real_sdk else {
        return (FOR_ALL, JAVASCRIPT_SDK).into_response();
    };
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    // A version consists of digits and dots, so the path cannot leave the folder.
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
