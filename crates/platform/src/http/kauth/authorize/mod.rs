//! `GET /oauth/authorize` — ask the person to log in and to agree, then send them back with a code.
//! `POST /oauth/authorize` — the consent form, sent back to the same URL.
//!
//! | parameter                 | needed | rule                                                                |
//! |---------------------------|--------|---------------------------------------------------------------------|
//! | `client_id`               | yes    | a key of an app, else KOE101; not an admin key, else KOE008          |
//! | `redirect_uri`            | yes    | registered for the key, letter for letter, else KOE006               |
//! | `response_type`           | yes    | `code`, else KOE201; `token` is KOE202                               |
//! | `scope`                   | no     | items to ask for, commas or spaces, else KOE205                      |
//! | `prompt`                  | no     | `login`, `create`, `select_account`, `cert`; `none` shows nothing    |
//! | `login_hint`              | no     | prefills the log-in form                                             |
//! | `state`                   | no     | returned untouched                                                   |
//! | `nonce`                   | no     | copied into the ID token                                             |
//! | `lang`                    | no     | `ko`, `en`, `ja`, `zh`; else the browser's language                  |
//! | `service_terms`           | no     | tags of service terms to show; empty: none (simple sign-up only)     |
//! | `extra.service_terms`     | no     | the same, as the JavaScript SDK sends it                             |
//! | `channel_public_id`       | no     | connected Talk Channels to show, else KOE102                         |
//! | `agt`                     | no     | names the person by an access token; needs `scope`, else KOE001      |
//! | `ka`                      | no     | platform identity, registered for the key, else KOE009               |
//! | `auth_tran_id`            | no     | for `/apiweb/code.json`: 20 characters or more, else KOE001          |
//! | `state_token`             | no     | the same, of Flutter on the Web: 20 characters or more               |
//! | `is_popup`                | no     | `true`: the opener polls `/apiweb/code.json`, nobody is redirected   |
//! | `kauth_tx_id`             | no     | a log-in by certificate that `/oauth/authorize/prepare` began        |
//! | `agreement_code`          | no     | internal to Kakao: KOE204                                            |
//! | `code_challenge`          | no     | 43 characters of base64url, else KOE001                              |
//! | `code_challenge_method`   | no     | `S256`, else KOE001                                                  |
//! | `auth_type`               | no     | `reauthenticate` is `prompt=login`                                   |
//! | `proxy`                   | no     | the retired popup: KOE023                                            |
//!
//! The URL is re-entrant: every step (log in, agree to the account's terms, consent) ends by coming back to it, and the
//! decision is taken afresh. Spec: RFC 6749 §4.1.1 and §4.1.2, OpenID Connect Core §3.1.2.

mod consent;
mod finish;
mod sent;
mod step;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_core::app::{App, AppKey};
use kakaw_core::authorize::authorization::{Authorization, Epochs};
use kakaw_core::authorize::code::{Code, CodeLife};
use kakaw_core::authorize::{self, Next};
use kakaw_core::crypto::secret;
use kakaw_core::link::consent::{Agreed, Ask};
use kakaw_core::random;
use kakaw_store::codes;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::scope::Item;
use kakaw_wire::text::Lang;

use self::consent::Consented;
use self::finish::{Confirmed, Finish, Known};
use self::sent::Sent;
use self::step::{Step, canonical, with_prompt_login};
use self::visit::Visit;
use crate::Platform;
use crate::http::error::Error;
use crate::pages;
use crate::pages::ways::{Back, Ways};
use crate::request::body;
use crate::request::context::Here;
use crate::request::decision::decided;
use crate::request::settled::Settled;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/oauth/authorize", routing::get(get).post(post))
}

async fn get(here: Here, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let sent = Sent { query: query.unwrap_or_default(), headers, form: None };
    answer(here, &sent).await
}

async fn post(here: Here, RawQuery(query): RawQuery, request: Request) -> Response {
    let headers = request.headers().clone();
    match body::form(request).await {
        Ok(form) => {
            let query = query.unwrap_or_default();
            answer(here, &Sent { query, headers, form: Some(form) }).await
        }
        Err(error) => {
            Error::from(Problem::MalformedRequest { parameter: "body".to_owned(), reason: error.reason() }).page(&here)
        }
    }
}

/// The request of this query, decided without a browser: `here` says who answers.
///
/// # Errors
/// What an error page would say.
pub async fn without_pages(mut here: Here, query: String) -> Result<Response, Error> {
    let sent = Sent { query, headers: HeaderMap::new(), form: None };
    decide(&mut here, &sent, &mut Ways::default()).await
}

async fn answer(mut here: Here, sent: &Sent) -> Response {
    let mut ways = Ways::default();
    match decide(&mut here, sent, &mut ways).await {
        Ok(response) => response,
        Err(error) => error.page_with(&here, ways),
    }
}

