//! The log-in page.

use askama::Template;
use kakaw_core::Span;

use super::{AppIdentity, Frame};
use crate::request::context::RequestContext;

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    Failed,
    /// Too many attempts failed. The next one can be made after this time.
    TooMany(Span),
}

/// What the person typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed<'a> {
    pub login: &'a str,
    /// Whether to stay logged in.
    pub stay: bool,
}

#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    frame: Frame,
    app: Option<AppIdentity>,
    title: String,
    action: String,
    typed: String,
    stay: bool,
    form: String,
    notice: Option<String>,
    /// Whether ID or password were wrong.
    failed: bool,
    /// Where a person without an account makes one.
    sign_up: Option<String>,
}

impl Login {
    #[must_use]
    pub fn new(
        context: &RequestContext,
        app: Option<AppIdentity>,
        query: &str,
        typed: Typed<'_>,
        form: String,
        notice: Option<Notice>,
    ) -> Self {
        let frame = Frame::new(context);
        let failed = notice == Some(Notice::Failed);
        let notice = notice.map(|notice| match notice {
            Notice::Expired => frame.w.t("form_expired").to_owned(),
            Notice::Failed => frame.w.t("log_in_failed").to_owned(),
            Notice::TooMany(wait) => frame.w.with("too_many_log_ins", "seconds", &wait.seconds_up().to_string()),
        });
        let title = match &app {
            Some(app) => frame.w.with("log_in_to", "app", &app.name),
            None => frame.w.t("log_in_title").to_owned(),
        };
        let sign_up = context.platform.settings.sign_up.then(|| format!("/weblogin/create_account?{query}"));
        let (typed, stay) = (typed.login.to_owned(), typed.stay);
        Self { frame, app, title, action: format!("/login?{query}"), typed, stay, form, notice, failed, sign_up }
    }
}
