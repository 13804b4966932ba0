//! The account chooser.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;

use super::{AppIdentity, Frame, login_of};
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "choose.html")]
pub(crate) struct Choose {
    frame: Frame,
    app: AppIdentity,
    name: String,
    login: String,
    go_on: String,
    another: String,
}

impl Choose {
    #[must_use]
    pub(crate) fn new(context: &RequestContext, app: &App, account: &Account, go_on: String, another: String) -> Self {
        let name = account.attributes.display_name().to_owned();
        Self { frame: Frame::new(context), app: app.into(), name, login: login_of(account), go_on, another }
    }
}
