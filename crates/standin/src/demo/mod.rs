//! `GET /demo` — a small sample service: log in, look at the tokens and at the person's information, log out.
//! `GET /demo/login` — to `/oauth/authorize`, with a fresh `state` and `nonce`.
//! `GET /demo/callback` — back from there: exchange the code.
//! `POST /demo/{refresh,logout,unlink}` — renew the tokens, end them, end the link.
//!
//! It is a client like any other: it knows an app key, talks HTTP and keeps what it gets in its own (sealed) cookie.
//! Only `kakaw dev` has it.

mod client;

use kakaw_core::Span;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use kakaw_core::app::KeyKind;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::random;
use kakaw_store::app_keys;
use kakaw_wire::form::Pairs;
use kakaw_wire::token::TokenReply;
use kakaw_wire::url::with_query;
use serde::{Deserialize, Serialize};

use crate::pages::demo::{Demo as Page, Shown};
use crate::world::Shared;
use kakaw_platform::endpoint::{Method, Routes};
use kakaw_platform::http::error::Error;
use kakaw_platform::manage;
use kakaw_platform::pages;
use kakaw_platform::request::context::RequestContext;
use kakaw_platform::request::cookie;
use kakaw_platform::request::form_token;
use kakaw_platform::request::redirect::{redirect, with_cookie};

pub use client::Client;

/// Where the demo is sent back to, below its base URL.
pub const CALLBACK: &str = "/demo/callback";

/// Routes of the demo of a server that listens on `address`.
/// The kind of the cookie with the sample service's tokens.
const COOKIE: char = 'd';

pub fn routes(address: SocketAddr) -> Routes<Shared> {
    Routes::new()
        .listed(Method::Get, "/demo", show)
        .listed(Method::Get, "/demo/login", log_in)
        .listed(Method::Get, CALLBACK, callback)
        .listed(Method::Post, "/demo/{action}", act)
        .layer(&Extension(Arc::new(Client::new(address))))
}

/// The app of the demo: one that has registered the demo's redirect URI.
struct Registration {
    app: String,
    client_id: String,
    client_secret: Option<String>,
    redirect_uri: String,
}

