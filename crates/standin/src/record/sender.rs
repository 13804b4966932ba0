//! Finds the sender of an exchange: the person, the key and the app, where the request does not name them.

use axum::http::{HeaderMap, header};
use kakaw_core::account::Account;
use kakaw_core::account::LoginId;
use kakaw_core::account::session::SessionId;
use kakaw_core::crypto::secret;
use kakaw_core::token;
use kakaw_core::{AccountId, AppId};
use kakaw_store::{accounts, codes, grants, sessions};
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::Item;

use kakaw_platform::http::kauth;
use kakaw_platform::request::cookie;

use crate::unattended::hinted;
use crate::world::World;

/// What a token, a code, a typed log-in id or a session reveals about its sender.
#[derive(Debug, Default)]
pub struct Sender {
    /// The account's id.
    pub account: Option<AccountId>,
    /// Its log-in id.
    pub login: Option<String>,
    /// The key of the token or the code.
    pub app_key: Option<String>,
    /// The app of that key, or of the admin key.
    pub app: Option<AppId>,
    /// The items that the token or the code covers.
    pub scopes: Vec<Item>,
}

/// Returns the app of a key that a request names.
pub async fn app_of(world: &World, key: &str) -> Option<AppId> {
    kauth::find_key(&world.platform, key).await.ok()?.map(|(app, _)| app.id)
}

/// Finds the sender of a request.
pub async fn of(world: &World, headers: &HeaderMap, query: &str, form: &str) -> Sender {
    found(world, headers, query, form).await.unwrap_or_default()
}

async fn found(world: &World, headers: &HeaderMap, query: &str, form: &str) -> Option<Sender> {
    let (query, form) = (Pairs::parse(query).unwrap_or_default(), Pairs::parse(form).unwrap_or_default());
    let sent = |name: &str| form.one(name).ok().flatten();
    if let Some(login) = sent("loginId").or_else(|| hinted(headers, &query)) {
        return Some(Sender::of(
            accounts::by_login(&world.platform.store, &LoginId::of(login)).await.ok()??.account,
            None,
        ));
    }
    if let Some(code) = sent("code") {
        let found = codes::by_id(&world.platform.store, &secret::hash(code)).await.ok()??;
        let authorization = found.code.authorization;
        let scopes = authorization.scopes;
        let sender = Sender::of(found.account, Some((authorization.app_key, authorization.app_id)));
        return Some(Sender { scopes, ..sender });
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, credentials) = header.and_then(|value| value.split_once(' ')).unzip();
    if let Some(key) = credentials.filter(|_| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("KakaoAK"))) {
        return Some(Sender { app: app_of(world, key.trim()).await, ..Sender::default() });
    }
    let access = credentials
        .map(str::trim)
        .and_then(|text| token::open_access(&world.platform.sealer, text))
        .map(|token| token.grant_id);
    let refresh = || Some(token::open_refresh(&world.platform.sealer, sent("refresh_token")?)?.grant_id);
    if let Some(grant) = access.or_else(refresh) {
        let bearer = grants::bearer(&world.platform.store, grant).await.ok()??;
        let authorization = bearer.grant.authorization;
        let scopes = authorization.scopes;
        let sender = Sender::of(bearer.account, Some((authorization.app_key, authorization.app_id)));
        return Some(Sender { scopes, ..sender });
    }
    let session = cookie::read(headers, &cookie::Names::of(&world.platform).session)?;
    Some(Sender::of(
        sessions::with_account(&world.platform.store, &SessionId::of_cookie(&session)).await.ok()??.1,
        None,
    ))
}

impl Sender {
    fn of(account: Account, key: Option<(String, AppId)>) -> Self {
        let attributes = account.attributes;
        let (app_key, app) = key.unzip();
        let login = attributes.email.or(attributes.id);
        Self { account: Some(account.id), login, app_key, app, scopes: Vec::new() }
    }
}
