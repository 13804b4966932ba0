//! The page that asks where to log out.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_core::app::App;

use super::{Frame, login_of};
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "logout.html")]
pub struct Logout {
    frame: Frame,
    app: String,
    name: String,
    login: String,
    action: String,
    form: String,
}

impl Logout {
    #[must_use]
    pub fn new(context: &RequestContext, app: &App, account: &Account, action: String, form: String) -> Self {
        let name = account.attributes.display_name().to_owned();
        Self {
            frame: Frame::new(context),
            app: app.settings.name.clone(),
            name,
            login: login_of(account),
            action,
            form,
        }
    }
}
