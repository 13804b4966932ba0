//! The first page of a stand-in.

use askama::Template;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::RequestContext;

/// An app and its keys, each with the name of its kind.
pub struct App {
    pub id: i64,
    pub name: String,
    pub keys: Vec<(&'static str, String)>,
}

/// A person who can log in.
pub struct Person {
    pub name: String,
    pub login: String,
    pub password: Option<String>,
    pub restricted: bool,
}

#[derive(Template)]
#[template(path = "start.html")]
pub struct Start {
    frame: Frame,
    w: &'static Words,
    base: String,
    /// Whether the page links to the sample service, which only the default world has.
    demo: bool,
    apps: Vec<App>,
    people: Vec<Person>,
}

impl Start {
    #[must_use]
    pub fn new(context: &RequestContext, demo: bool, apps: Vec<App>, people: Vec<Person>) -> Self {
        Self { frame: Frame::new(context), w: words::of(context.lang), base: context.base.clone(), demo, apps, people }
    }
}
