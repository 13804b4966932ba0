//! The page on which people make an account.

use askama::Template;

use super::{AppIdentity, Frame};
use crate::request::context::RequestContext;

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Expired,
    /// Another account has this address.
    Taken,
    WrongEmail,
    WrongPassword,
    WrongNickname,
}

#[derive(Template)]
#[template(path = "create_account.html")]
pub struct CreateAccount {
    frame: Frame,
    app: Option<AppIdentity>,
    log_in: String,
    /// The field that is wrong; empty if none is.
    wrong: &'static str,
    action: String,
    email: String,
    nickname: String,
    form: String,
    notice: Option<&'static str>,
}

impl CreateAccount {
    #[must_use]
    pub fn new(
        context: &RequestContext,
        app: Option<AppIdentity>,
        query: &str,
        typed: (&str, &str),
        form: String,
        notice: Option<Notice>,
    ) -> Self {
        let wrong = match notice {
            Some(Notice::Taken | Notice::WrongEmail) => "email",
            Some(Notice::WrongPassword) => "password",
            Some(Notice::WrongNickname) => "nickname",
            Some(Notice::Expired) | None => "",
        };
        let notice = notice.map(|notice| match notice {
            Notice::Expired => "form_expired",
            Notice::Taken => "create_taken",
            Notice::WrongEmail => "create_wrong_email",
            Notice::WrongPassword => "create_wrong_password",
            Notice::WrongNickname => "create_wrong_nickname",
        });
        let log_in = format!("/login?{query}");
        let action = format!("/weblogin/create_account?{query}");
        let (email, nickname) = (typed.0.to_owned(), typed.1.to_owned());
        Self { frame: Frame::new(context), app, log_in, wrong, action, email, nickname, form, notice }
    }
}
