//! `POST /oauth/token` — exchange a code for tokens, or renew them with a refresh token.
//!
//! Spec: RFC 6749 §4.1.3, §5 and §6.

mod exchange;
mod guesses;
mod refresh;
mod reply;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use kakaw_core::Refusal;
use kakaw_core::app::client_auth::{self, Credentials};
use kakaw_core::app::platform::{self, Identity};
use kakaw_core::app::{App, AppKey};
use kakaw_core::crypto::secret;
use kakaw_core::token::request::{
    CAME_IN_QUERY, GrantRequest, Parameters, TokenRequest, instead_of_grant_type, parameters,
};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::token::TokenReply;

use self::guesses::Guesses;
use crate::Platform;
use crate::endpoint::{About, Reply, Routes, no, when, yes};
use crate::http::error::{Error, json};
use crate::http::handler::{Plain, rendered};
use crate::request::body;
use crate::request::body::BodyError;
use crate::request::decision::decided;
use crate::request::{context, current};

const ABOUT: About = About::kauth(
    "Exchanges a code for tokens, or refreshes tokens with a refresh token.",
    Reply::json::<TokenReply>(),
)
.takes(&[
    yes("grant_type", "`authorization_code` or `refresh_token`, else KOE310"),
    yes("client_id", "the key of the authorization request, else KOE101, KOE114"),
    when("client_secret", "if the key has one", "in the body, else KOE010; HTTP Basic is not accepted"),
    when("code", "for a code", "unused and at most ten minutes old, else KOE320"),
    when("redirect_uri", "by policy", "the URI of the authorization request, else KOE303"),
    when("code_verifier", "with a challenge", "RFC 7636, any characters; `invalid_grant` if it does not match"),
    when("refresh_token", "for a refresh", "KOE319 if blank, KOE322 if expired, replaced or ended"),
    no("android_key_hash", "sent by the SDKs; registered for the native or JavaScript key, else KOE009"),
    no("ios_bundle_id", "sent by the SDKs; registered for the native or JavaScript key, else KOE009"),
    no("client_origin", "sent by the SDKs; registered for the native or JavaScript key, else KOE009"),
])
.more(
    "Send the parameters in the body. If the setting `policy.token_parameters_in_query` is on and the body is empty, the \
     query string is read. The setting `policy.redirect_uri_optional` decides whether a code exchange needs `redirect_uri`. \
     A request from an address that the key does not allow: KOE127. Too many requests per minute: KOE237.",
);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/oauth/token", &ABOUT, rendered(post, answer))
}

