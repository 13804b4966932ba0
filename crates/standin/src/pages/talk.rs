//! The page that represents KakaoTalk.

use askama::Template;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::RequestContext;

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
    pub fn new(context: &RequestContext, log_in: String, back: String, not_supported: String) -> Self {
        Self { frame: Frame::new(context), w: words::of(context.lang), log_in, back, not_supported }
    }
}
