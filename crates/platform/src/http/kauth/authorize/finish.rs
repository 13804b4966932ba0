//! How a request ends: by a redirect to the app, or for the JavaScript SDK's popups and built-in targets on a page of ours,
//! with the outcome parked for `/apiweb/code.json`.

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::AppId;
use kakaw_core::app::AppKey;
use kakaw_core::authorize::Request;
use kakaw_core::authorize::code_polling;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::policy::Policy;
use kakaw_store::{Contested, Outcome, Statement, parked_codes};
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::ka::Ka;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::token::CodeReply;

use super::sent::Sent;
use super::step::Step;
use super::visit::Visit;
use crate::http::apiweb;
use crate::http::error::Error;
use crate::pages;
use crate::request::context::Here;
use crate::request::decision::decided;
use crate::request::form_token::{self, FormSeal};
use crate::request::redirect::{redirect, with_cookie, with_query};

/// Where the outcome goes.
pub struct Finish {
    redirect_uri: String,
    state: Option<String>,
    app_id: AppId,
    app_name: String,
    /// The transaction under which the outcome is parked.
    park: Option<String>,
    /// The site that the SDK says it runs on.
    origin: String,
}

/// Whether anybody is logged in whom the outcome is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Person,
    /// Anybody can cause such an outcome, so nothing durable is written for it.
    Nobody,
}

/// Whether the site that polls may have the outcome.
pub enum Confirmed {
    Yes,
    No,
    Ask(Box<Response>),
}

/// The field of the page that asks: it may carry the fields of the consent form too.
const CONFIRM: &str = "kakaw_confirm";
/// The button of that page that was pressed.
const ANSWER: &str = "confirm";

impl Finish {
    /// Reads what the request says of its end.
    pub fn of(request: &Request<'_>, params: &Params) -> Result<Self, Error> {
        let park = code_polling::transaction(request, params)?.map(|id| apiweb::parked_id(&request.key.key, id));
        Ok(Self {
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.clone(),
            app_id: request.app.id,
            app_name: request.app.settings.name.clone(),
            park,
            origin: Ka::parse(params.ka.as_deref().unwrap_or_default()).origin,
        })
    }

    /// Refuses at once what could not be handed over at the end.
    pub fn check_site(&self, step: &Step, key: &AppKey, policy: &Policy) -> Result<(), Error> {
        match self.park {
            Some(_) => Ok(code_polling::check_site(step.site.as_deref(), key, policy)?),
            None => Ok(()),
        }
    }

    /// Whether [`Self::confirm`] asks.
    pub fn needs_confirmation(&self, here: &Here, step: &Step, agreed: bool) -> bool {
        let policy = here.platform.policy();
        self.park.is_some() && code_polling::needs_confirmation(step.site.as_deref(), agreed, &policy)
    }

    /// Asks before a code is parked: any page can open this URL with a transaction that it knows. `agreed` says that the
    /// person pressed the consent screen's button just now; its fields go with the page, so that one commit does it all.
    pub fn confirm(
        &self,
        here: &mut Here,
        step: &Step,
        visit: &Visit,
        sent: &Sent,
        canonical: &str,
        agreed: bool,
    ) -> Confirmed {
        if !self.needs_confirmation(here, step, agreed) {
            return Confirmed::Yes;
        }
        let site = step.site.as_deref();
        let (browser, cookie) = here.ensure_browser();
        let seal = FormSeal::new(here, &browser, "finish", canonical, &visit.account.id.to_string());
        if let Some(form) = &sent.form
            && seal.fits(here, &sent.headers, form.one(CONFIRM).ok().flatten())
        {
            return if form.one(ANSWER).ok().flatten() == Some("no") { Confirmed::No } else { Confirmed::Yes };
        }
        let consent = sent.form.iter().filter(|_| agreed).flat_map(Pairs::iter);
        let view = pages::finish::Confirm {
            frame: pages::Frame::new(here),
            app: self.app_name.clone(),
            site: site.map_or_else(|| self.origin.clone(), str::to_owned),
            verified: site.is_some(),
            action: step.action(here, sent, canonical),
            form: form_token::seal(here, Purpose::Form, &seal),
            consent: consent.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Confirmed::Ask(Box::new(with_cookie(pages::respond(here, StatusCode::OK, &view), cookie)))
    }

    /// Commits `changes` and hands the code over. Nothing when somebody was faster.
    pub async fn issue(
        &self,
        here: &Here,
        code: &str,
        mut changes: Vec<Statement>,
        sent: &Sent,
    ) -> Result<Option<Response>, Error> {
        let platform = &here.platform;
        let Some(transaction) = &self.park else {
            let Outcome::Committed = platform.store.commit(changes).await? else { return Ok(None) };
            let parameters = [("code", Some(code)), ("state", self.state.as_deref())];
            return Ok(Some(redirect(&with_query(&self.redirect_uri, &parameters), sent.form.is_some())));
        };
        let reply = CodeReply {
            status: "ok".to_owned(),
            code: Some(code.to_owned()),
            state: self.state.clone(),
            ..CodeReply::default()
        };
        let parked = apiweb::park(platform, transaction, self.app_id, &reply);
        changes.push(parked);
        match platform.store.commit(changes).await? {
            Outcome::Committed => Ok(Some(self.done(here, true))),
            Outcome::Conflict(Contested::PendingResult) if self.is_taken(here, transaction).await? => {
                Err(taken().into())
            }
            Outcome::Conflict(_) => Ok(None),
        }
    }

    /// Hands an error over (RFC 6749 §4.1.2.1).
    pub async fn refuse(&self, here: &Here, problem: &Problem, sent: &Sent, known: Known) -> Result<Response, Error> {
        let error = problem.answer(Surface::Redirect).error;
        let message = problem.message(Surface::Redirect);
        let decision = format!("the app is told {error}: {message}");
        Ok(decided(self.refuse_as(here, error, message, sent, known).await?, decision))
    }

    /// Hands over an error of this name.
    pub async fn refuse_as(
        &self,
        here: &Here,
        error: &str,
        message: String,
        sent: &Sent,
        known: Known,
    ) -> Result<Response, Error> {
        let Some(transaction) = &self.park else {
            let parameters = [
                ("error", Some(error)),
                ("error_description", Some(message.as_str())),
                ("state", self.state.as_deref()),
            ];
            return Ok(redirect(&with_query(&self.redirect_uri, &parameters), sent.form.is_some()));
        };
        let reply = CodeReply {
            status: "error".to_owned(),
            error_code: Some("500".to_owned()),
            error: Some(error.to_owned()),
            error_description: Some(message),
            state: self.state.clone(),
            ..CodeReply::default()
        };
        if known == Known::Nobody {
            apiweb::hold(here, transaction, &reply);
            return Ok(self.done(here, false));
        }
        match here.platform.store.commit(vec![apiweb::park(&here.platform, transaction, self.app_id, &reply)]).await? {
            Outcome::Committed => Ok(self.done(here, false)),
            Outcome::Conflict(_) => Err(taken().into()),
        }
    }

    async fn is_taken(&self, here: &Here, transaction: &str) -> Result<bool, Error> {
        Ok(parked_codes::by_id(&here.platform.store, transaction).await?.is_some())
    }

    fn done(&self, here: &Here, logged_in: bool) -> Response {
        pages::respond(here, StatusCode::OK, &pages::finish::Done::new(here, &self.app_name, logged_in))
    }
}

fn taken() -> Problem {
    let reason = "a log-in ended under this transaction already; begin a new one".to_owned();
    Problem::MalformedRequest { parameter: "auth_tran_id".to_owned(), reason }
}
