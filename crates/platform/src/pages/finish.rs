//! The last pages of a log-in that does not end with a redirect.

use askama::Template;

use super::Frame;
use crate::request::context::RequestContext;

/// Asks before the polling site gets the result.
#[derive(Template)]
#[template(path = "finish.html")]
pub(crate) struct Confirm {
    pub frame: Frame,
    pub app: String,
    /// The registered domain on which the log-in began. If it is not verified, the place that the request claims.
    pub site: String,
    pub verified: bool,
    pub action: String,
    pub form: String,
    /// The consent form that was submitted before.
    pub consent: Vec<(String, String)>,
}

impl Confirm {
    /// Returns the site, and whether it is unverified.
    fn origin(&self) -> String {
        let unverified = (!self.verified).then(|| self.frame.w.t("finish_unverified"));
        let parts = [Some(self.site.as_str()).filter(|site| !site.is_empty()), unverified];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// Shows the result.
#[derive(Template)]
#[template(path = "done.html")]
pub struct Done {
    frame: Frame,
    app: String,
    title: &'static str,
    kind: &'static str,
}

impl Done {
    #[must_use]
    pub fn new(context: &RequestContext, app: &str, logged_in: bool) -> Self {
        let title = if logged_in { "done_title" } else { "done_refused" };
        let kind = if logged_in { "good" } else { "bad" };
        Self { frame: Frame::new(context), app: app.to_owned(), title, kind }
    }
}
