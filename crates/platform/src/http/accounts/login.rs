//! `GET /login` — the log-in page. `POST /login` — its form.
//!
//! Every log-in changes the session's id. A failed log-in does not show whether the account exists.

use kakaw_core::account::LoginId;
use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use kakaw_core::account::Account;
use kakaw_core::account::session::{Session, SessionId, lifetime};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random;
use kakaw_store::accounts::Stored;
use kakaw_store::{Outcome, accounts, sessions};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;
use serde_json::json;

use super::{app_of, attempt, checked_continue};
use crate::Platform;
use crate::audit::{self, Entry, Event, by};
use crate::commit::commit;
use crate::endpoint::{About, Param, Routes, no, yes};
use crate::http::error::Error;
use crate::pages;
use crate::pages::login::{Notice, Typed};
use crate::request::body;
use crate::request::context::RequestContext;
use crate::request::cookie;
use crate::request::form_token::{self, FIELD, FormToken};
use crate::request::known;
use crate::request::redirect::{redirect, with_cookie};

const PAGE: About = About::page("Shows the login page.").takes(QUERY);

const FORM: About = About::page("Receives the login form: logs the person in.").in_query(QUERY).takes(&[
    yes("loginId", "email, phone number or id"),
    yes("password", "the password"),
    no("saveSignedIn", "if present, the session lasts one month instead of 24 hours"),
]);

const QUERY: &[Param] =
    &[yes("continue", "the authorization request to continue with"), no("lang", "`ko`, `en`, `ja`, `zh`")];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/login", &PAGE, get).post("/login", &FORM, post)
}

