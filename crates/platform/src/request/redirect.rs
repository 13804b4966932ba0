//! Redirects: to the app with what it asked for, to a page of ours and back.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Everything but the unreserved characters of RFC 3986 §2.3.
pub const UNRESERVED: percent_encoding::AsciiSet =
    percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A URL as the value of `continue`.
pub fn continue_url(url: &str) -> String {
    percent_encoding::utf8_percent_encode(url, &UNRESERVED).to_string()
}

/// Adds parameters to a registered URI, which may have a query of its own.
pub fn with_query(uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut url = uri.to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.extend(percent_encoding::utf8_percent_encode(value, &UNRESERVED));
        }
    }
    url
}

/// Adds a `Set-Cookie`.
pub fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// 302 after a GET, 303 after a form.
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
        // A registered URI holds no control characters, and everything else was encoded.
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
