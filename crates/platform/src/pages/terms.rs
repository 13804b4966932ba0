//! The page that asks to agree to the account's own terms.

use askama::Template;
use kakaw_core::account::Account;

use super::Frame;
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "terms.html")]
pub struct Terms {
    frame: Frame,
    name: String,
    action: String,
    form: String,
}

impl Terms {
    #[must_use]
    pub fn new(context: &RequestContext, account: &Account, action: String, form: String) -> Self {
        Self { frame: Frame::new(context), name: account.attributes.display_name().to_owned(), action, form }
    }
}
