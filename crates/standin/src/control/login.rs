//! `POST /control/v1/login` — log a person in without pages: the redirect, or the tokens.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use kakaw_core::app::KeyKind;
use kakaw_core::app::client_id;
use kakaw_store::app_keys;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope;
use kakaw_wire::url::{split_query, with_query};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Sent;
use crate::json::set;
use crate::world::{Shared, World};
use kakaw_platform::http::error::{self, Error};
use kakaw_platform::http::kauth;
use kakaw_platform::manage;
use kakaw_platform::request::context::RequestContext;
use kakaw_platform::request::settled::{Settled, Unattended};

/// The body.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogIn {
    /// App key; default: the REST API key, if only one app has one.
    client_id: Option<String>,
    /// Login id.
    person: String,
    /// Default: the first redirect URI that is registered for the key.
    redirect_uri: Option<String>,
    /// Items, service terms and channels that the person agrees to; default: everything that is requested.
    only: Option<Vec<String>>,
    /// `true`: the person presses Cancel.
    deny: bool,
    /// `true`: also exchange the code for tokens.
    tokens: bool,
    /// Client secret for the exchange.
    client_secret: Option<String>,
    /// More parameters of the authorization request: `scope`, `state`, `nonce`, `prompt` …
    parameters: BTreeMap<String, String>,
}

pub async fn post(State(shared): State<Shared>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(context) = RequestContext::from_request_parts(&mut parts, &shared).await;
    let (caller, request) = match Sent::<LogIn>::from_request(Request::from_parts(parts, body), &shared).await {
        Ok(Sent(caller, request)) => (caller, request),
        Err(response) => return response,
    };
    match log_in(&shared.0, context, &request).await {
        Ok(answer) => error::json(StatusCode::OK, &answer),
        Err(error) => error.kauth(&shared.0.platform, &caller.base),
    }
}

async fn log_in(world: &Arc<World>, context: RequestContext, request: &LogIn) -> Result<Value, Error> {
    let base = context.base.clone();
    let client_id = match &request.client_id {
        Some(client_id) => client_id.clone(),
        None => only_key(world).await?,
    };
    let (_, key) =
        kauth::find_key(&world.platform, &client_id).await?.ok_or_else(|| client_id::unknown_key(&client_id))?;
    let first = kauth::default_redirect_uri(&key);
    let redirect_uri = request.redirect_uri.clone().or(first).unwrap_or_default();
    let only =
        request.only.as_ref().map(|only| only.iter().flat_map(|one| scope::split(one)).map(str::to_owned).collect());
    let unattended = Unattended { person: request.person.clone(), deny: request.deny, only, named_by: "person" };
    let mut parameters = vec![
        ("client_id", Some(client_id.as_str())),
        ("redirect_uri", Some(redirect_uri.as_str())),
        ("response_type", Some("code")),
    ];
    parameters.extend(request.parameters.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))));
    let url = with_query("/oauth/authorize", &parameters);
    let query = split_query(&url).1.to_owned();
    let context = RequestContext { settled: Some(Settled::Subject(unattended)), ..context };
    let response = kauth::authorize::without_pages(context, query).await?;
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location.filter(|location| location.starts_with(&redirect_uri)) else {
        let reason = format!(
            "{} cannot log in without pages: the account is restricted, or has not agreed to the account's terms",
            request.person
        );
        return Err(Problem::BadTokenRequest { reason }.into());
    };
    let sent = location.get(redirect_uri.len() + 1..).map(Pairs::parse).and_then(Result::ok).unwrap_or_default();
    let mut answer = json!({ "redirect": location });
    for name in ["code", "error", "error_description", "state"] {
        if let Some(value) = sent.one(name).ok().flatten() {
            set(&mut answer, name, value);
        }
    }
    // All its exchanges belong to one log-in, as if a person had gone through the pages.
    let flow = world.requests.begin_flow();
    if let Some(code) = sent.one("code").ok().flatten() {
        world.requests.belongs(code, flow);
    }
    if let (true, Some(code)) = (request.tokens, sent.one("code").ok().flatten()) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client_id.as_str()),
            ("redirect_uri", &redirect_uri),
            ("code", code),
        ];
        form.extend(request.client_secret.as_deref().map(|secret| ("client_secret", secret)));
        let form: Pairs = form.into_iter().collect();
        let reply =
            kauth::token::issue(&world.platform, &base, Some(Ipv4Addr::LOCALHOST.into()), &HeaderMap::new(), &form)
                .await?;
        for token in [Some(&reply.access_token), reply.refresh_token.as_ref()].into_iter().flatten() {
            world.requests.belongs(token, flow);
        }
        set(&mut answer, "tokens", json!(reply));
    }
    Ok(answer)
}

/// Returns the default key: the first REST API key of the only app that has any.
async fn only_key(world: &World) -> Result<String, Error> {
    let mut found = Vec::new();
    for app in manage::apps::all(&world.platform).await? {
        let keys = app_keys::of_app(&world.platform.store, app.id).await?;
        let key = keys.into_iter().map(|stored| stored.key).find(|key| key.kind == KeyKind::RestApi && !key.deleted);
        found.extend(key.map(|key| (app.settings.name.clone(), key.key)));
    }
    let reason = match <[_; 1]>::try_from(found) {
        Ok([(_, key)]) => return Ok(key),
        Err(found) if found.is_empty() => "client_id is missing, and no app has a REST API key".to_owned(),
        Err(found) => {
            let all: Vec<String> = found.iter().map(|(name, key)| format!("{key} ({name})")).collect();
            format!("client_id is missing, and several apps have a REST API key; expected one of {}", all.join(", "))
        }
    };
    Err(Problem::BadTokenRequest { reason }.into())
}
