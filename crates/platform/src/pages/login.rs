//! The log-in page.

use askama::Template;
use kakaw_core::Span;

use super::Frame;
use crate::request::context::RequestContext;

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    Failed,
    /// Too many attempts failed. The next one can be made after this time.
    TooMany(Span),
}

#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    frame: Frame,
    action: String,
    typed: String,
    form: String,
    notice: Option<String>,
}

impl Login {
    #[must_use]
    pub fn new(context: &RequestContext, query: &str, typed: &str, form: String, notice: Option<Notice>) -> Self {
        let frame = Frame::new(context);
        let notice = notice.map(|notice| match notice {
            Notice::Expired => frame.w.t("form_expired").to_owned(),
            Notice::Failed => frame.w.t("log_in_failed").to_owned(),
            Notice::TooMany(wait) => frame.w.with("too_many_log_ins", "seconds", &wait.seconds_up().to_string()),
        });
        Self { frame, action: format!("/login?{query}"), typed: typed.to_owned(), form, notice }
    }
}
