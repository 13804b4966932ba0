//! The page for a person whose account is restricted.

use askama::Template;
use kakaw_core::account::Account;

use super::ways::Ways;
use super::{Frame, login_of};
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "restricted.html")]
pub struct Restricted {
    frame: Frame,
    name: String,
    login: String,
    ways: Ways,
}

impl Restricted {
    #[must_use]
    pub fn new(context: &RequestContext, account: &Account, ways: Ways) -> Self {
        let name = account.attributes.display_name().to_owned();
        Self { frame: Frame::new(context), name, login: login_of(account), ways }
    }
}
