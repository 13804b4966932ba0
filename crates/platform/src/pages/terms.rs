//! The page that asks to agree to the account's own terms.

use askama::Template;
use kakaw_core::account::Account;

use super::Frame;
use crate::request::context::Here;

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
    pub fn new(here: &Here, account: &Account, action: String, form: String) -> Self {
        Self { frame: Frame::new(here), name: account.attributes.display_name().to_owned(), action, form }
    }
}
