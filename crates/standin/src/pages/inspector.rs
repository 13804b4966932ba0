//! The inspector's page. Its script fills it.

use askama::Template;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::RequestContext;

#[derive(Template)]
#[template(path = "inspector.html")]
pub struct Inspector {
    frame: Frame,
    w: &'static Words,
}

impl Inspector {
    #[must_use]
    pub fn new(context: &RequestContext) -> Self {
        Self { frame: Frame::new(context), w: words::of(context.lang) }
    }
}