impl Registration {
    async fn find(context: &RequestContext) -> Result<Option<Self>, Error> {
        let redirect_uri = format!("{}{CALLBACK}", context.base);
        for app in manage::apps::all(&context.platform).await? {
            for stored in app_keys::of_app(&context.platform.store, app.id).await? {
                let registered = stored.key.settings.redirect_uris.contains(&redirect_uri);
                if registered && stored.key.kind == KeyKind::RestApi && !stored.key.deleted {
                    let open = |text: &String| context.platform.sealer.open(Purpose::Keep, text);
                    let client_secret = stored.sealed.as_ref().and_then(open);
                    return Ok(Some(Self {
                        app: app.settings.name,
                        client_id: stored.key.key,
                        client_secret: client_secret.and_then(|plain| String::from_utf8(plain).ok()),
                        redirect_uri,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Returns the parameters that identify and authenticate the app, for both grants.
    fn credentials(&self) -> Vec<(&str, &str)> {
        let secret = self.client_secret.as_deref().map(|secret| ("client_secret", secret));
        std::iter::once(("client_id", self.client_id.as_str())).chain(secret).collect()
    }
}

/// The contents of the demo's cookie.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    tokens: Option<TokenReply>,
}

fn kept(context: &RequestContext, headers: &HeaderMap) -> Kept {
    let name = cookie::name(&context.platform, COOKIE);
    let text = cookie::read_up_to(headers, &name, 4000);
    text.and_then(|text| form_token::open(context, Purpose::Interaction, &text)).unwrap_or_default()
}

fn keep(context: &RequestContext, response: Response, kept: &Kept) -> Response {
    let value = form_token::seal(context, Purpose::Interaction, kept);
    with_cookie(response, cookie::set(&context.base, &cookie::name(&context.platform, COOKIE), &value, Span::days(1)))
}

fn page(context: &RequestContext, shown: Shown) -> Response {
    pages::respond(StatusCode::OK, &Page::new(context, shown))
}

async fn show(context: RequestContext, headers: HeaderMap, Extension(client): Extension<Arc<Client>>) -> Response {
    let registration = match Registration::find(&context).await {
        Ok(Some(registration)) => registration,
        Ok(None) => return page(&context, Shown::Unregistered { redirect_uri: format!("{}{CALLBACK}", context.base) }),
        Err(error) => return error.page(&context),
    };
    let Some(tokens) = kept(&context, &headers).tokens else {
        return page(&context, Shown::LoggedOut { app: registration.app });
    };
    match client.api(&context, "/v2/user/me", &tokens.access_token, true).await {
        Ok(me) => {
            let uri = format!("{}/demo", context.base);
            let parameters =
                [("client_id", Some(registration.client_id.as_str())), ("logout_redirect_uri", Some(&uri))];
            let log_out = with_query("/oauth/logout", &parameters);
            page(&context, Shown::LoggedIn { app: registration.app, tokens: Box::new(tokens), me, log_out })
        }
        // The tokens have expired: the demo deletes them, as a service would.
        Err(error) => {
            keep(&context, page(&context, Shown::Failed { step: "GET /v2/user/me", error }), &Kept::default())
        }
    }
}

async fn log_in(context: RequestContext) -> Response {
    let registration = match Registration::find(&context).await {
        Ok(Some(registration)) => registration,
        Ok(None) => return redirect("/demo", false),
        Err(error) => return error.page(&context),
    };
    let (state, nonce) = (random::token(&*context.platform.random), random::token(&*context.platform.random));
    let parameters = [
        ("client_id", Some(registration.client_id.as_str())),
        ("redirect_uri", Some(&registration.redirect_uri)),
        ("response_type", Some("code")),
        ("state", Some(&state)),
        ("nonce", Some(&nonce)),
    ];
    let location = with_query("/oauth/authorize", &parameters);
    keep(&context, redirect(&location, false), &Kept { state, nonce, tokens: None })
}

async fn callback(
    context: RequestContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Extension(client): Extension<Arc<Client>>,
) -> Response {
    let pairs = Pairs::parse(&query.unwrap_or_default()).unwrap_or_default();
    let one = |name: &str| pairs.one(name).ok().flatten().unwrap_or_default();
    let mut kept = kept(&context, &headers);
    let failed = |error: String| page(&context, Shown::Failed { step: "GET /oauth/authorize", error });
    if kept.state.is_empty() || !secret::same(one("state"), &kept.state) {
        return failed("state: it differs from the one that this browser started with".to_owned());
    }
    if !one("error").is_empty() {
        return failed(format!("{}: {}", one("error"), one("error_description")));
    }
    let registration = match Registration::find(&context).await {
        Ok(Some(registration)) => registration,
        Ok(None) => return redirect("/demo", false),
        Err(error) => return error.page(&context),
    };
    let mut form = registration.credentials();
    form.extend([
        ("grant_type", "authorization_code"),
        ("redirect_uri", &registration.redirect_uri),
        ("code", one("code")),
    ]);
    match client.tokens(&context, &form).await {
        // The ID token contains the nonce of this browser (OpenID Connect Core §3.1.3.7).
        Ok(tokens) if tokens.id_token.as_deref().is_none_or(|token| crate::pages::demo::nonce(token) == kept.nonce) => {
            kept.tokens = Some(tokens);
            kept.state.clear();
            keep(&context, redirect("/demo", false), &kept)
        }
        Ok(_) => failed("nonce: it differs from the one that this browser started with".to_owned()),
        Err(error) => page(&context, Shown::Failed { step: "POST /oauth/token", error }),
    }
}

async fn act(
    context: RequestContext,
    headers: HeaderMap,
    Path(action): Path<String>,
    Extension(client): Extension<Arc<Client>>,
) -> Response {
    let mut kept = kept(&context, &headers);
    let Some(tokens) = kept.tokens.take().filter(|_| form_token::is_same_origin(&context, &headers)) else {
        return redirect("/demo", true);
    };
    let registration = match Registration::find(&context).await {
        Ok(Some(registration)) => registration,
        Ok(None) => return redirect("/demo", true),
        Err(error) => return error.page(&context),
    };
    let (step, result) = match action.as_str() {
        "refresh" => ("POST /oauth/token", renew(&client, &context, &registration, &tokens).await.map(Some)),
        "logout" => (
            "POST /v1/user/logout",
            client.api(&context, "/v1/user/logout", &tokens.access_token, false).await.map(|_| None),
        ),
        "unlink" => (
            "POST /v1/user/unlink",
            client.api(&context, "/v1/user/unlink", &tokens.access_token, false).await.map(|_| None),
        ),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match result {
        Ok(next) => {
            kept.tokens = next;
            keep(&context, redirect("/demo", true), &kept)
        }
        Err(error) => keep(&context, page(&context, Shown::Failed { step, error }), &Kept::default()),
    }
}

/// Gets new tokens. What the reply leaves out does not change.
async fn renew(
    client: &Client,
    context: &RequestContext,
    registration: &Registration,
    tokens: &TokenReply,
) -> Result<TokenReply, String> {
    let mut form = registration.credentials();
    let refresh_token = tokens.refresh_token.as_deref().unwrap_or_default();
    form.extend([("grant_type", "refresh_token"), ("refresh_token", refresh_token)]);
    let renewed = client.tokens(context, &form).await?;
    Ok(TokenReply {
        refresh_token: renewed.refresh_token.or_else(|| tokens.refresh_token.clone()),
        refresh_token_expires_in: renewed.refresh_token_expires_in.or(tokens.refresh_token_expires_in),
        scope: renewed.scope.or_else(|| tokens.scope.clone()),
        ..renewed
    })
}