/// The token reply, and a description of the decision.
type Answer = (TokenReply, Cow<'static, str>);

async fn post(Plain { platform, request }: Plain) -> Result<Answer, Error> {
    let (Parts { uri, headers, .. }, body) = request.into_parts();
    let base = context::base(&platform, &headers);
    let address = current::address();
    let sent = Sent::read(&platform, uri.query(), &headers, body).await?;
    let guesses = Guesses::of(&platform, address, &sent.parameters.pairs);
    guesses.wait().await?;
    let reply = match issue(&platform, &base, address, &headers, &sent.parameters.pairs).await {
        Ok(reply) => reply,
        Err(error) => {
            guesses.count(&error).await;
            return Err(sent.explain(error));
        }
    };
    let decision = match reply.refresh_token {
        None => "refreshed: the refresh token goes on",
        Some(_) => "issued, with a new refresh token",
    };
    let in_query = sent.parameters.in_query;
    Ok((reply, if in_query { format!("{decision}; {CAME_IN_QUERY}").into() } else { decision.into() }))
}

fn answer(result: Result<Answer, Error>, platform: &Platform, base: &str) -> Response {
    match result {
        Ok((reply, decision)) => decided(json(StatusCode::OK, &reply), decision),
        Err(error) => error.kauth(platform, base),
    }
}

/// The parameters that were sent, and what was sent in place of `grant_type`.
struct Sent {
    parameters: Parameters,
    instead: &'static str,
}

impl Sent {
    async fn read(platform: &Platform, query: Option<&str>, headers: &HeaderMap, body: Body) -> Result<Self, Error> {
        let bad = |reason: String| Problem::BadTokenRequest { reason };
        let body = match body::form_or_nothing(headers, body).await {
            Ok(body) => body,
            Err(error @ BodyError::NotAForm(_)) => {
                return Err(Refusal::new(Problem::MissingGrantType {}).because(error.reason()).into());
            }
            Err(error) => return Err(bad(error.reason()).into()),
        };
        let policy = platform.policy();
        let query = match Pairs::parse(query.unwrap_or_default()) {
            Ok(query) => query,
            Err(error) if policy.token_parameters_in_query && body.is_empty() => {
                return Err(bad(BodyError::Form(error).reason()).into());
            }
            // A query that cannot be decoded is not used.
            Err(_) => Pairs::default(),
        };
        let instead = instead_of_grant_type(&body, &query);
        Ok(Self { parameters: parameters(body, query, &policy), instead })
    }

    /// Adds to an error where the parameters were.
    fn explain(&self, error: Error) -> Error {
        let error = match &error {
            Error::Refused(refusal) if matches!(refusal.problem, Problem::MissingGrantType {}) => {
                error.because(self.instead)
            }
            _ => error,
        };
        if self.parameters.in_query { error.because(CAME_IN_QUERY) } else { error }
    }
}

/// An authenticated app key, and the platform under the base URL of the call.
struct Client<'a> {
    platform: &'a Platform,
    base: &'a str,
    app: &'a App,
    key: &'a AppKey,
}

/// Decides a token request.
///
/// # Errors
/// KOE codes of the token endpoint.
pub async fn issue(
    platform: &Platform,
    base: &str,
    address: Option<IpAddr>,
    headers: &HeaderMap,
    form: &Pairs,
) -> Result<TokenReply, Error> {
    let request = TokenRequest::parse(form)?;
    let found = match request.client_id {
        Some(client_id) if !client_id.is_empty() => super::find_key(platform, client_id).await?,
        _ => None,
    };
    let credentials = credentials(platform, &request, headers);
    let (app, key) = client_auth::check(&credentials, found.as_ref().map(|(app, key)| (&**app, key)))?;
    let client = Client { platform, base, app, key };
    check_source(&client, &request.identity, address, headers)?;
    match request.grant {
        GrantRequest::AuthorizationCode(presented) => exchange::exchange(&client, &presented).await,
        GrantRequest::RefreshToken { refresh_token } => refresh::refresh(&client, &refresh_token).await,
    }
}

fn credentials(platform: &Platform, request: &TokenRequest<'_>, headers: &HeaderMap) -> Credentials {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = request.client_secret.filter(|secret| !secret.is_empty());
    Credentials {
        client_id: request.client_id.map(|id| id.chars().take(200).collect()),
        secret_hash: secret.map(|secret| secret::keyed_hash(platform.sealer.hash_key(), secret)),
        secret_is_padded: secret.is_some_and(|secret| secret.trim() != secret),
        basic: basic.is_some_and(|value| value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))),
    }
}

/// Checks the address that the request comes from, and the quota.
fn check_source(
    client: &Client<'_>,
    sent: &Identity,
    address: Option<IpAddr>,
    headers: &HeaderMap,
) -> Result<(), Error> {
    let Client { platform, app, key, .. } = client;
    if !platform::allows_address(key, address) {
        return Err(Problem::CallerAddressRefused { ip: context::text(address) }.into());
    }
    platform::check_at_kauth(key, sent)?;
    if let Some(ka) = headers.get("ka").and_then(|ka| ka.to_str().ok()) {
        platform::check_at_kauth(key, &Identity::of(ka))?;
    }
    if platform.quotas.tokens.admits(app.id, app.settings.quotas.tokens) {
        Ok(())
    } else {
        Err(Problem::TokenRateLimit {}.into())
    }
}