/// Decides; `ways` gets what an error page may offer, as far as the request was found to be good.
async fn decide(here: &mut Here, sent: &Sent, ways: &mut Ways) -> Result<Response, Error> {
    let pairs = super::query(&sent.query)?;
    let params = authorize::parse(&pairs)?;
    if let Some(lang) = params.lang.as_deref().and_then(Lang::from_id) {
        here.lang = lang;
    }
    let canonical = canonical(&sent.query);
    let platform = Arc::clone(&here.platform);
    // A commit that was outrun means that what was loaded is no longer so: load and decide again.
    for _ in 0..8 {
        let found = super::find_key(&platform, params.client_id.as_deref().unwrap_or_default()).await?;
        let policy = here.platform.policy();
        *ways = self::ways(here, found.as_ref().map(|(app, key)| (&**app, key)), &pairs, &canonical);
        let request = authorize::check(&params, found.as_ref().map(|(app, key)| (&**app, key)), &policy)?;
        let tx_id = super::prepare::transaction(here, &params, request.key)?;
        let finish = Finish::of(&request, &params)?;
        match &here.settled {
            Some(Settled::Refused(code)) => {
                if let Some(problem) = Problem::injected(*code, Surface::Redirect) {
                    return finish.refuse(here, &problem, sent, Known::Nobody).await;
                }
            }
            Some(Settled::Ended(error, message)) => {
                return finish.refuse_as(here, error, (*message).to_owned(), sent, Known::Nobody).await;
            }
            Some(Settled::Malformed(parameter, reason)) => {
                let (parameter, reason) = ((*parameter).to_owned(), reason.clone());
                return Err(Problem::MalformedRequest { parameter, reason }.into());
            }
            Some(Settled::Subject(_)) | None => {}
        }
        if let Some(agt) = &params.agt {
            return step::redeem_agt(here, agt, &request, sent, &canonical).await;
        }
        let step =
            Step::of(here, &pairs, &canonical).unwrap_or_else(|| Step::begin(here, sent, request.key, &canonical));
        finish.check_site(&step, request.key, &policy)?;
        let unattended = match &here.settled {
            Some(Settled::Subject(unattended)) => Some(unattended.clone()),
            _ => None,
        };
        let visit = match &unattended {
            Some(unattended) => Some(Visit::unattended(here, request.app, unattended).await?),
            None => Visit::load(here, request.app, &step).await?,
        };
        if unattended.is_none() && visit.as_ref().is_some_and(|visit| visit.by_agt) {
            ways.another = None;
        } else {
            ways.another = Some(step.another(here, &canonical));
        }
        let now = platform.now();
        let next = request.next(visit.as_ref().map(Visit::visitor), now);
        let next = unattended.iter().fold(next, |next, unattended| unattended.cancel(next));
        let Some(visit) = visit else {
            return match next {
                Next::Refuse(problem) => finish.refuse(here, &problem, sent, Known::Nobody).await,
                Next::CreateAccount if platform.settings.sign_up => {
                    let page = step.to_page(here, "/weblogin/create_account", &params, &canonical);
                    Ok(decided(page, "the page for a new account: prompt=create asks for it"))
                }
                _ => {
                    let page = step.to_page(here, "/login", &params, &canonical);
                    Ok(decided(page, "the log-in page: nobody is logged in in this browser"))
                }
            };
        };
        let (agreed, scopes) = match next {
            Next::Issue { scopes } => (None, scopes),
            Next::CreateAccount if platform.settings.sign_up => {
                let page = step.to_page(here, "/weblogin/create_account", &params, &canonical);
                return Ok(decided(page, "the page for a new account: prompt=create asks for it"));
            }
            Next::LogIn | Next::CreateAccount => {
                let page = step.to_page(here, "/login", &params, &canonical);
                return Ok(decided(page, "the log-in page: the request asks to log in again"));
            }
            Next::ChooseAccount => {
                let page = step.choose(here, &request, &visit.session, &visit.account, &canonical);
                return Ok(decided(page, "asked which account: prompt=select_account"));
            }
            Next::Refuse(problem) => return finish.refuse(here, &problem, sent, Known::Person).await,
            Next::Stop(refusal) => return Err(refusal.into()),
            Next::Restricted => {
                let state = request.state.as_deref();
                let back = |why| Back::of(request.app, request.key, &request.redirect_uri, state, &policy, &why);
                let ways = Ways { again: None, back: back(Problem::Restricted {}), ..ways.clone() };
                let view = pages::restricted::Restricted::new(here, &visit.account, ways);
                let page = pages::respond(here, StatusCode::FORBIDDEN, &view);
                return Ok(decided(page, "the account is restricted"));
            }
            Next::AgreeToTerms => {
                let page = step.to_page(here, "/terms", &params, &canonical);
                return Ok(decided(page, "the account's own terms come first"));
            }
            Next::Consent(ask) => {
                let consented = match &unattended {
                    Some(unattended) => consent::answered(&visit, &ask, Some(unattended.answer(&ask)))?,
                    None => consent::ask(here, &request, &visit, &ask, sent, &step, &canonical).await?,
                };
                let agreed = match consented {
                    Consented::Respond(response) => return Ok(decided(*response, asked(&ask))),
                    Consented::Refused(problem) => return finish.refuse(here, &problem, sent, Known::Person).await,
                    Consented::Agreed(agreed) => agreed,
                };
                let typed = agreed.attributes.as_ref().unwrap_or(&visit.account.attributes);
                if request.app.settings.denies_age_of(typed, now) {
                    return finish.refuse(here, &Problem::UnderAge {}, sent, Known::Person).await;
                }
                let mut scopes: Vec<Item> =
                    visit.link.as_ref().filter(|l| l.connected).map(|l| l.agreed(request.app)).unwrap_or_default();
                scopes.extend(agreed.items.iter().copied().filter(|item| !scopes.contains(item)).collect::<Vec<_>>());
                scopes.sort_unstable();
                (Some(*agreed), scopes)
            }
        };
        if unattended.is_none() {
            if request.silent && finish.needs_confirmation(here, &step, agreed.is_some()) {
                return finish.refuse(here, &Problem::ConsentMissing {}, sent, Known::Person).await;
            }
            match finish.confirm(here, &step, &visit, sent, &canonical, agreed.is_some()) {
                Confirmed::Yes => {}
                Confirmed::No => return finish.refuse(here, &Problem::UserDenied {}, sent, Known::Person).await,
                Confirmed::Ask(page) => {
                    return Ok(decided(*page, "asked whether the site that polls may complete the log-in"));
                }
            }
        }
        let decision = issued(&visit, agreed.as_ref(), &scopes);
        let (link, mut changes) = consent::link_changes(&platform, &visit, request.app, agreed, now);
        let plain = random::code(&*platform.random);
        let authorization = Authorization {
            app_id: request.app.id,
            app_key: request.key.key.clone(),
            account_id: visit.account.id,
            scopes,
            openid: request.openid,
            nonce: request.nonce.clone(),
            auth_time: visit.session.auth_time,
            session_id: visit.session.id.clone(),
            device: here.device.clone(),
            address: here.address.clone(),
            epochs: Epochs { link: link.epoch, account: visit.account.epoch, key: request.key.epoch },
        };
        changes.push(codes::insert(&Code {
            id: secret::hash(&plain),
            authorization,
            redirect_uri: request.redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            created_at: now,
            expires_at: now.plus_seconds(platform.policy().code_lifetime),
            life: CodeLife::Live,
            tx_id,
        }));
        if let Some(response) = finish.issue(here, &plain, changes, sent).await? {
            return Ok(decided(response, decision));
        }
    }
    Err(Error::contention())
}

