//! The inspector: a frame that its script fills.

use askama::Template;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::Here;

#[derive(Template)]
#[template(path = "inspector.html")]
pub struct Inspector {
    frame: Frame,
    w: &'static Words,
}

impl Inspector {
    #[must_use]
    pub fn new(here: &Here) -> Self {
        Self { frame: Frame::new(here), w: words::of(here.lang) }
    }
}
