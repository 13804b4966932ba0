//! `GET /assets/…` — the style sheet, the icon and a few scripts.
//! `GET /sdk/js/kakao.js` and `kakao.min.js` — our JavaScript SDK.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;

use crate::Platform;
use crate::endpoint::Routes;
use crate::origins::{Origins, Surface};

/// Our JavaScript SDK.
pub const JAVASCRIPT_SDK: &str = include_str!("../../assets/kakao.js");
/// Headers for a file that any page may load.
pub const FOR_ALL: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, SCRIPT), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

/// The line of the SDK that names the surfaces' origins.
const ORIGINS: &str = "const origins = {};";

/// Returns the routes of the SDK. If the surfaces have several origins, the SDK knows them.
pub fn sdk(origins: Option<&Origins>) -> Routes<Arc<Platform>> {
    let text: Cow<'static, str> = match origins.filter(|origins| origins.separate().is_some()) {
        None => JAVASCRIPT_SDK.into(),
        Some(origins) => {
            let all: BTreeMap<_, _> = Surface::ALL.map(|surface| (surface.id(), origins.of(surface))).into();
            let all = serde_json::to_string(&all).unwrap_or_default();
            JAVASCRIPT_SDK.replacen(ORIGINS, &format!("const origins = {all};"), 1).into()
        }
    };
    let file = routing::get(async move || (FOR_ALL, text));
    Routes::new().plain("/sdk/js/kakao.js", file.clone()).plain("/sdk/js/kakao.min.js", file)
}

const SCRIPT: &str = "text/javascript;charset=UTF-8";

pub fn routes() -> Routes<Arc<Platform>> {
    let file =
        |kind: &'static str, text: &'static str| routing::get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Routes::new()
        .plain("/assets/kakaw.css", file("text/css;charset=UTF-8", include_str!("../../assets/kakaw.css")))
        .plain("/assets/shell.css", file("text/css;charset=UTF-8", include_str!("../../assets/shell.css")))
        .plain("/assets/brand/accent.css", routing::get(accent))
        .plain("/assets/brand/logo", routing::get(logo))
        .plain("/assets/consent.js", file(SCRIPT, include_str!("../../assets/consent.js")))
        .plain("/assets/picker.js", file(SCRIPT, include_str!("../../assets/picker.js")))
        .plain("/assets/close.js", file(SCRIPT, include_str!("../../assets/close.js")))
        .plain("/assets/proxy.js", file(SCRIPT, include_str!("../../assets/proxy.js")))
        .plain("/assets/icon.svg", file("image/svg+xml", include_str!("../../assets/icon.svg")))
}

/// The operator's accent color.
async fn accent(State(platform): State<Arc<Platform>>) -> Response {
    let sheet = platform.brand.accent.as_ref().map(crate::brand::Accent::sheet);
    sheet.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |sheet| ([(header::CONTENT_TYPE, "text/css;charset=UTF-8"), KEPT], sheet).into_response(),
    )
}

/// The operator's logo. Opened by itself, an SVG runs and loads nothing.
async fn logo(State(platform): State<Arc<Platform>>) -> Response {
    let Some(logo) = &platform.brand.logo else { return StatusCode::NOT_FOUND.into_response() };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers = [
        (header::CONTENT_TYPE, logo.kind),
        KEPT,
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, logo.bytes.clone()).into_response()
}

/// The path of the file changes with its content.
const KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");
