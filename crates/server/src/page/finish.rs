//! The last pages of a log-in that does not end with a redirect.

use askama::Template;

use super::Frame;
use crate::http::here::Here;

/// Asks before the outcome is handed to the site that polls for it.
#[derive(Template)]
#[template(path = "finish.html")]
pub struct Confirm {
    frame: Frame,
    app: String,
    origin: String,
    action: String,
    form: String,
}

impl Confirm {
    #[must_use]
    pub fn new(here: &Here, app: &str, origin: &str, action: String, form: String) -> Self {
        Self { frame: Frame::new(here), app: app.to_owned(), origin: origin.to_owned(), action, form }
    }
}

/// Says that it is done.
#[derive(Template)]
#[template(path = "done.html")]
pub struct Done {
    frame: Frame,
    app: String,
}

impl Done {
    #[must_use]
    pub fn new(here: &Here, app: &str) -> Self {
        Self { frame: Frame::new(here), app: app.to_owned() }
    }
}