async fn get(mut context: RequestContext, RawQuery(query): RawQuery) -> Response {
    let result = show(&mut context, &query.unwrap_or_default(), None, None).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn post(mut context: RequestContext, RawQuery(query): RawQuery, request: Request) -> Response {
    let result = log_in(&mut context, &query.unwrap_or_default(), request).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn show(
    context: &mut RequestContext,
    query: &str,
    typed: Option<Typed<'_>>,
    notice: Option<Notice>,
) -> Result<Response, Error> {
    let target = target(query)?;
    let hint = Pairs::parse(split_query(&target).1).ok();
    let hint = hint.as_ref().and_then(|pairs| pairs.one("login_hint").ok().flatten()).unwrap_or_default();
    let app = app_of(context, &target).await?;
    let (_, new_cookie) = context.ensure_browser();
    let token = FormToken::new(context, "login", &target, "");
    let view = pages::login::Login::new(
        context,
        app,
        query,
        typed.unwrap_or(Typed { login: hint, stay: false }),
        form_token::seal(context, Purpose::Form, &token),
        notice,
    );
    let status = match notice {
        None => StatusCode::OK,
        Some(Notice::Failed) => StatusCode::FORBIDDEN,
        Some(Notice::Expired) => StatusCode::BAD_REQUEST,
        Some(Notice::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = with_cookie(pages::respond(status, &view), new_cookie);
    if let Some(Notice::TooMany(wait)) = notice {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.seconds_up()));
    }
    Ok(response)
}

async fn log_in(context: &mut RequestContext, query: &str, request: Request) -> Result<Response, Error> {
    let target = target(query)?;
    let headers = request.headers().clone();
    let malformed = |reason: String| Problem::MalformedRequest { parameter: "body".to_owned(), reason };
    let form = body::form(request).await.map_err(|error| malformed(error.reason()))?;
    let one = |name: &str| {
        form.one(name).map(Option::unwrap_or_default).map_err(|r| malformed(format!("{} was sent more than once", r.0)))
    };
    let (login, password, stay) =
        (one("loginId")?, Secret::new(one("password")?), form.all("saveSignedIn").next().is_some());
    let typed = Some(Typed { login, stay });
    if !FormToken::new(context, "login", &target, "").fits_once(context, &headers, form.one(FIELD).ok().flatten()) {
        return show(context, query, typed, Some(Notice::Expired)).await;
    }
    let login_id = LoginId::of(login);
    let stored = accounts::by_login(&context.platform.store, &login_id).await?;
    let account = stored.as_ref().map(|stored| &stored.account);
    let attempt = match attempt::begin(context, &login_id, account).await? {
        Ok(attempt) => attempt,
        Err(wait) => return show(context, query, typed, Some(Notice::TooMany(wait))).await,
    };
    let is_right = verify(context, stored.as_ref(), &password).await.inspect_err(|error| {
        if matches!(error, Error::Busy) {
            context.platform.metrics.logged_in("busy");
        }
    })?;
    let Some(account) = account.filter(|_| is_right) else {
        attempt::failed(context, attempt, account).await;
        return show(context, query, typed, Some(Notice::Failed)).await;
    };
    attempt.succeeded();
    context.platform.metrics.logged_in("ok");
    enter(context, account, &target, stay).await
}

/// Starts a session of this person in this browser, and continues.
pub(super) async fn enter(
    context: &RequestContext,
    account: &Account,
    target: &str,
    stay: bool,
) -> Result<Response, Error> {
    let cookie_value = random::token(&*context.platform.random);
    let now = context.platform.now();
    let session = Session {
        id: SessionId::of_cookie(&cookie_value),
        account_id: account.id,
        auth_time: now,
        expires_at: now + lifetime(stay),
        account_epoch: account.epoch,
    };
    let mut changes = vec![sessions::insert(&session, &context.device, &context.address)];
    if let Some(before) = context.session_id() {
        changes.push(sessions::delete(&before));
    }
    if account.attributes.dormant {
        changes.push(accounts::wake(account, now));
    }
    let person = audit::person(&context.platform, account.id).await?;
    let from = json!({ "address": context.address, "device": context.device });
    let entry = Entry::new(Event::Login, by::PERSON).person(person.as_ref()).private(from);
    changes.extend(entry.detail(json!({ "stay": stay })).statement(&context.platform));
    commit(&context.platform.store, changes).await?;
    let name = cookie::Names::of(&context.platform).session;
    let session = cookie::set(&context.base, &name, &cookie_value, lifetime(stay));
    Ok(with_cookie(with_cookie(redirect(target, true), session), known::remember(context, account)))
}

/// Verifies the password. In memory, a password of a world file is hashed now, at its first use.
async fn verify(context: &RequestContext, stored: Option<&Stored>, password: &Secret) -> Result<bool, Error> {
    let (platform, from) = (&context.platform, context.address.as_str());
    let sealed =
        stored.filter(|s| s.password_hash.is_none()).and_then(|s| Some((s.account.id, s.sealed_password.as_deref()?)));
    let Some((id, sealed)) = sealed else {
        let hash = stored.and_then(|s| s.password_hash.as_deref());
        return Ok(platform.passwords.verify(from, hash, password).await?);
    };
    let hash = platform.passwords.hash(from, password, &*platform.random).await?;
    let plain =
        platform.sealer.open(Purpose::Keep, sealed).and_then(|plain| String::from_utf8(plain).ok()).map(Secret::new);
    if !plain.is_some_and(|plain| secret::same(plain.expose(), password.expose())) {
        return Ok(false);
    }
    // In memory it is kept: an export is complete, and the start page shows it.
    let keep = Some(sealed).filter(|_| platform.store.is_in_memory());
    let Outcome::Committed = platform.store.commit(vec![accounts::hash_password(id, sealed, &hash, keep)]).await?
    else {
        return Ok(false);
    };
    Ok(true)
}

pub(super) fn target(query: &str) -> Result<String, Error> {
    let malformed = |parameter: &str, reason: &str| Problem::MalformedRequest {
        parameter: parameter.to_owned(),
        reason: reason.to_owned(),
    };
    let pairs = Pairs::parse(query).map_err(|error| malformed(error.parameter(), error.reason()))?;
    let target = pairs.one("continue").map_err(|_| malformed("continue", "it was sent more than once"))?;
    Ok(checked_continue(target.unwrap_or_default())?.to_owned())
}
