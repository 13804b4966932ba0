//! One authorization request, and the decision about its response.

use kakaw_core::authorize::authorization::{Authorization, Epochs};
use kakaw_core::authorize::code::{Code, CodeLife};
use kakaw_core::authorize::{Next, Request};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::link::consent::{Agreed, Ask};
use kakaw_core::{Millis, random};
use kakaw_store::codes;
use kakaw_store::consents::Text;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Problem;
use kakaw_wire::scope::Item;

use super::consent::{self, Answer};
use super::interaction::Interaction;
use super::reply::{CONFIRM, Reply};
use super::response::AuthorizationResponse;
use super::sent::Sent;
use super::subject::{By, Subject};
use crate::audit;
use crate::http::error::Error;
use crate::http::kauth::prepare;
use crate::pages;
use crate::pages::ways::Ways;
use crate::request::context::RequestContext;
use crate::request::form_token::{self, FormToken};

/// A request that is parsed, checked and loaded.
pub(crate) struct Flow<'a> {
    pub sent: &'a Sent,
    pub request: &'a Request<'a>,
    pub response: AuthorizationResponse<'a>,
    pub interaction: Interaction,
    pub subject: Option<Subject>,
    /// The transaction of a log-in by certificate.
    pub tx_id: Option<String>,
}

/// What the person has agreed to, and the text that they read.
struct Consented {
    agreed: Agreed,
    /// The person of the audit trail.
    person: Option<audit::Person>,
    text: Option<Text>,
}

/// Name of the button on the page that asks whether a polling site may have the code.
const ANSWER: &str = "confirm";

impl<'a> Flow<'a> {
    /// Starts a request, without loading its person.
    ///
    /// # Errors
    /// KOE001: the request does not state clearly where its result goes.
    pub(super) fn begin(
        context: &RequestContext,
        request: &'a Request<'a>,
        pairs: &Pairs,
        sent: &'a Sent,
    ) -> Result<Self, Error> {
        let tx_id = prepare::transaction(context, request.parameters().others(), request.key())?;
        let response = AuthorizationResponse::of(request)?;
        let interaction = Interaction::of(context, pairs, sent, request.key());
        Ok(Self { sent, request, response, interaction, subject: None, tx_id })
    }

    /// Loads the person. Records in `ways` whether another person may log in.
    ///
    /// # Errors
    /// KOE009 or KOE001.
    pub(crate) async fn load_subject(&mut self, context: &RequestContext, ways: &mut Ways) -> Result<(), Error> {
        self.response.check_site(&self.interaction, &context.platform.policy())?;
        self.subject = Subject::load(context, self.request.app(), &self.interaction).await?;
        let may_change = self.subject.as_ref().is_none_or(Subject::may_change);
        ways.another = may_change.then(|| self.interaction.another_url(context, self.sent));
        Ok(())
    }

