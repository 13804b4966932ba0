//! `GET /oauth/authorize` — ask the person to log in and to agree, then send them back with a code.
//! `POST /oauth/authorize` — the consent form, sent back to the same URL.
//!
//! | parameter                 | needed | rule                                                                |
//! |---------------------------|--------|---------------------------------------------------------------------|
//! | `client_id`               | yes    | a key of an app, else KOE101; not an admin key, else KOE008          |
//! | `redirect_uri`            | yes    | registered for the key, letter for letter, else KOE006               |
//! | `response_type`           | yes    | `code`, else KOE201; `token` is KOE202                               |
//! | `scope`                   | no     | items to ask for, commas or spaces, else KOE205                      |
//! | `prompt`                  | no     | `login` asks again; `none` shows nothing and answers by redirect     |
//! | `login_hint`              | no     | prefills the log-in form                                             |
//! | `state`                   | no     | returned untouched                                                   |
//! | `nonce`                   | no     | copied into the ID token                                             |
//! | `lang`                    | no     | `ko`, `en`, `ja`, `zh`; else the browser's language                  |
//! | `channel_public_id`       | no     | needs a connected Talk Channel, else KOE102                          |
//! | `code_challenge`          | no     | 43 characters of base64url, else KOE001                              |
//! | `code_challenge_method`   | no     | `S256`, else KOE001                                                  |
//! | `auth_type`               | no     | `reauthenticate` is `prompt=login`                                   |
//! | `proxy`                   | no     | the retired popup: KOE023                                            |
//!
//! The URL is re-entrant: every step (log in, agree to the account's terms, consent) ends by coming back to it, and the
//! decision is taken afresh. Spec: RFC 6749 §4.1.1 and §4.1.2, OpenID Connect Core §3.1.2.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::account::Account;
use kakaw_core::app::App;
use kakaw_core::authorize::{self, Next, Visitor};
use kakaw_core::code::Code;
use kakaw_core::consent::{self, Agreed, Ask, NotAgreed, Submitted};
use kakaw_core::link::Link;
use kakaw_core::seal::Purpose;
use kakaw_core::session::Session;
use kakaw_core::{random, secret};
use kakaw_store::{Outcome, Statement, accounts, codes, links, sessions};
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::scope::Item;
use kakaw_wire::text::Lang;
use serde::{Deserialize, Serialize};

use crate::http::body;
use crate::http::fault::Fault;
use crate::http::form_seal::{self, FIELD, FormSeal};
use crate::http::here::Here;
use crate::http::redirect::{continue_url, redirect, with_cookie, with_query};
use crate::page;
use crate::world::World;

/// The parameter of ours that carries a sealed [`Step`] through the log-in page and back.
pub const STEP: &str = "kakaw_step";

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/oauth/authorize", routing::get(get).post(post))
}

async fn get(here: Here, RawQuery(query): RawQuery) -> Response {
    answer(here, query.unwrap_or_default(), None).await
}

async fn post(here: Here, RawQuery(query): RawQuery, request: Request) -> Response {
    let headers = request.headers().clone();
    match body::form(request).await {
        Ok(form) => answer(here, query.unwrap_or_default(), Some(Posted { form, headers })).await,
        Err(error) => {
            Fault::from(Problem::MalformedRequest { parameter: "body".to_owned(), reason: error.reason() }).page(&here)
        }
    }
}

struct Posted {
    form: Pairs,
    headers: axum::http::HeaderMap,
}

/// What survives between two steps of one request, and must not be forged.
#[derive(Serialize, Deserialize)]
struct Step {
    /// Hash of the request's query.
    request: String,
    /// Hash of the browser cookie.
    browser: String,
    /// The session at the start: another one now means that the person logged in for this request.
    session: String,
}

async fn answer(mut here: Here, query: String, posted: Option<Posted>) -> Response {
    match decide(&mut here, &query, posted.as_ref()).await {
        Ok(response) => response,
        Err(fault) => fault.page(&here),
    }
}

