//! `GET /oauth/authorize` — ask the person to log in and to agree, then send them back with a code.
//! `POST /oauth/authorize` — the consent form, sent back to the same URL.
//!
//! The URL is re-entrant: every page (log-in, account terms, consent) ends by returning to it, and the decision is made
//! again. Spec: RFC 6749 §4.1.1 and §4.1.2, OpenID Connect Core §3.1.2.

mod agt;
mod consent;
mod flow;
pub(crate) mod interaction;
mod reply;
mod response;
mod sent;
mod subject;

use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use kakaw_core::app::{App, AppKey};
use kakaw_core::authorize::{self, Parameters};
use kakaw_store::Contested;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Problem;
use kakaw_wire::text::Lang;

use self::flow::Flow;
use self::interaction::{canonical, with_prompt_login};
use self::reply::Reply;
use self::sent::Sent;
use crate::Platform;
use crate::commit::{Attempt, Attempts};
use crate::endpoint::{About, Param, Routes, no, yes};
use crate::http::error::Error;
use crate::pages::ways::{Back, Ways};
use crate::request::body;
use crate::request::context::RequestContext;
use crate::request::settled::Settled;

const ABOUT: About =
    About::page("Asks the person to log in and to consent, then redirects back with a code.").in_query(QUERY);

const FORM: About = About::page("Receives the consent form, which posts to the same URL.").in_query(QUERY);

const QUERY: &[Param] = &[
    yes("client_id", "an app key, else KOE101; not an admin key, else KOE008"),
    yes("redirect_uri", "registered for the key and matching exactly, else KOE006"),
    yes("response_type", "`code`, else KOE201; `token` is KOE202"),
    no("scope", "items to request, separated by commas or spaces, else KOE205"),
    no("prompt", "`login`, `create`, `select_account`, `cert`; `none` shows no page"),
    no("login_hint", "prefills the login form"),
    no("state", "returned unchanged"),
    no("nonce", "copied into the ID token"),
    no("lang", "`ko`, `en`, `ja`, `zh`; else the browser's language"),
    no("service_terms", "tags of service terms to show; empty: none (simple sign-up only)"),
    no("extra.service_terms", "the same, as the JavaScript SDK sends it"),
    no("channel_public_id", "connected Talk Channels to show, else KOE102"),
    no("agt", "identifies the person by an access token; requires `scope`, else KOE001"),
    no("ka", "platform identity, registered for the key, else KOE009"),
    no("auth_tran_id", "transaction for `/apiweb/code.json`: at least 20 characters, else KOE001"),
    no("state_token", "the same, as Flutter on the Web sends it: at least 20 characters"),
    no("is_popup", "`true`: the opener polls `/apiweb/code.json`, without a redirect"),
    no("kauth_tx_id", "a login by certificate that `/oauth/authorize/prepare` began"),
    no("agreement_code", "internal to Kakao: always KOE204"),
    no("code_challenge", "43 base64url characters, else KOE001"),
    no("code_challenge_method", "`S256`, else KOE001"),
    no("auth_type", "`reauthenticate` means `prompt=login`"),
    no("proxy", "the retired popup: always KOE023"),
];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/oauth/authorize", &ABOUT, get).post("/oauth/authorize", &FORM, post)
}

async fn get(context: RequestContext, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    answer(context, &Sent::new(query.unwrap_or_default(), headers, None)).await
}

async fn post(context: RequestContext, RawQuery(query): RawQuery, request: Request) -> Response {
    let headers = request.headers().clone();
    match body::form(request).await {
        Ok(form) => answer(context, &Sent::new(query.unwrap_or_default(), headers, Some(form))).await,
        Err(error) => Error::from(Problem::MalformedRequest { parameter: "body".to_owned(), reason: error.reason() })
            .page(&context),
    }
}

