//! The inspector: a frame that its script fills.

use askama::Template;

use kakaw_platform::pages::Frame;
use kakaw_platform::request::context::Here;

#[derive(Template)]
#[template(path = "inspector.html")]
pub struct Inspector {
    frame: Frame,
}

impl Inspector {
    #[must_use]
    pub fn new(here: &Here) -> Self {
        Self { frame: Frame::new(here) }
    }
}