async fn decide(here: &mut Here, query: &str, posted: Option<&Posted>) -> Result<Response, Fault> {
    let pairs = super::query(query)?;
    let params = authorize::parse(&pairs)?;
    if let Some(lang) = params.lang.as_deref().and_then(Lang::from_id) {
        here.lang = lang;
    }
    let step = pairs.one(STEP).ok().flatten();
    let canonical = canonical(query);
    let world = Arc::clone(&here.world);
    // A commit that was outrun means that what was loaded is no longer so: load and decide again.
    for _ in 0..8 {
        let found = super::find_key(&world, params.client_id.as_deref().unwrap_or_default()).await?;
        let request = authorize::check(&params, found.as_ref().map(|(app, key)| (&**app, key)))?;
        let visit = Visit::load(here, request.app, step, &canonical).await?;
        let now = world.now();
        let next = request.next(visit.as_ref().map(Visit::visitor), now);
        let Some(visit) = visit else {
            return match next {
                Next::Refuse(problem) => Ok(back(&request, &problem, posted.is_some())),
                _ => Ok(to_log_in(here, &params, &canonical)),
            };
        };
        let (agreed, scopes) = match next {
            Next::Issue { scopes } => (None, scopes),
            Next::LogIn => return Ok(to_log_in(here, &params, &canonical)),
            Next::Refuse(problem) => return Ok(back(&request, &problem, posted.is_some())),
            Next::Stop(refusal) => return Err(refusal.into()),
            Next::Restricted => {
                return Ok(page::respond(here, StatusCode::FORBIDDEN, &page::restricted::Restricted::new(here)));
            }
            Next::AgreeToTerms => {
                return Ok(redirect(&to_page(here, "/terms", &params, &canonical), false));
            }
            Next::Consent(ask) => match consent_step(here, &request, &visit, &ask, query, &canonical, posted).await? {
                Consented::Respond(response) => return Ok(*response),
                Consented::Agreed(agreed) => {
                    let typed = agreed.attributes.as_ref().unwrap_or(&visit.account.attributes);
                    if request.app.settings.denies_age_of(typed, now) {
                        return Ok(back(&request, &Problem::UnderAge {}, true));
                    }
                    let mut scopes: Vec<Item> =
                        visit.link.as_ref().filter(|l| l.connected).map(|l| l.agreed(request.app)).unwrap_or_default();
                    scopes
                        .extend(agreed.items.iter().copied().filter(|item| !scopes.contains(item)).collect::<Vec<_>>());
                    scopes.sort_unstable();
                    (Some(*agreed), scopes)
                }
            },
        };
        let (link, mut changes) = link_changes(&world, &visit, request.app, agreed, now);
        let plain = random::code(&*world.random);
        changes.push(codes::insert(&Code {
            id: secret::hash(&plain),
            app_id: request.app.id,
            app_key: request.key.key.clone(),
            account_id: visit.account.id,
            redirect_uri: request.redirect_uri.clone(),
            scopes,
            openid: request.openid,
            nonce: request.nonce.clone(),
            code_challenge: request.code_challenge.clone(),
            auth_time: visit.session.auth_time,
            session_id: visit.session.id.clone(),
            device: here.device.clone(),
            address: here.address.clone(),
            link_epoch: link.epoch,
            account_epoch: visit.account.epoch,
            key_epoch: request.key.epoch,
            created_at: now,
            expires_at: now.plus_seconds(world.policy.code_lifetime),
            spent_at: None,
            grant_id: None,
        }));
        if world.store.commit(changes).await? == Outcome::Committed {
            let parameters = [("code", Some(plain.as_str())), ("state", request.state.as_deref())];
            return Ok(redirect(&with_query(&request.redirect_uri, &parameters), posted.is_some()));
        }
    }
    Err(Fault::contention())
}

/// Who came, as the store knows them.
struct Visit {
    session: Session,
    account: Account,
    link: Option<Link>,
    fresh: bool,
}

