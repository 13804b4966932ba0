//! The page that explains a code of the catalogue.

use askama::Template;
use kakaw_wire::Code;
use kakaw_wire::text;

use super::Frame;
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "explained.html")]
pub struct Explained {
    frame: Frame,
    code: &'static str,
    title: String,
    cause: String,
    fix: String,
}

impl Explained {
    #[must_use]
    pub fn new(context: &RequestContext, code: Code) -> Self {
        let words = text::of(code, context.lang);
        let frame = Frame::new(context);
        let part = |f: fn(&text::Text) -> &String| {
            words.map(|words| frame.brand.in_own_words(f(words), frame.w)).unwrap_or_default()
        };
        Self { code: code.id(), title: part(|t| &t.title), cause: part(|t| &t.cause), fix: part(|t| &t.fix), frame }
    }
}
