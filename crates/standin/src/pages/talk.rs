//! The page that stands for KakaoTalk.

use askama::Template;

use kakaw_platform::pages::Frame;
use kakaw_platform::request::context::Here;

#[derive(Template)]
#[template(path = "talk.html")]
pub struct Talk {
    frame: Frame,
    log_in: String,
    back: String,
    not_supported: String,
}

impl Talk {
    #[must_use]
    pub fn new(here: &Here, log_in: String, back: String, not_supported: String) -> Self {
        Self { frame: Frame::new(here), log_in, back, not_supported }
    }
}