impl Visit {
    async fn load(here: &Here, app: &App, step: Option<&str>, canonical: &str) -> Result<Option<Self>, Fault> {
        let Some(id) = here.session_id() else { return Ok(None) };
        let Some((session, account)) = sessions::with_account(&here.world.store, &id).await? else { return Ok(None) };
        if !session.is_live(account.epoch, here.world.now()) {
            return Ok(None);
        }
        let link = links::of(&here.world.store, app.id, account.id).await?;
        let browser = here.browser.as_deref().map(secret::hash);
        let fresh = step.and_then(|text| form_seal::open::<Step>(here, Purpose::Step, text)).is_some_and(|step| {
            step.request == secret::hash(canonical) && Some(step.browser) == browser && step.session != session.id
        });
        Ok(Some(Self { session, account, link, fresh }))
    }

    const fn visitor(&self) -> Visitor<'_> {
        Visitor { account: &self.account, link: self.link.as_ref(), fresh: self.fresh }
    }
}

enum Consented {
    Agreed(Box<Agreed>),
    Respond(Box<Response>),
}

/// Shows the consent screen, or takes its answer. A form that was shown for something else is shown again.
async fn consent_step(
    here: &mut Here,
    request: &authorize::Request<'_>,
    visit: &Visit,
    ask: &Ask,
    query: &str,
    canonical: &str,
    posted: Option<&Posted>,
) -> Result<Consented, Fault> {
    let (browser, cookie) = here.ensure_browser();
    let seal =
        FormSeal::new(here, &browser, "consent", canonical, &format!("{}/{}", visit.account.id, ask.fingerprint()));
    let mut notice = None;
    let mut typed = Submitted::default();
    if let Some(Posted { form, headers }) = posted {
        if seal.fits(here, headers, form.one(FIELD).ok().flatten()) {
            // Only what our own page sent is shown again: another page must not tick boxes.
            typed = submitted(form);
            match form.one("decision").ok().flatten() {
                Some("cancel") => {
                    return Ok(Consented::Respond(Box::new(back(request, &Problem::UserDenied {}, true))));
                }
                Some("accept") => match consent::submit(ask, &visit.account.attributes, &typed) {
                    Ok(agreed) if is_taken(here, visit, &agreed).await? => {
                        notice = Some(page::consent::Notice::Value(Item::AccountEmail));
                    }
                    Ok(agreed) => return Ok(Consented::Agreed(Box::new(agreed))),
                    Err(NotAgreed::Required(refusal)) => return Err(refusal.into()),
                    Err(NotAgreed::Value(wrong)) => notice = Some(page::consent::Notice::Value(wrong.item)),
                },
                _ => {
                    let reason = "expected accept or cancel".to_owned();
                    return Err(Problem::MalformedRequest { parameter: "decision".to_owned(), reason }.into());
                }
            }
        } else {
            notice = Some(page::consent::Notice::Expired);
        }
    }
    let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let view = page::consent::Consent {
        app: request.app,
        account: &visit.account,
        ask,
        action: format!("/oauth/authorize?{query}"),
        form: form_seal::seal(here, Purpose::Form, &seal),
        typed: &typed,
        notice,
        switch: format!("/oauth/authorize?{}", with_prompt_login(canonical)),
    };
    let response = page::respond(here, status, &page::consent::Page::new(here, &view));
    Ok(Consented::Respond(Box::new(with_cookie(response, cookie))))
}

/// Whether the email that was typed is another account's log-in id.
async fn is_taken(here: &Here, visit: &Visit, agreed: &Agreed) -> Result<bool, Fault> {
    let typed = agreed.attributes.as_ref().and_then(|attributes| attributes.email.as_deref());
    let Some(email) = typed.filter(|email| Some(*email) != visit.account.attributes.email.as_deref()) else {
        return Ok(false);
    };
    let owner = accounts::by_login(&here.world.store, email).await?;
    Ok(owner.is_some_and(|owner| owner.account.id != visit.account.id))
}

