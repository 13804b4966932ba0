//! `POST /oauth/token` — exchange a code for tokens, or renew them with a refresh token.
//!
//! Spec: RFC 6749 §4.1.3, §5 and §6.

use kakaw_core::GrantId;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use kakaw_core::app::client_auth::{self, Credentials};
use kakaw_core::app::platform::{self, Identity};
use kakaw_core::app::{App, AppKey};
use kakaw_core::authorize::code::{Presented, Redemption, redeem};
use kakaw_core::crypto::secret;
use kakaw_core::policy::REFRESH_LIFETIME;
use kakaw_core::token::grant::{Bearer, Grant};
use kakaw_core::token::id_token;
use kakaw_core::token::refresh::{Renewal, renew};
use kakaw_core::token::request::{CAME_IN_QUERY, Parameters, instead_of_grant_type, parameters};
use kakaw_core::token::user_info::Pictures;
use kakaw_core::token::{self, AccessToken};
use kakaw_core::webhook::Event;
use kakaw_core::{Refusal, random};
use kakaw_store::{Error as StoreError, Outcome, codes, grants};
use kakaw_wire::Problem;
use kakaw_wire::event::EventType;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::{Item, OPENID};
use kakaw_wire::token::TokenReply;

use crate::Platform;
use crate::deliver::events;
use crate::endpoint::{About, Reply, Routes, no, when, yes};
use crate::http::error::{Error, json};
use crate::request::body;
use crate::request::body::BodyError;
use crate::request::context;
use crate::request::decision::decided;

const ABOUT: About = About::kauth(
    "Exchanges a code for tokens, or renews them with a refresh token.",
    Reply::json::<TokenReply>(),
)
.takes(&[
    yes("grant_type", "`authorization_code` or `refresh_token`, else KOE310"),
    yes("client_id", "the key that authorize had, else KOE101, KOE114"),
    when("client_secret", "if the feature is on", "in the body; HTTP Basic does not count, else KOE010"),
    when("code", "for a code", "unspent and not older than ten minutes, else KOE320"),
    when("redirect_uri", "by setting", "the one of authorize, else KOE303"),
    when("code_verifier", "with a challenge", "RFC 7636; any characters; `invalid_grant` if it does not fit"),
    when("refresh_token", "for a refresh", "KOE319 if blank, KOE322 if expired, replaced or ended"),
    no("android_key_hash", "of the SDKs: registered for a native or JavaScript key, else KOE009"),
    no("ios_bundle_id", "of the SDKs: registered for a native or JavaScript key, else KOE009"),
    no("client_origin", "of the SDKs: registered for a native or JavaScript key, else KOE009"),
])
.more(
    "Parameters come in the body. Where the setting `policy.token_parameters_in_query` is on, those of the query are read \
     when the body is empty. From an address that the key does not allow: KOE127. Too many requests in a minute: KOE237.",
);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/oauth/token", &ABOUT, post)
}

async fn post(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let base = context::base(&platform, &headers);
    let address = context::address(&platform, &headers, request.extensions());
    let sent = match Sent::read(&platform, request).await {
        Ok(sent) => sent,
        Err(error) => return error.kauth(&platform, &base),
    };
    match issue(&platform, &base, &address, &headers, &sent.parameters.pairs).await {
        Ok(reply) => {
            let decision = match reply.refresh_token {
                None => "refreshed: the refresh token goes on",
                Some(_) => "issued, with a new refresh token",
            };
            let reply = json(StatusCode::OK, &reply);
            if sent.parameters.in_query {
                decided(reply, format!("{decision}; {CAME_IN_QUERY}"))
            } else {
                decided(reply, decision)
            }
        }
        Err(error) => sent.explain(error).kauth(&platform, &base),
    }
}

/// The parameters that came, and what came in place of `grant_type`.
struct Sent {
    parameters: Parameters,
    instead: &'static str,
}

