//! Pages: typed templates, rendered on the server, in four languages. They work without JavaScript.

pub mod address;
pub mod choose;
pub mod consent;
pub mod create_account;
pub mod error;
pub mod explained;
pub mod finish;
pub mod login;
pub mod logout;
pub mod restricted;
pub mod terms;
pub mod ways;
pub mod words;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::request::context::RequestContext;
use kakaw_wire::url::split_origin;
use words::Words;

/// What every page shows around its own content.
pub struct Frame {
    pub w: &'static Words,
    pub lang: &'static str,
    /// The path of the base URL, without a trailing slash. Often empty.
    pub root: String,
    /// The notice at the top of every page.
    pub notice: Option<&'static str>,
}

impl Frame {
    /// Makes the frame in the language of the request.
    #[must_use]
    pub fn new(context: &RequestContext) -> Self {
        Self {
            w: words::of(context.lang),
            lang: context.lang.id(),
            root: split_origin(&context.base).1.to_owned(),
            notice: context.platform.settings.notice.map(|notice| notice(context.lang)),
        }
    }
}

/// Renders a page with the headers of every page. `form-action` is not restricted, because the redirect after a form
/// goes to the app, and browsers apply the directive to redirects too.
pub fn respond(status: StatusCode, template: &impl Template) -> Response {
    with_policy(
        status,
        template,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    )
}

/// The same for a page with a script of ours.
pub fn respond_with_script(status: StatusCode, template: &impl Template) -> Response {
    with_policy(
        status,
        template,
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; \
         base-uri 'none'; frame-ancestors 'none'",
    )
}

fn with_policy(status: StatusCode, template: &impl Template, policy: &'static str) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // For browsers that do not know `frame-ancestors`.
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
