//! `GET /weblogin/create_account` — create an account (`prompt=create`). `POST /weblogin/create_account` — its form.

use kakaw_core::AccountId;
use kakaw_core::account::LoginId;
use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::account::{Account, Attributes, is_email};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random;
use kakaw_core::validate::text;
use kakaw_store::accounts::Stored;
use kakaw_store::{Outcome, accounts};
use kakaw_wire::Problem;
use serde_json::json;

use super::login;
use crate::Platform;
use crate::audit::{self, Entry, Event, by};
use crate::endpoint::{About, Param, Routes, no, yes};
use crate::http::error::Error;
use crate::pages;
use crate::pages::create_account::Notice;
use crate::request::body;
use crate::request::context::RequestContext;
use crate::request::form_token::{self, FIELD, FormToken};
use crate::request::redirect::with_cookie;

const PAGE: About = About::page("Shows the page on which a person creates an account (`prompt=create`).")
    .takes(QUERY)
    .more("Only if the setting `sign_up` is on.");

const FORM: About =
    About::page("Receives the form of the page: creates an account and logs the person in.").in_query(QUERY).takes(&[
        yes("email", "an address that no account has; it is not verified"),
        yes("nickname", "1 to 20 characters"),
        yes("password", "8 to 200 characters"),
    ]);

const QUERY: &[Param] =
    &[yes("continue", "the authorization request to continue with"), no("lang", "`ko`, `en`, `ja`, `zh`")];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/weblogin/create_account", &PAGE, get).post("/weblogin/create_account", &FORM, post)
}

async fn get(mut context: RequestContext, RawQuery(query): RawQuery) -> Response {
    let result = show(&mut context, &query.unwrap_or_default(), ("", ""), None).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn post(mut context: RequestContext, RawQuery(query): RawQuery, request: Request) -> Response {
    let result = create(&mut context, &query.unwrap_or_default(), request).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn show(
    context: &mut RequestContext,
    query: &str,
    typed: (&str, &str),
    notice: Option<Notice>,
) -> Result<Response, Error> {
    if !context.platform.settings.sign_up {
        let (method, path) = ("GET".to_owned(), "/weblogin/create_account".to_owned());
        return Err(Problem::UnknownUrl { method, path, nearest: "GET /login".to_owned() }.into());
    }
    let target = login::target(query)?;
    let app = super::app_of(context, &target).await?;
    let (_, new_cookie) = context.ensure_browser();
    let token = FormToken::new(context, "create", &target, "");
    let form = form_token::seal(context, Purpose::Form, &token);
    let view = pages::create_account::CreateAccount::new(context, app, query, typed, form, notice);
    let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(with_cookie(pages::respond(status, &view), new_cookie))
}

async fn create(context: &mut RequestContext, query: &str, request: Request) -> Result<Response, Error> {
    let target = login::target(query)?;
    let headers = request.headers().clone();
    let malformed = |reason: String| Problem::MalformedRequest { parameter: "body".to_owned(), reason };
    let form = body::form(request).await.map_err(|error| malformed(error.reason()))?;
    let one = |name: &str| {
        form.one(name).map(Option::unwrap_or_default).map_err(|r| malformed(format!("{} was sent more than once", r.0)))
    };
    let (email, nickname, password) = (one("email")?.trim(), one("nickname")?.trim(), Secret::new(one("password")?));
    let fits =
        FormToken::new(context, "create", &target, "").fits_once(context, &headers, form.one(FIELD).ok().flatten());
    let notice = if !fits || !context.platform.settings.sign_up {
        Some(Notice::Expired)
    } else if !is_email(email) {
        Some(Notice::WrongEmail)
    } else if !text::fits(nickname, 20) {
        Some(Notice::WrongNickname)
    } else if !(8..=200).contains(&password.expose().chars().count()) {
        Some(Notice::WrongPassword)
    } else {
        None
    };
    if notice.is_some() {
        return show(context, query, (email, nickname), notice).await;
    }
    let hash = context.platform.passwords.hash(&context.address, &password, &*context.platform.random).await?;
    let now = context.platform.now();
    let account = Account {
        id: AccountId(random::ordered_id(&*context.platform.random, now)),
        version: 1,
        epoch: 0,
        restricted: false,
        agreed_to_terms: true,
        attributes: Attributes {
            email: Some(email.to_owned()),
            email_valid: true,
            nickname: Some(nickname.to_owned()),
            ..Attributes::default()
        },
    };
    let stored = Stored { account: account.clone(), password_hash: Some(hash), sealed_password: None };
    let mut changes = vec![accounts::insert(&stored, now), accounts::put_login(&LoginId::of(email), account.id)];
    if let Some((person, key)) = audit::person_of_commit(&context.platform, account.id).await? {
        changes.extend(key);
        let from = json!({ "address": context.address, "device": context.device, "email": email });
        let entry = Entry::new(Event::SignUp, by::PERSON).person(Some(&person)).private(from);
        changes.extend(entry.statement(&context.platform));
    }
    match context.platform.store.commit(changes).await? {
        Outcome::Committed => login::enter(context, &account, &target, false).await,
        Outcome::Conflict { .. } => show(context, query, (email, nickname), Some(Notice::Taken)).await,
    }
}