impl Sent {
    async fn read(platform: &Platform, request: Request) -> Result<Self, Error> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let bad = |reason: String| Problem::BadTokenRequest { reason };
        let body = match body::form_or_nothing(request).await {
            Ok(body) => body,
            Err(error @ BodyError::NotAForm(_)) => {
                return Err(Refusal::new(Problem::MissingGrantType {}).because(error.reason()).into());
            }
            Err(error) => return Err(bad(error.reason()).into()),
        };
        let policy = platform.policy();
        let query = match Pairs::parse(&query) {
            Ok(query) => query,
            Err(error) if policy.token_parameters_in_query && body.is_empty() => {
                return Err(bad(BodyError::Form(error).reason()).into());
            }
            // Nobody reads it.
            Err(_) => Pairs::default(),
        };
        let instead = instead_of_grant_type(&body, &query);
        Ok(Self { parameters: parameters(body, query, &policy), instead })
    }

    /// Adds where the parameters were to why they were refused.
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

/// The parameters of both grants.
struct Params<'a> {
    grant_type: Option<&'a str>,
    client_id: Option<&'a str>,
    client_secret: Option<&'a str>,
    code: Option<&'a str>,
    redirect_uri: Option<&'a str>,
    code_verifier: Option<&'a str>,
    refresh_token: Option<&'a str>,
    android_key_hash: Option<&'a str>,
    ios_bundle_id: Option<&'a str>,
    client_origin: Option<&'a str>,
}

impl<'a> Params<'a> {
    fn read(form: &'a Pairs) -> Result<Self, Error> {
        let one = |name| {
            form.one(name).map_err(|repeated| Problem::BadTokenRequest {
                reason: format!("{} was sent more than once", repeated.0),
            })
        };
        Ok(Self {
            grant_type: one("grant_type")?,
            client_id: one("client_id")?,
            client_secret: one("client_secret")?,
            code: one("code")?,
            redirect_uri: one("redirect_uri")?.filter(|uri| !uri.is_empty()),
            code_verifier: one("code_verifier")?.filter(|verifier| !verifier.is_empty()),
            refresh_token: one("refresh_token")?,
            android_key_hash: one("android_key_hash")?,
            ios_bundle_id: one("ios_bundle_id")?,
            client_origin: one("client_origin")?,
        })
    }
}

/// Whether the key may be used from where the request comes, and often enough is not too often.
fn check_source(
    platform: &Platform,
    params: &Params<'_>,
    address: &str,
    headers: &HeaderMap,
    app: &App,
    key: &AppKey,
) -> Result<(), Error> {
    if !platform::allows_address(key, address) {
        return Err(Problem::CallerAddressRefused { ip: address.to_owned() }.into());
    }
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let sent = Identity {
        android_key_hash: own(params.android_key_hash),
        ios_bundle_id: own(params.ios_bundle_id),
        web_origin: own(params.client_origin),
    };
    platform::check_at_kauth(key, &sent)?;
    if let Some(ka) = headers.get("ka").and_then(|ka| ka.to_str().ok()) {
        platform::check_at_kauth(key, &Identity::of(ka))?;
    }
    if platform.quotas.tokens.admits(app.id, app.settings.quotas.tokens) {
        Ok(())
    } else {
        Err(Problem::TokenRateLimit {}.into())
    }
}

/// Decides a token request.
///
/// # Errors
/// KOE codes of the token endpoint.
pub async fn issue(
    platform: &Platform,
    base: &str,
    address: &str,
    headers: &HeaderMap,
    form: &Pairs,
) -> Result<TokenReply, Error> {
    let params = Params::read(form)?;
    let grant_type = params.grant_type.unwrap_or_default();
    match grant_type {
        "authorization_code" | "refresh_token" => {}
        "" => return Err(Problem::MissingGrantType {}.into()),
        other => return Err(Problem::UnsupportedGrantType { grant_type: other.chars().take(100).collect() }.into()),
    }
    let found = match params.client_id {
        Some(client_id) if !client_id.is_empty() => super::find_key(platform, client_id).await?,
        _ => None,
    };
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credentials = Credentials {
        client_id: params.client_id.map(|id| id.chars().take(200).collect()),
        secret_hash: params
            .client_secret
            .filter(|s| !s.is_empty())
            .map(|s| secret::keyed_hash(platform.sealer.hash_key(), s)),
        secret_is_padded: params.client_secret.is_some_and(|secret| secret.trim() != secret),
        basic: basic.is_some_and(|value| value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))),
    };
    let (app, key) = client_auth::check(&credentials, found.as_ref().map(|(app, key)| (&**app, key)))?;
    check_source(platform, &params, address, headers, app, key)?;
    match grant_type {
        "refresh_token" => refresh(platform, base, app, key, params.refresh_token.unwrap_or_default()).await,
        _ => {
            let presented = Presented {
                code: params.code.unwrap_or_default().to_owned(),
                redirect_uri: params.redirect_uri.map(str::to_owned),
                code_verifier: params.code_verifier.map(str::to_owned),
            };
            exchange(platform, base, app, key, &presented).await
        }
    }
}

