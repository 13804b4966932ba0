//! The log-in page.

use askama::Template;

use super::Frame;
use crate::request::context::RequestContext;

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    Failed,
}

#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    frame: Frame,
    action: String,
    typed: String,
    form: String,
    notice: Option<&'static str>,
}

impl Login {
    #[must_use]
    pub fn new(context: &RequestContext, query: &str, typed: &str, form: String, notice: Option<Notice>) -> Self {
        let notice = notice.map(|notice| match notice {
            Notice::Expired => "form_expired",
            Notice::Failed => "log_in_failed",
        });
        Self { frame: Frame::new(context), action: format!("/login?{query}"), typed: typed.to_owned(), form, notice }
    }
}
