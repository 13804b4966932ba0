//! `GET /login` — the log-in page. `POST /login` — its form.
//!
//! The session's id changes at every log-in, and a failed one does not tell whether the account exists.

use kakaw_core::account::LoginId;
use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::account::Account;
use kakaw_core::account::session::{Session, lifetime};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random;
use kakaw_store::accounts::Stored;
use kakaw_store::{Outcome, accounts, sessions};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;

use super::checked_continue;
use crate::Platform;
use crate::commit::commit;
use crate::endpoint::{About, Param, Routes, no, yes};
use crate::http::error::Error;
use crate::pages;
use crate::pages::login::Notice;
use crate::request::body;
use crate::request::context::Here;
use crate::request::cookie;
use crate::request::form_token::{self, FIELD, FormSeal};
use crate::request::redirect::{redirect, with_cookie};

const PAGE: About = About::page("Shows the log-in page.").takes(QUERY);

const FORM: About = About::page("Logs the person in: the form of the log-in page.").in_query(QUERY).takes(&[
    yes("loginId", "email, phone number or id"),
    yes("password", "the password"),
    no("saveSignedIn", "present = the session lives one month instead of 24 hours"),
]);

const QUERY: &[Param] = &[
    yes("continue", "an authorization request of ours, to which the page goes on"),
    no("lang", "`ko`, `en`, `ja`, `zh`"),
];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/login", &PAGE, get).post("/login", &FORM, post)
}

async fn get(mut here: Here, RawQuery(query): RawQuery) -> Response {
    show(&mut here, &query.unwrap_or_default(), None, None).unwrap_or_else(|error| error.page(&here))
}

async fn post(mut here: Here, RawQuery(query): RawQuery, request: Request) -> Response {
    let result = log_in(&mut here, &query.unwrap_or_default(), request).await;
    result.unwrap_or_else(|error| error.page(&here))
}

fn show(here: &mut Here, query: &str, typed: Option<&str>, notice: Option<Notice>) -> Result<Response, Error> {
    let target = target(query)?;
    let hint = Pairs::parse(split_query(&target).1).ok();
    let hint = hint.as_ref().and_then(|pairs| pairs.one("login_hint").ok().flatten()).unwrap_or_default();
    let (browser, new_cookie) = here.ensure_browser();
    let seal = FormSeal::new(here, &browser, "login", &target, "");
    let view = pages::login::Login::new(
        here,
        query,
        typed.unwrap_or(hint),
        form_token::seal(here, Purpose::Form, &seal),
        notice,
    );
    let status = match notice {
        None => StatusCode::OK,
        Some(Notice::Failed) => StatusCode::FORBIDDEN,
        Some(Notice::Expired) => StatusCode::BAD_REQUEST,
    };
    Ok(with_cookie(pages::respond(here, status, &view), new_cookie))
}

async fn log_in(here: &mut Here, query: &str, request: Request) -> Result<Response, Error> {
    let target = target(query)?;
    let headers = request.headers().clone();
    let malformed = |reason: String| Problem::MalformedRequest { parameter: "body".to_owned(), reason };
    let form = body::form(request).await.map_err(|error| malformed(error.reason()))?;
    let one = |name: &str| {
        form.one(name).map(Option::unwrap_or_default).map_err(|r| malformed(format!("{} was sent more than once", r.0)))
    };
    let (login, password, stay) =
        (one("loginId")?, Secret::new(one("password")?), form.all("saveSignedIn").next().is_some());
    let browser = here.browser.clone().unwrap_or_default();
    if !FormSeal::new(here, &browser, "login", &target, "").fits(here, &headers, form.one(FIELD).ok().flatten()) {
        return show(here, query, Some(login), Some(Notice::Expired));
    }
    let stored = accounts::by_login(&here.platform.store, &LoginId::of(login)).await?;
    if !verify(here, stored.as_ref(), &password).await? {
        return show(here, query, Some(login), Some(Notice::Failed));
    }
    let Some(Stored { account, .. }) = stored else { return show(here, query, Some(login), Some(Notice::Failed)) };
    enter(here, &account, &target, stay).await
}

/// Begins a session of this person in this browser, and goes on.
pub(super) async fn enter(here: &Here, account: &Account, target: &str, stay: bool) -> Result<Response, Error> {
    let cookie_value = random::token(&*here.platform.random);
    let now = here.platform.now();
    let session = Session {
        id: secret::hash(&cookie_value),
        account_id: account.id,
        auth_time: now,
        expires_at: now.plus_seconds(lifetime(stay)),
        account_epoch: account.epoch,
    };
    let mut changes = vec![sessions::insert(&session, &here.device, &here.address)];
    if let Some(before) = here.session_id() {
        changes.push(sessions::delete(&before));
    }
    if account.attributes.dormant {
        changes.push(accounts::wake(account));
    }
    commit(&here.platform.store, changes).await?;
    let name = cookie::Names::of(&here.platform).session;
    Ok(with_cookie(redirect(target, true), cookie::set(&here.base, &name, &cookie_value, lifetime(stay))))
}

/// Verifies the password. One of a world file is hashed now, at its first use.
async fn verify(here: &Here, stored: Option<&Stored>, password: &Secret) -> Result<bool, Error> {
    let (platform, from) = (&here.platform, here.address.as_str());
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
    // Kept, it can be compared with the file at every start, and an export is whole.
    let keep = Some(sealed).filter(|_| platform.settings.seeds.kept_passwords);
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
