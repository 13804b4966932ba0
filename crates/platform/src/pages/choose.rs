//! The account chooser.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;

use super::Frame;
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "choose.html")]
pub(crate) struct Choose {
    frame: Frame,
    app: String,
    name: String,
    login: String,
    go_on: String,
    another: String,
}

impl Choose {
    #[must_use]
    pub(crate) fn new(context: &RequestContext, app: &App, account: &Account, go_on: String, another: String) -> Self {
        let attributes = &account.attributes;
        let login = attributes.email.as_deref().or(attributes.id.as_deref()).unwrap_or_default().to_owned();
        let name = attributes.display_name().to_owned();
        Self { frame: Frame::new(context), app: app.settings.name.clone(), name, login, go_on, another }
    }
}
