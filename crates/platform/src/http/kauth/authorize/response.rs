//! The authorization response: a redirect to the app, or for the JavaScript SDK's popups and built-in targets a page of
//! ours, with a pending result for `/apiweb/code.json`.

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::authorize::{Request, code_polling};
use kakaw_core::policy::Policy;
use kakaw_store::Statement;
use kakaw_wire::ka::Ka;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::token::{CodeReply, CodeStatus};
use kakaw_wire::url::with_query;

use super::interaction::Interaction;
use crate::commit::Attempt;
use crate::http::apiweb;
use crate::http::error::Error;
use crate::pages;
use crate::request::context::RequestContext;
use crate::request::redirect::redirect;

/// Where the result goes.
pub(crate) struct AuthorizationResponse<'a> {
    request: &'a Request<'a>,
    /// The transaction with which a page polls for the result.
    pending: Option<String>,
}

/// An error of the authorization response (RFC 6749 §4.1.2.1).
pub(crate) struct Denial {
    pub error: String,
    pub description: String,
}

impl From<&Problem> for Denial {
    fn from(problem: &Problem) -> Self {
        let error = problem.answer(Surface::Redirect).error.to_owned();
        Self { error, description: problem.message(Surface::Redirect) }
    }
}

impl<'a> AuthorizationResponse<'a> {
    /// Reads where the result of the request goes.
    ///
    /// # Errors
    /// KOE001: the request does not state it clearly.
    pub(super) fn of(request: &'a Request<'a>) -> Result<Self, Error> {
        let transaction = code_polling::transaction(request)?;
        Ok(Self { request, pending: transaction.map(|id| apiweb::pending_id(&request.key().key, id)) })
    }

    /// Refuses early if the result could not be delivered at the end.
    ///
    /// # Errors
    /// KOE009: the polling site is unknown.
    pub(super) fn check_site(&self, interaction: &Interaction, policy: &Policy) -> Result<(), Error> {
        match self.pending {
            Some(_) => Ok(code_polling::check_site(interaction.site.as_deref(), self.request.key(), policy)?),
            None => Ok(()),
        }
    }

    /// Whether the person must confirm that the polling site gets the code. `agreed`: they have just pressed the
    /// consent screen's button.
    pub(super) fn needs_confirmation(&self, interaction: &Interaction, agreed: bool, policy: &Policy) -> bool {
        self.pending.is_some() && code_polling::needs_confirmation(interaction.site.as_deref(), agreed, policy)
    }

    /// Returns the polling site and whether it is verified: its registered domain, or else what its SDK reports.
    pub(super) fn site(&self, interaction: &Interaction) -> (String, bool) {
        let ka = self.request.parameters().others().ka.as_deref().unwrap_or_default();
        match &interaction.site {
            Some(site) => (site.clone(), true),
            None => (Ka::parse(ka).origin, false),
        }
    }

    /// Delivers the code with the commit of `changes`.
    pub(super) fn issue(
        &self,
        context: &RequestContext,
        code: &str,
        mut changes: Vec<Statement>,
        posted: bool,
    ) -> Attempt<Response> {
        let state = self.request.state();
        let Some(transaction) = &self.pending else {
            let parameters = [("code", Some(code)), ("state", state)];
            let then = redirect(&with_query(self.request.redirect_uri(), &parameters), posted);
            return Attempt::Commit { changes, then };
        };
        let reply = CodeReply {
            code: Some(code.to_owned()),
            state: state.map(str::to_owned),
            ..CodeReply::new(CodeStatus::Ok)
        };
        changes.push(apiweb::keep(&context.platform, transaction, self.request.app().id, &reply));
        Attempt::Commit { changes, then: self.done(context, true) }
    }

    /// Delivers an error. `known`: it is about a logged-in person. Otherwise anybody can cause it, so nothing is
    /// written to the database.
    pub(super) fn deny(
        &self,
        context: &RequestContext,
        denial: Denial,
        known: bool,
        posted: bool,
    ) -> Attempt<Response> {
        let (state, Denial { error, description }) = (self.request.state(), denial);
        let Some(transaction) = &self.pending else {
            let parameters =
                [("error", Some(error.as_str())), ("error_description", Some(description.as_str())), ("state", state)];
            return Attempt::Done(redirect(&with_query(self.request.redirect_uri(), &parameters), posted));
        };
        let reply = apiweb::failed("500", &error, description, state);
        let then = self.done(context, false);
        if !known {
            apiweb::keep_in_memory(context, transaction, &reply);
            return Attempt::Done(then);
        }
        let pending = apiweb::keep(&context.platform, transaction, self.request.app().id, &reply);
        Attempt::Commit { changes: vec![pending], then }
    }

    fn done(&self, context: &RequestContext, logged_in: bool) -> Response {
        let app = &self.request.app().settings.name;
        pages::respond(StatusCode::OK, &pages::finish::Done::new(context, app, logged_in))
    }
}

/// The transaction has a result already, handed over or not.
pub(crate) fn transaction_has_ended() -> Problem {
    let reason = "a log-in ended under this transaction already; begin a new one".to_owned();
    Problem::MalformedRequest { parameter: "auth_tran_id".to_owned(), reason }
}