fn submitted(form: &Pairs) -> Submitted {
    let values =
        form.iter().filter_map(|(name, value)| Some((name.strip_prefix("value_")?.to_owned(), value.to_owned())));
    Submitted { scope: form.all("scope").map(str::to_owned).collect(), values: values.collect() }
}

/// The link as it will be, and what must be written for it.
fn link_changes(
    world: &World,
    visit: &Visit,
    app: &App,
    agreed: Option<Agreed>,
    now: kakaw_core::Millis,
) -> (Link, Vec<Statement>) {
    let mut changes = Vec::new();
    let Some(agreed) = agreed else {
        // Nothing to agree to: `next` issues only to linked people.
        let link = visit.link.clone().unwrap_or_else(|| first_link(world, visit, app, now));
        return (link, changes);
    };
    if let Some(attributes) = &agreed.attributes {
        changes.push(accounts::update_attributes(&visit.account, attributes));
        if let (None, Some(email)) = (&visit.account.attributes.email, &attributes.email) {
            // The address becomes a log-in id; if another account took it meanwhile, the request is decided again.
            changes.push(accounts::put_login(email, visit.account.id));
        }
    }
    let consents = consent::merged(visit.link.as_ref(), &agreed.items, now);
    let link = match &visit.link {
        Some(before) => {
            let connected_at = if before.connected { before.connected_at } else { now };
            let link = Link { connected: true, connected_at, consents, ..before.clone() };
            changes.push(links::update(&link));
            link
        }
        None => {
            let link = Link { consents, ..first_link(world, visit, app, now) };
            changes.push(links::insert(&link));
            link
        }
    };
    (link, changes)
}

fn first_link(world: &World, visit: &Visit, app: &App, now: kakaw_core::Millis) -> Link {
    Link {
        app_id: app.id,
        account_id: visit.account.id,
        user_id: random::user_id(&*world.random),
        version: 1,
        epoch: 0,
        connected: true,
        connected_at: now,
        consents: Default::default(),
    }
}

/// To the log-in page, and from there back to this request.
fn to_log_in(here: &mut Here, params: &Params, canonical: &str) -> Response {
    let (_, cookie) = here.ensure_browser();
    with_cookie(redirect(&to_page(here, "/login", params, canonical), false), cookie)
}

/// The location of a page of the account that comes back to this request.
fn to_page(here: &Here, page: &str, params: &Params, canonical: &str) -> String {
    let location = format!("{page}?continue={}", continue_url(&with_step(here, canonical)));
    match params.lang.as_deref().and_then(Lang::from_id) {
        Some(lang) => format!("{location}&lang={}", lang.id()),
        None => location,
    }
}

/// The request's URL with a step that knows the session of now.
fn with_step(here: &Here, canonical: &str) -> String {
    let step = Step {
        request: secret::hash(canonical),
        browser: here.browser.as_deref().map(secret::hash).unwrap_or_default(),
        session: here.session_id().unwrap_or_default(),
    };
    format!("/oauth/authorize?{canonical}&{STEP}={}", form_seal::seal(here, Purpose::Step, &step))
}

fn with_prompt_login(canonical: &str) -> String {
    let kept = canonical.split('&').filter(|pair| !pair.starts_with("prompt=")).collect::<Vec<_>>().join("&");
    format!("{kept}&prompt=login")
}

/// The query without our own parameter.
fn canonical(query: &str) -> String {
    let own = format!("{STEP}=");
    query.split('&').filter(|pair| !pair.starts_with(&own)).collect::<Vec<_>>().join("&")
}

/// Back to the app with an error (RFC 6749 §4.1.2.1).
fn back(request: &authorize::Request<'_>, problem: &Problem, posted: bool) -> Response {
    let message = problem.message(Surface::Redirect);
    let parameters = [
        ("error", Some(problem.answer(Surface::Redirect).error)),
        ("error_description", Some(message.as_str())),
        ("state", request.state.as_deref()),
    ];
    redirect(&with_query(&request.redirect_uri, &parameters), posted)
}
