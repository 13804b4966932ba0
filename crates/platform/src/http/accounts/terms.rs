//! `GET /terms` — agree to the account service's own terms, before any app. `POST /terms` — its form.

use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kakaw_core::crypto::seal::Purpose;
use kakaw_store::{accounts, sessions};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;

use super::checked_continue;
use crate::Platform;
use crate::audit;
use crate::commit::commit;
use crate::endpoint::{About, Param, Routes, yes};
use crate::http::error::Error;
use crate::http::kauth::authorize::interaction::{canonical, with_prompt_login};
use crate::pages;
use crate::request::body;
use crate::request::context::RequestContext;
use crate::request::form_token::{self, FIELD, FormToken};
use crate::request::redirect::{redirect, with_cookie};

const PAGE: About = About::page("Shows the terms of the account service itself, before those of any app.").takes(QUERY);

const FORM: About = About::page("Receives the form of the terms page: records that the person agrees.").in_query(QUERY);

const QUERY: &[Param] = &[yes("continue", "the authorization request to continue with")];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/terms", &PAGE, get).post("/terms", &FORM, post)
}

async fn get(mut context: RequestContext, RawQuery(query): RawQuery) -> Response {
    let result = agree(&mut context, &query.unwrap_or_default(), None).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn post(mut context: RequestContext, RawQuery(query): RawQuery, request: Request) -> Response {
    let headers = request.headers().clone();
    let result = match body::form(request).await {
        Ok(form) => agree(&mut context, &query.unwrap_or_default(), Some((form, headers))).await,
        Err(error) => Err(Problem::MalformedRequest { parameter: "body".to_owned(), reason: error.reason() }.into()),
    };
    result.unwrap_or_else(|error| error.page(&context))
}

async fn agree(
    context: &mut RequestContext,
    query: &str,
    posted: Option<(Pairs, HeaderMap)>,
) -> Result<Response, Error> {
    let malformed =
        |reason: &str| Problem::MalformedRequest { parameter: "continue".to_owned(), reason: reason.to_owned() };
    let pairs = Pairs::parse(query).map_err(|error| malformed(error.reason()))?;
    let target = pairs.one("continue").map_err(|_| malformed("it was sent more than once"))?;
    let target = checked_continue(target.unwrap_or_default())?;
    let session = match context.session_id() {
        Some(id) => sessions::with_account(&context.platform.store, &id).await?,
        None => None,
    };
    // Without a session, nobody can agree: authorize asks for the log-in first.
    let Some((_, account)) = session.filter(|(s, account)| s.is_live(account.epoch, context.platform.now())) else {
        return Ok(redirect(target, posted.is_some()));
    };
    let (_, new_cookie) = context.ensure_browser();
    let token = FormToken::new(context, "terms", target, &account.id.to_string());
    if let Some((form, headers)) = &posted
        && token.fits(context, headers, form.one(FIELD).ok().flatten())
    {
        let shown = pages::terms::text(context.lang);
        let mut changes = vec![accounts::agree_to_terms(account.id)];
        changes.extend(audit::account_terms(&context.platform, account.id, context.lang, shown).await?);
        commit(&context.platform.store, changes).await?;
        return Ok(redirect(target, true));
    }
    let status = if posted.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let view = pages::terms::Terms::new(
        context,
        &account,
        format!("/terms?{query}"),
        another_account(target),
        form_token::seal(context, Purpose::Form, &token),
    );
    Ok(with_cookie(pages::respond(status, &view), new_cookie))
}

/// Returns the authorization request for another person.
fn another_account(target: &str) -> String {
    let (path, query) = split_query(target);
    format!("{path}?{}", with_prompt_login(&canonical(query)))
}