/// What an error page may offer. The way back is checked here: a request gets it before all of it was found to be good.
pub fn ways(here: &Here, found: Option<(&App, &AppKey)>, pairs: &Pairs, query: &str) -> Ways {
    let one = |name| pairs.one(name).ok().flatten().filter(|value| !value.is_empty());
    let policy = here.platform.policy();
    let back = found
        .zip(one("redirect_uri"))
        .and_then(|((app, key), uri)| Back::of(app, key, uri, one("state"), &policy, &Problem::UserDenied {}));
    let query = canonical(query);
    let (another, again) = (with_prompt_login(&query), query);
    let url = |query| Some(format!("/oauth/authorize?{query}"));
    Ways { another: url(another), again: url(again), back }
}

/// What the consent screen shows.
fn asked(ask: &Ask) -> String {
    let items = ask.items.iter().map(|row| row.item.id());
    let all: Vec<&str> = items.chain(ask.terms.iter().map(|term| term.tag.as_str())).collect();
    if all.is_empty() { "the consent screen".to_owned() } else { format!("the consent screen: {}", all.join(", ")) }
}

/// Why a code was issued, and for what.
fn issued(visit: &Visit, agreed: Option<&Agreed>, scopes: &[Item]) -> String {
    let attributes = &visit.account.attributes;
    let person = attributes.email.as_deref().or(attributes.id.as_deref()).unwrap_or_default();
    let list = |items: &[Item]| items.iter().map(|item| item.id()).collect::<Vec<_>>().join(", ");
    let why = match agreed {
        Some(agreed) if !agreed.items.is_empty() => format!("agreed now to {}", list(&agreed.items)),
        Some(_) => "linked now".to_owned(),
        None => "nothing was left to ask".to_owned(),
    };
    format!("a code for {person} ({}): {why}", list(scopes))
}
