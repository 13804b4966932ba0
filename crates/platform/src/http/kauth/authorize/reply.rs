//! The response to an authorization request: one value, rendered by one match.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use kakaw_core::account::session::SessionId;
use kakaw_core::link::consent::Ask;
use kakaw_store::Statement;
use kakaw_wire::problem::Problem;
use kakaw_wire::text::Lang;
use kakaw_wire::url;

use super::consent::Screen;
use super::flow::Flow;
use super::interaction::Interaction;
use super::response::Denial;
use super::subject::Subject;
use crate::commit::Attempt;
use crate::pages;
use crate::pages::ways::{Back, Ways};
use crate::request::context::RequestContext;
use crate::request::decision::decided;
use crate::request::redirect::{redirect, with_cookie};

/// A field of the page that asks whether a polling site may have the code. That page may contain the fields of the
/// consent form.
pub(crate) const CONFIRM: &str = "kakaw_confirm";

/// The decision about a request.
pub(super) enum Reply<'a> {
    /// Redirect to a page of the account, which returns to this request.
    Page {
        path: &'static str,
        why: &'static str,
    },
    /// Continue without the `agt`, which was redeemed.
    Redeemed(Interaction),
    ChooseAccount {
        subject: &'a Subject,
        session: &'a SessionId,
    },
    Restricted(&'a Subject),
    Consent {
        subject: &'a Subject,
        screen: Box<Screen>,
    },
    /// Ask the person whether the polling site may complete the log-in.
    Confirm {
        form: String,
        cookie: Option<HeaderValue>,
        agreed: bool,
    },
    /// Return an error to the app.
    Denied(Problem),
    /// Return an error to the app that a layer in front decided.
    Ended {
        error: String,
        description: String,
    },
    /// Return a code to the app, and commit these changes.
    Issued {
        code: String,
        changes: Vec<Statement>,
        why: String,
    },
}

impl Flow<'_> {
    /// Renders the response, which is sent once its changes are committed.
    pub(super) fn render(&self, context: &mut RequestContext, reply: Reply<'_>, ways: &Ways) -> Attempt<Response> {
        let posted = self.sent.form.is_some();
        let known = self.subject.is_some();
        Attempt::Done(match reply {
            Reply::Page { path, why } => decided(self.page(context, path), why),
            Reply::Redeemed(interaction) => {
                let (url, cookie) = interaction.url(context, self.sent);
                with_cookie(redirect(&url, true), cookie)
            }
            Reply::ChooseAccount { subject, session } => self.account_chooser(context, subject, session),
            Reply::Restricted(subject) => {
                let ways = self.ways_of_restricted(context, ways);
                let view = pages::restricted::Restricted::new(context, &subject.account, ways);
                decided(pages::respond(StatusCode::FORBIDDEN, &view), "the account is restricted")
            }
            Reply::Consent { subject, screen } => {
                let why = asked(&screen.ask);
                decided(self.consent_screen(context, subject, *screen), why)
            }
            Reply::Confirm { form, cookie, agreed } => {
                let page = with_cookie(self.confirmation(context, form, agreed), cookie);
                decided(page, "asked whether the site that polls may complete the log-in")
            }
            Reply::Denied(problem) => {
                let denial = Denial::from(&problem);
                let why = format!("the app is told {}: {}", denial.error, denial.description);
                return self.response.deny(context, denial, known, posted).map(|response| decided(response, why));
            }
            Reply::Ended { error, description } => {
                return self.response.deny(context, Denial { error, description }, known, posted);
            }
            Reply::Issued { code, changes, why } => {
                let issued = self.response.issue(context, &code, changes, posted);
                return issued.map(|response| decided(response, why));
            }
        })
    }

    fn account_chooser(&self, context: &mut RequestContext, subject: &Subject, session: &SessionId) -> Response {
        let (url, cookie) = self.interaction.chosen_url(context, self.sent, session);
        let another = self.interaction.another_url(context, self.sent);
        let view = pages::choose::Choose::new(context, self.request.app(), &subject.account, url, another);
        let page = with_cookie(pages::respond(StatusCode::OK, &view), cookie);
        decided(page, "asked which account: prompt=select_account")
    }

    fn page(&self, context: &mut RequestContext, path: &str) -> Response {
        let (url, cookie) = self.interaction.return_url(context, self.sent);
        let mut location = format!("{path}?continue={}", url::encoded(&url));
        let lang = self.request.parameters().others().lang.as_deref();
        if let Some(lang) = lang.and_then(Lang::from_id) {
            location.push_str(&format!("&lang={}", lang.id()));
        }
        with_cookie(redirect(&location, false), cookie)
    }

    fn ways_of_restricted(&self, context: &RequestContext, ways: &Ways) -> Ways {
        let request = self.request;
        let (uri, state, policy) = (request.redirect_uri(), request.state(), context.platform.policy());
        let back = Back::of(request.app(), request.key(), uri, state, &policy, &Problem::Restricted {});
        Ways { again: None, back, ..ways.clone() }
    }

    fn consent_screen(&self, context: &mut RequestContext, subject: &Subject, screen: Screen) -> Response {
        let Screen { ask, form, typed, notice, cookie } = screen;
        let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let view = pages::consent::Consent {
            app: self.request.app(),
            account: &subject.account,
            ask: &ask,
            action: self.interaction.action(context, self.sent),
            form,
            typed: &typed,
            notice,
            switch: subject.may_change().then(|| self.interaction.another_url(context, self.sent)),
        };
        with_cookie(pages::respond_with_script(status, &pages::consent::Page::new(context, &view)), cookie)
    }

    fn confirmation(&self, context: &mut RequestContext, form: String, agreed: bool) -> Response {
        let (site, verified) = self.response.site(&self.interaction);
        let fields = self.sent.form.iter().filter(|_| agreed).flat_map(|form| form.iter());
        let view = pages::finish::Confirm {
            frame: pages::Frame::new(context),
            app: self.request.app().settings.name.clone(),
            site,
            verified,
            action: self.interaction.action(context, self.sent),
            form,
            consent: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        pages::respond(StatusCode::OK, &view)
    }
}

/// Describes what the consent screen shows.
fn asked(ask: &Ask) -> String {
    let items = ask.items.iter().map(|row| row.item.id());
    let all: Vec<&str> = items.chain(ask.terms.iter().map(|term| term.tag.as_str())).collect();
    if all.is_empty() { "the consent screen".to_owned() } else { format!("the consent screen: {}", all.join(", ")) }
}