/// Marks a code that was burned without a grant.
const NO_GRANT: GrantId = GrantId(0);

async fn exchange(
    platform: &Platform,
    base: &str,
    app: &App,
    key: &AppKey,
    presented: &Presented,
) -> Result<TokenReply, Error> {
    let code_id = secret::hash(&presented.code);
    // Chosen before the first try, so that a try after an ambiguous commit recognizes its own work.
    let fresh = || GrantId(random::ordered_id(&*platform.random, platform.now()));
    let mut fresh_id = fresh();
    let mut last_error = None;
    for _ in 0..4 {
        let found = codes::by_id(&platform.store, &code_id).await?;
        // An earlier try was committed, and only its acknowledgment was lost.
        let (found, own) = match found {
            Some(found) if found.code.grant_id == Some(fresh_id) => (None, Some(found)),
            found => (found, None),
        };
        if let Some(found) = own {
            let tx_id = found.code.tx_id.clone();
            let grant = Grant::from_code(fresh_id, &found.code, found.code.spent_at.unwrap_or_else(|| platform.now()));
            return first_reply(platform, base, app, &bearer_of(found, grant, app, key), tx_id).await;
        }
        if found.as_ref().is_some_and(|found| found.code.openid) && app.settings.oidc {
            // No code is spent for an ID token that cannot be signed.
            platform.signer.keys().await?;
        }
        let current = |found: &codes::Found| found.code.is_current(&found.link, &found.account, found.key_epoch);
        let (stored, current) = found.as_ref().map_or((None, false), |found| (Some(&found.code), current(found)));
        let now = platform.now();
        let (grant_id, refusal) = match (redeem(presented, stored, current, key, &platform.policy(), now), stored) {
            (Redemption::Grant, _) => (fresh_id, None),
            (Redemption::Burn(refusal), _) => (NO_GRANT, Some(refusal)),
            (Redemption::Refuse(refusal), _) => return Err(refusal.into()),
            (Redemption::Replayed(refusal), stored) => {
                if let Some(first) = stored.and_then(|code| code.grant_id).filter(|id| *id != NO_GRANT) {
                    let Outcome::Committed =
                        platform.store.commit(vec![grants::end(first, now, "its code was used twice")]).await?
                    else {
                        continue;
                    };
                }
                return Err(refusal.into());
            }
        };
        let Some(found) = found else { continue };
        let grant = Grant::from_code(grant_id, &found.code, now);
        let mut changes = vec![codes::spend(&code_id, grant_id, now)];
        if refusal.is_none() {
            changes.push(grants::insert(&grant));
            changes.extend(events::told(platform, app, &found.link, &[Event::new(EventType::TokenIssued)]));
        }
        match (platform.store.commit(changes).await, refusal) {
            (Ok(Outcome::Committed), None) => {
                let tx_id = found.code.tx_id.clone();
                return first_reply(platform, base, app, &bearer_of(found, grant, app, key), tx_id).await;
            }
            (Ok(Outcome::Committed), Some(refusal)) => return Err(refusal.into()),
            // The grant's id was taken.
            (Ok(Outcome::Conflict(1)), _) => fresh_id = fresh(),
            // Somebody was faster: look again, and see who.
            (Ok(Outcome::Conflict(_)), _) => {}
            (Err(error), _) => last_error = Some(error),
        }
    }
    Err(last_error.map_or_else(Error::contention, Error::Store))
}

fn bearer_of(found: codes::Found, grant: Grant, app: &App, key: &AppKey) -> Bearer {
    Bearer { grant, link: found.link, account: found.account, key: key.clone(), app_version: app.version }
}

