//! Several origins: each answers the routes of its own surfaces only. A request is routed by its `Host`.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use tower::ServiceExt as _;

use super::unknown::Unknown;
use super::{table, with_unknown};
use crate::Platform;
use crate::origins::Surface;

/// Returns the router of a platform whose surfaces have several origins.
pub(super) fn router(platform: &Arc<Platform>) -> Option<Router> {
    let all = platform.surroundings.origins()?.separate()?;
    let routers: Arc<[Router]> = all.iter().map(|surfaces| of(platform, surfaces)).collect();
    let platform = Arc::clone(platform);
    Some(Router::new().fallback(move |request: Request| {
        let place = platform.surroundings.origins().and_then(|origins| origins.place(request.headers()));
        let router = place.and_then(|place| routers.get(place)).cloned();
        async move {
            // The guard has refused every other host.
            let Some(router) = router else { return StatusCode::MISDIRECTED_REQUEST.into_response() };
            let Ok(response) = router.oneshot(request).await;
            response
        }
    }))
}

/// Returns the router of one origin.
fn of(platform: &Arc<Platform>, surfaces: &[Surface]) -> Router {
    let origins = platform.surroundings.origins();
    let table = table(platform);
    let url = |surface| origins.map_or_else(String::new, |origins| origins.of(surface).to_owned());
    let (mut own, mut elsewhere) = (Vec::new(), Vec::new());
    for endpoint in table.endpoints() {
        match endpoint.surface.filter(|surface| !surfaces.contains(surface)) {
            None => own.push(endpoint.clone()),
            Some(surface) => elsewhere.push((endpoint.clone(), url(surface))),
        }
    }
    let mut router = table.with_state(platform).router(|place| place.is_at(surfaces));
    for place in super::places().into_iter().filter(|place| place.is_entered_at(surfaces)) {
        let target = place.surface.map(url).unwrap_or_default();
        router = router.route(&place.path, routing::get(async move |uri: Uri| hand_over(&target, &uri)));
    }
    with_unknown(router, Unknown::new(Arc::clone(platform), &own, elsewhere))
}

/// Redirects to the same path of another origin of ours. Without a referrer policy, so that the browser sends the same
/// `Referer` there: the site that it names may be verified.
fn hand_over(target: &str, uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    match HeaderValue::try_from(format!("{target}{path}")) {
        Ok(location) => {
            let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (StatusCode::FOUND, headers).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
