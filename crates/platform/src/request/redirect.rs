//! Redirects: to the app with the result, and between pages of ours.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Adds a `Set-Cookie`.
pub fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Redirects with 302 after a GET and with 303 after a form.
pub fn redirect(location: &str, posted: bool) -> Response {
    let status = if posted { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let no_store = HeaderValue::from_static("no-store");
            let no_referrer = HeaderValue::from_static("no-referrer");
            (
                status,
                [
                    (header::LOCATION, location),
                    (header::CACHE_CONTROL, no_store),
                    (header::REFERRER_POLICY, no_referrer),
                ],
            )
                .into_response()
        }
        // A registered URI contains no control characters, and everything else is encoded.
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
