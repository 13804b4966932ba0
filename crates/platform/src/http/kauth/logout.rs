//! `GET /oauth/logout` — log out of the account in this browser too, then return to the app.
//! `POST /oauth/logout` — the form of that page.

use kakaw_core::Span;
use std::sync::Arc;

use axum::extract::{RawQuery, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kakaw_core::app::client_id;
use kakaw_core::app::{App, KeyKind};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::diagnosis::{self, Refusal};
use kakaw_store::sessions;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::with_query;

use crate::Platform;
use crate::commit::commit;
use crate::endpoint::{About, Param, Routes, no, yes};
use crate::http::error::Error;
use crate::pages;
use crate::request::body;
use crate::request::context::RequestContext;
use crate::request::cookie;
use crate::request::form_token::{self, FIELD, FormToken};
use crate::request::redirect::{redirect, with_cookie};

const PAGE: About = About::page("Offers to log out of the account in this browser too, then redirects to the app.")
    .takes(QUERY)
    .more("Tokens stay valid: the app ends its own session when the person comes back.");

const FORM: About =
    About::page("Receives the logout form: ends the session if the person chose so, then redirects to the app.")
        .in_query(QUERY)
        .takes(&[no("logout_with_kakao", "`true`: end the account session of this browser")]);

const QUERY: &[Param] = &[
    yes("client_id", "a REST API key, else KOE101, KOE008"),
    yes("logout_redirect_uri", "registered for the app and matching exactly, else KOE007"),
    no("state", "returned unchanged"),
];

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/oauth/logout", &PAGE, get).post("/oauth/logout", &FORM, post)
}

async fn get(mut context: RequestContext, RawQuery(query): RawQuery) -> Response {
    let result = log_out(&mut context, &query.unwrap_or_default(), None).await;
    result.unwrap_or_else(|error| error.page(&context))
}

async fn post(mut context: RequestContext, RawQuery(query): RawQuery, request: Request) -> Response {
    let headers = request.headers().clone();
    let result = match body::form(request).await {
        Ok(form) => log_out(&mut context, &query.unwrap_or_default(), Some((form, headers))).await,
        Err(error) => Err(Problem::MalformedRequest { parameter: "body".to_owned(), reason: error.reason() }.into()),
    };
    result.unwrap_or_else(|error| error.page(&context))
}

async fn log_out(
    context: &mut RequestContext,
    query: &str,
    posted: Option<(Pairs, HeaderMap)>,
) -> Result<Response, Error> {
    let target = target(context, query).await?;
    let is_post = posted.is_some();
    let session = match context.session_id() {
        Some(id) => sessions::with_account(&context.platform.store, &id)
            .await?
            .filter(|(s, account)| s.is_live(account.epoch, context.platform.now())),
        None => None,
    };
    let Some((session, account)) = session else { return Ok(redirect(&target.location, is_post)) };
    let (_, new_cookie) = context.ensure_browser();
    let token = FormToken::new(context, "logout", query, session.id.as_str());
    if let Some((form, headers)) = posted
        && token.fits(context, &headers, form.one(FIELD).ok().flatten())
    {
        let mut response = redirect(&target.location, true);
        if form.one("logout_with_kakao") == Ok(Some("true")) {
            commit(&context.platform.store, vec![sessions::delete(&session.id)]).await?;
            response = with_cookie(
                response,
                cookie::set(&context.base, &cookie::Names::of(&context.platform).session, "", Span::ZERO),
            );
        }
        return Ok(response);
    }
    let form = form_token::seal(context, Purpose::Form, &token);
    let view = pages::logout::Logout::new(context, &target.app, &account, format!("/oauth/logout?{query}"), form);
    Ok(with_cookie(pages::respond(StatusCode::OK, &view), new_cookie))
}

struct Target {
    app: Arc<App>,
    location: String,
}

/// Returns where to send the person, after checking the request.
async fn target(context: &RequestContext, query: &str) -> Result<Target, Error> {
    let pairs = super::query(query)?;
    for parameter in ["client_id", "logout_redirect_uri"] {
        if pairs.all(parameter).all(str::is_empty) {
            return Err(Problem::MissingParameter { parameter: parameter.to_owned() }.into());
        }
    }
    let one = |name: &str| {
        pairs.one(name).map(Option::unwrap_or_default).map_err(|repeated| Problem::MalformedRequest {
            parameter: repeated.0,
            reason: "it was sent more than once".to_owned(),
        })
    };
    let (client_id, uri, state) = (one("client_id")?, one("logout_redirect_uri")?, one("state")?);
    let (app, key) =
        super::find_key(&context.platform, client_id).await?.ok_or_else(|| client_id::unknown_key(client_id))?;
    if key.kind != KeyKind::RestApi {
        return Err(client_id::wrong_kind(key.kind, "/oauth/logout takes a REST API key").into());
    }
    if !app.settings.logout_redirect_uris.iter().any(|registered| registered == uri) {
        let refusal = Refusal::new(Problem::LogoutRedirectUriNotRegistered { logout_redirect_uri: uri.to_owned() });
        let findings = diagnosis::difference(uri, &app.settings.logout_redirect_uris);
        return Err(findings.into_iter().fold(refusal, Refusal::because).into());
    }
    let state = Some(state).filter(|state| !state.is_empty());
    Ok(Target { app, location: with_query(uri, &[("state", state)]) })
}