/// Decides the request of this query without a browser. The context names the person who answers.
///
/// # Errors
/// A refusal for an error page.
pub async fn without_pages(mut context: RequestContext, query: String) -> Result<Response, Error> {
    respond(&mut context, &Sent::new(query, HeaderMap::new(), None), &mut Ways::default()).await
}

async fn answer(mut context: RequestContext, sent: &Sent) -> Response {
    let mut ways = Ways::default();
    match respond(&mut context, sent, &mut ways).await {
        Ok(response) => response,
        Err(error) => error.page_with(&context, ways),
    }
}

/// Parses the request; loads, decides and commits until no commit conflicts. Fills `ways` with the links that an error
/// page may show, as far as the request is verified.
async fn respond(context: &mut RequestContext, sent: &Sent, ways: &mut Ways) -> Result<Response, Error> {
    let pairs = super::query(&sent.query)?;
    let parameters = Parameters::parse(&pairs)?;
    if let Some(lang) = parameters.others().lang.as_deref().and_then(Lang::from_id) {
        context.lang = lang;
    }
    let mut attempts = Attempts::default();
    loop {
        if attempts.lost == Some(Contested::PendingResult) {
            return Err(response::transaction_has_ended().into());
        }
        let attempt = attempt(context, &pairs, &parameters, sent, ways).await?;
        if let Some(response) = attempts.commit(&context.platform.store, attempt).await? {
            return Ok(response);
        }
    }
}

async fn attempt(
    context: &mut RequestContext,
    pairs: &Pairs,
    parameters: &Parameters,
    sent: &Sent,
    ways: &mut Ways,
) -> Result<Attempt<Response>, Error> {
    let found = super::find_key(&context.platform, parameters.client_id()).await?;
    let found = found.as_ref().map(|(app, key)| (&**app, key));
    *ways = self::ways(context, found, pairs, &sent.query);
    let request = authorize::Request::check(parameters, found, &context.platform.policy())?;
    let mut flow = Flow::begin(context, &request, pairs, sent)?;
    let reply = match beforehand(context, &request, sent).await? {
        Some(reply) => reply,
        None => {
            flow.load_subject(context, ways).await?;
            flow.decide(context).await?
        }
    };
    Ok(flow.render(context, reply, ways))
}

/// Determines what is known before the person is loaded: from a layer in front, or from an `agt`.
async fn beforehand(
    context: &RequestContext,
    request: &authorize::Request<'_>,
    sent: &Sent,
) -> Result<Option<Reply<'static>>, Error> {
    match &context.settled {
        Some(Settled::Refused(problem)) => return Ok(Some(Reply::Denied(problem.clone()))),
        Some(Settled::Ended(error, description)) => {
            return Ok(Some(Reply::Ended { error: error.to_string(), description: description.to_string() }));
        }
        Some(Settled::Malformed(parameter, reason)) => {
            let (parameter, reason) = ((*parameter).to_owned(), reason.clone());
            return Err(Problem::MalformedRequest { parameter, reason }.into());
        }
        Some(Settled::Subject(_)) | None => {}
    }
    let Some(agt) = &request.parameters().others().agt else { return Ok(None) };
    Ok(Some(Reply::Redeemed(agt::redeem(context, agt, request, sent).await?)))
}

/// Returns the links that an error page may show. The redirect URI is checked here, because the page may appear before
/// the rest of the request is verified.
pub fn ways(context: &RequestContext, found: Option<(&App, &AppKey)>, pairs: &Pairs, query: &str) -> Ways {
    let one = |name| pairs.one(name).ok().flatten().filter(|value| !value.is_empty());
    let policy = context.platform.policy();
    let back = found
        .zip(one("redirect_uri"))
        .and_then(|((app, key), uri)| Back::of(app, key, uri, one("state"), &policy, &Problem::UserDenied {}));
    let query = canonical(query);
    let (another, again) = (with_prompt_login(&query), query);
    let url = |query| Some(format!("/oauth/authorize?{query}"));
    Ways { another: url(another), again: url(again), back }
}
