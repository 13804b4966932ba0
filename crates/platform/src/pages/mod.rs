//! Pages: typed templates, rendered on the server, in four languages. They work without JavaScript.

pub mod address;
pub mod choose;
pub mod consent;
pub mod create_account;
pub mod document;
pub mod error;
pub mod explained;
pub mod finish;
pub mod languages;
pub mod login;
pub mod logout;
pub mod restricted;
pub mod terms;
pub mod ways;
pub mod words;

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::brand::Brand;
use crate::request::context::RequestContext;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_wire::url::split_origin;
use languages::Language;
use words::Words;

/// What every page shows around its own content.
pub struct Frame {
    pub w: &'static Words,
    pub lang: &'static str,
    /// The path of the base URL, without a trailing slash. Often empty.
    pub root: String,
    /// The notice at the top of every page.
    pub notice: Option<&'static str>,
    /// The link beside the notice: its path and its text.
    pub notice_link: Option<(&'static str, &'static str)>,
    pub brand: Arc<Brand>,
    /// The name of the account service.
    pub account: String,
    /// This page in every language.
    pub languages: Vec<Language>,
}

impl Frame {
    /// Makes the frame in the language of the request.
    #[must_use]
    pub fn new(context: &RequestContext) -> Self {
        let (settings, w) = (&context.platform.settings, words::of(context.lang));
        let brand = Arc::clone(&context.platform.brand);
        Self {
            w,
            lang: context.lang.id(),
            root: split_origin(&context.base).1.to_owned(),
            notice: settings.notice.map(|notice| notice(context.lang)),
            notice_link: settings.notice_link.map(|link| (link.path, (link.text)(context.lang))),
            account: w.with("account_of", "brand", brand.name()),
            languages: languages::of(context.own_url.as_deref().unwrap_or("/"), context.lang),
            brand,
        }
    }

    /// Returns the text under this key, with the operator's names.
    #[must_use]
    pub fn own(&self, key: &str) -> String {
        self.brand.in_own_words(self.w.t(key), self.w)
    }

    /// The path of the icon.
    #[must_use]
    pub fn icon(&self) -> String {
        self.brand.logo_path().unwrap_or_else(|| "/assets/icon.svg".to_owned())
    }
}

/// The app that a page is about.
#[derive(Debug, Clone)]
pub struct AppIdentity {
    pub name: String,
    /// Often empty.
    pub company: String,
}

impl From<&App> for AppIdentity {
    fn from(app: &App) -> Self {
        Self { name: app.settings.name.clone(), company: app.settings.company.clone() }
    }
}

/// Returns what a page shows of the account beside its name: its login id, masked.
#[must_use]
pub fn login_of(account: &Account) -> String {
    let attributes = &account.attributes;
    masked(attributes.email.as_deref().or(attributes.id.as_deref()).unwrap_or_default())
}

/// Hides the middle of a login id, for pages that others may see.
#[must_use]
pub fn masked(login: &str) -> String {
    let (name, host) = login.split_once('@').map_or((login, String::new()), |(name, host)| (name, format!("@{host}")));
    let shown: String = name.chars().take(if name.chars().count() > 2 { 2 } else { 1 }).collect();
    if login.is_empty() { String::new() } else { format!("{shown}**{host}") }
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

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_login_id_is_masked() {
        for (login, shown) in [
            ("ryan@example.com", "ry**@example.com"),
            ("ab@c", "a**@c"),
            ("no-email", "no**"),
            ("", ""),
            ("도", "도**"),
        ] {
            assert_eq!(masked(login), shown);
        }
    }
}
