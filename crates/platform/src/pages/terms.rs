//! The page that asks to agree to the account's own terms.

use askama::Template;
use kakaw_core::account::Account;
use kakaw_wire::text::Lang;

use super::{Frame, login_of, words};
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "terms.html")]
pub struct Terms {
    frame: Frame,
    name: String,
    login: String,
    /// Where another person logs in.
    another: String,
    action: String,
    form: String,
}

/// Returns what the page says, as evidence of what the person agreed to.
pub(crate) fn text(lang: Lang) -> String {
    let words = words::of(lang);
    ["terms_title", "terms_text", "terms_agree"].map(|key| words.t(key)).join("\n")
}

impl Terms {
    #[must_use]
    pub fn new(context: &RequestContext, account: &Account, action: String, another: String, form: String) -> Self {
        let name = account.attributes.display_name().to_owned();
        Self { frame: Frame::new(context), name, login: login_of(account), another, action, form }
    }
}
