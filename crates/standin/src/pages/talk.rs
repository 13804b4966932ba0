//! The page that stands for KakaoTalk.

use askama::Template;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::Here;

#[derive(Template)]
#[template(path = "talk.html")]
pub struct Talk {
    frame: Frame,
    w: &'static Words,
    log_in: String,
    back: String,
    not_supported: String,
}

impl Talk {
    #[must_use]
    pub fn new(here: &Here, log_in: String, back: String, not_supported: String) -> Self {
        Self { frame: Frame::new(here), w: words::of(here.lang), log_in, back, not_supported }
    }
}
