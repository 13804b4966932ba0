//! The page for a person whose account is restricted.

use askama::Template;

use super::Frame;
use crate::http::here::Here;

#[derive(Template)]
#[template(path = "restricted.html")]
pub struct Restricted {
    frame: Frame,
}

impl Restricted {
    #[must_use]
    pub fn new(here: &Here) -> Self {
        Self { frame: Frame::new(here) }
    }
}