    /// Decides the response.
    ///
    /// # Errors
    /// A refusal for an error page.
    pub(super) async fn decide(&self, context: &mut RequestContext) -> Result<Reply<'_>, Error> {
        let now = context.platform.now();
        let next = self.request.next(self.subject.as_ref().map(Subject::decided_on), now);
        let next = context.unattended().into_iter().fold(next, |next, unattended| unattended.cancel(next));
        let sign_up = context.platform.settings.sign_up;
        Ok(match (next, &self.subject) {
            (Next::Stop(refusal), _) => return Err(refusal.into()),
            (Next::Refuse(problem), _) => Reply::Denied(problem),
            (Next::CreateAccount, _) if sign_up => Reply::Page {
                path: "/weblogin/create_account",
                why: "the page for a new account: prompt=create asks for it",
            },
            (_, None) => Reply::Page { path: "/login", why: "the log-in page: nobody is logged in in this browser" },
            (Next::ChooseAccount, Some(subject @ Subject { by: By::Session { id, .. }, .. })) => {
                Reply::ChooseAccount { subject, session: id }
            }
            (Next::LogIn | Next::CreateAccount | Next::ChooseAccount, _) => {
                Reply::Page { path: "/login", why: "the log-in page: the request asks to log in again" }
            }
            (Next::AgreeToTerms, _) => Reply::Page { path: "/terms", why: "the account's own terms come first" },
            (Next::Restricted, Some(subject)) => Reply::Restricted(subject),
            // Nothing is left to agree to, such as after a consent in another tab. Cancel is still the person's answer.
            (Next::Issue { .. }, Some(_)) if self.sent.field("decision") == Some("cancel") => {
                Reply::Denied(Problem::UserDenied {})
            }
            (Next::Issue { scopes }, Some(subject)) => self.issue(context, subject, None, scopes, now),
            (Next::Consent(ask), Some(subject)) => self.ask(context, subject, ask, now).await?,
        })
    }

    async fn ask<'s>(
        &'s self,
        context: &mut RequestContext,
        subject: &'s Subject,
        ask: Ask,
        now: Millis,
    ) -> Result<Reply<'s>, Error> {
        let app = self.request.app();
        let (answer, text) = match context.unattended() {
            Some(unattended) => (consent::unattended(subject, &ask, &unattended.answer(&ask))?, None),
            None => {
                let text =
                    audit::text(context.lang, pages::consent::text(app, &ask, context.lang, &context.platform.brand));
                (consent::read(context, subject, ask, &text, self.sent).await?, Some(text))
            }
        };
        let agreed = match answer {
            Answer::Show(screen) => return Ok(Reply::Consent { subject, screen }),
            Answer::Cancelled => return Ok(Reply::Denied(Problem::UserDenied {})),
            Answer::Agreed(agreed) => agreed,
        };
        let typed = agreed.attributes.as_ref().unwrap_or(&subject.account.attributes);
        if app.settings.denies_age_of(typed, now) {
            return Ok(Reply::Denied(Problem::UnderAge {}));
        }
        let linked = subject.link.as_ref().filter(|link| link.connected);
        let mut scopes = linked.map(|link| link.agreed(app)).unwrap_or_default();
        scopes.extend(&agreed.items);
        scopes.sort_unstable();
        scopes.dedup();
        let person = audit::person(&context.platform, subject.account.id).await?;
        Ok(self.issue(context, subject, Some(Consented { agreed: *agreed, person, text }), scopes, now))
    }

    /// Issues the code for the app, unless the person must confirm first where it goes.
    fn issue<'s>(
        &'s self,
        context: &mut RequestContext,
        subject: &'s Subject,
        agreed: Option<Consented>,
        scopes: Vec<Item>,
        now: Millis,
    ) -> Reply<'s> {
        match self.confirm(context, subject, agreed.is_some()) {
            Some(reply) => reply,
            None => self.code(context, subject, agreed, scopes, now),
        }
    }

    /// Asks before a code waits for a polling page, because any page can open this URL with a transaction that it
    /// knows. `agreed`: the person has just pressed the consent screen's button. The form's fields go into the page, so
    /// that one commit writes everything. Returns `None` when no question is needed, or the person said yes.
    fn confirm<'s>(&self, context: &mut RequestContext, subject: &Subject, agreed: bool) -> Option<Reply<'s>> {
        let policy = context.platform.policy();
        if subject.by == By::Unattended || !self.response.needs_confirmation(&self.interaction, agreed, &policy) {
            return None;
        }
        if self.request.prompt().none {
            return Some(Reply::Denied(Problem::ConsentMissing {}));
        }
        let (_, cookie) = context.ensure_browser();
        let token = FormToken::new(context, "finish", &self.sent.canonical, &subject.account.id.to_string());
        if !token.fits(context, &self.sent.headers, self.sent.field(CONFIRM)) {
            let form = form_token::seal(context, Purpose::Form, &token);
            return Some(Reply::Confirm { form, cookie, agreed });
        }
        (self.sent.field(ANSWER) == Some("no")).then_some(Reply::Denied(Problem::UserDenied {}))
    }

    fn code<'s>(
        &self,
        context: &RequestContext,
        subject: &Subject,
        consented: Option<Consented>,
        scopes: Vec<Item>,
        now: Millis,
    ) -> Reply<'s> {
        let (platform, request) = (&context.platform, self.request);
        let agreed = consented.as_ref().map(|consented| &consented.agreed);
        let why = issued(subject, agreed, &scopes);
        let (link, mut changes) = consent::link_changes(platform, subject, request.app(), agreed, now);
        if let Some(Consented { agreed, person, text }) = &consented {
            changes.extend(audit::consented(platform, person.as_ref(), &link, agreed, text.as_ref()));
        }
        let code = random::code(&*platform.random);
        let authorization = Authorization {
            app_id: request.app().id,
            app_key: request.key().key.clone(),
            account_id: subject.account.id,
            scopes,
            openid: request.openid(),
            nonce: request.nonce().map(str::to_owned),
            auth_time: subject.auth_time,
            session_id: subject.session_id().cloned(),
            device: context.device.clone(),
            address: context.address.clone(),
            epochs: Epochs { link: link.epoch, account: subject.account.epoch, key: request.key().epoch },
        };
        changes.push(codes::insert(&Code {
            id: secret::hash(&code),
            authorization,
            redirect_uri: request.redirect_uri().to_owned(),
            code_challenge: request.code_challenge().map(str::to_owned),
            created_at: now,
            expires_at: now + platform.policy().code_lifetime,
            life: CodeLife::Live,
            tx_id: self.tx_id.clone(),
        }));
        Reply::Issued { code, changes, why }
    }
}

/// Describes why a code was issued, and for what.
fn issued(subject: &Subject, agreed: Option<&Agreed>, scopes: &[Item]) -> String {
    let list = |items: &[Item]| items.iter().map(|item| item.id()).collect::<Vec<_>>().join(", ");
    let why = match agreed {
        Some(agreed) if !agreed.items.is_empty() => format!("agreed now to {}", list(&agreed.items)),
        Some(_) => "linked now".to_owned(),
        None => "nothing was left to ask".to_owned(),
    };
    format!("a code for {} ({}): {why}", subject.login(), list(scopes))
}