async fn first_reply(
    platform: &Platform,
    base: &str,
    app: &App,
    bearer: &Bearer,
    tx_id: Option<String>,
) -> Result<TokenReply, Error> {
    let grant = &bearer.grant;
    let mut reply = access_reply(platform, grant, &bearer.key);
    let openid = grant.openid && app.settings.oidc;
    if openid {
        reply.id_token = Some(sign_id_token(platform, base, app, bearer, grant.created_at).await?);
    }
    reply.tx_id = tx_id;
    reply.refresh_token = Some(token::issue_refresh(&platform.sealer, grant));
    reply.refresh_token_expires_in = Some(REFRESH_LIFETIME - 1);
    reply.scope = scope_text(&grant.scopes, openid);
    Ok(reply)
}

async fn refresh(platform: &Platform, base: &str, app: &App, key: &AppKey, text: &str) -> Result<TokenReply, Error> {
    if text.is_empty() {
        return Err(Problem::RefreshTokenBlank {}.into());
    }
    let opened = token::open_refresh(&platform.sealer, text);
    for _ in 0..4 {
        let bearer = match opened {
            Some(opened) => grants::bearer(&platform.store, opened.grant_id).await?,
            None => None,
        };
        if bearer.as_ref().is_some_and(|bearer| bearer.grant.openid) && app.settings.oidc {
            platform.signer.keys().await?;
        }
        let now = platform.now();
        let successor = match (renew(opened, bearer.as_ref(), &key.key, app, &platform.policy(), now), &bearer) {
            (Renewal::Keep, _) => None,
            (Renewal::Successor, Some(bearer)) => Some(bearer.grant.clone()),
            (Renewal::Rotate(next), _) => match platform.store.commit(vec![grants::rotate(&next)]).await? {
                Outcome::Committed => Some(*next),
                Outcome::Conflict(_) => continue,
            },
            (Renewal::Replayed(refusal), Some(bearer)) => {
                let end = grants::end(bearer.grant.id, now, "an outdated refresh token was used");
                let Outcome::Committed = platform.store.commit(vec![end]).await? else { continue };
                return Err(refusal.into());
            }
            (Renewal::Refuse(refusal) | Renewal::Replayed(refusal), _) => return Err(refusal.into()),
            (Renewal::Successor, None) => continue,
        };
        let Some(bearer) = bearer else { continue };
        let mut reply = access_reply(platform, &bearer.grant, key);
        if bearer.grant.openid && app.settings.oidc {
            reply.id_token = Some(sign_id_token(platform, base, app, &bearer, now).await?);
        }
        if let Some(next) = successor {
            reply.refresh_token = Some(token::issue_refresh(&platform.sealer, &next));
            reply.refresh_token_expires_in = Some((next.refresh_expires_at.0 - now.0 - 1) / 1000);
        }
        return Ok(reply);
    }
    Err(Error::contention())
}

fn access_reply(platform: &Platform, grant: &Grant, key: &AppKey) -> TokenReply {
    let lifetime = access_lifetime(platform, key);
    let access = AccessToken { grant_id: grant.id, expires_at: platform.now().plus_seconds(lifetime) };
    TokenReply {
        token_type: "bearer".to_owned(),
        access_token: token::issue_access(&platform.sealer, access, &*platform.random),
        id_token: None,
        // Whole seconds that are left once the answer has been read.
        expires_in: lifetime - 1,
        refresh_token: None,
        refresh_token_expires_in: None,
        scope: None,
        tx_id: None,
    }
}

/// Seconds that an access token of this key lives.
fn access_lifetime(platform: &Platform, key: &AppKey) -> i64 {
    platform.policy().rehearsal.access_lifetime.unwrap_or_else(|| key.kind.access_lifetime())
}

async fn sign_id_token(
    platform: &Platform,
    base: &str,
    app: &App,
    bearer: &Bearer,
    now: kakaw_core::Millis,
) -> Result<String, Error> {
    let expires_at = now.plus_seconds(access_lifetime(platform, &bearer.key));
    let claims = id_token::claims(bearer, app, base, &Pictures { base }, now, expires_at);
    let signed = platform.signer.keys().await?.first().and_then(|key| key.sign(&claims));
    signed.ok_or_else(|| Error::Store(StoreError::Unusable("the ID token could not be signed".to_owned())))
}

/// The scopes of an answer: separated by spaces, absent when there are none.
fn scope_text(scopes: &[Item], openid: bool) -> Option<String> {
    let mut words: Vec<&str> = scopes.iter().map(|item| item.id()).collect();
    if openid {
        words.push(OPENID);
    }
    (!words.is_empty()).then(|| words.join(" "))
}
