//! Whose log-in or call an exchange is, and through which key, where the request does not say so itself.

use axum::http::{HeaderMap, header};
use kakaw_core::{secret, token};
use kakaw_store::{accounts, codes, grants, sessions};
use kakaw_wire::form::Pairs;

use crate::http::cookie;
use crate::http::kauth::authorize::hinted;
use crate::world::World;

/// What a token, a code, a typed log-in id or a session tells of its sender.
#[derive(Debug, Default)]
pub struct Who {
    /// The account.
    pub account: Option<i64>,
    /// The key of the token or the code.
    pub app_key: Option<String>,
}

/// Finds out.
pub async fn of(world: &World, headers: &HeaderMap, query: &str, form: &str) -> Who {
    found(world, headers, query, form).await.unwrap_or_default()
}

async fn found(world: &World, headers: &HeaderMap, query: &str, form: &str) -> Option<Who> {
    let (query, form) = (Pairs::parse(query).unwrap_or_default(), Pairs::parse(form).unwrap_or_default());
    let sent = |name: &str| form.one(name).ok().flatten();
    let account = |id| Some(Who { account: Some(id), app_key: None });
    if let Some(login) = sent("loginId").or_else(|| hinted(headers, &query)) {
        return account(accounts::by_login(&world.store, login).await.ok()??.account.id);
    }
    if let Some(code) = sent("code") {
        let code = codes::by_id(&world.store, &secret::hash(code)).await.ok()??.code;
        return Some(Who { account: Some(code.account_id), app_key: Some(code.app_key) });
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let access = bearer.and_then(|value| value.split_once(' ')).map(|(_, text)| text.trim());
    let access = access.and_then(|text| token::open_access(&world.sealer, text)).map(|token| token.grant_id);
    let refresh = || Some(token::open_refresh(&world.sealer, sent("refresh_token")?)?.grant_id);
    if let Some(grant) = access.or_else(refresh) {
        let grant = grants::bearer(&world.store, grant).await.ok()??.grant;
        return Some(Who { account: Some(grant.account_id), app_key: Some(grant.app_key) });
    }
    let session = cookie::read(headers, &cookie::Names::of(world).session)?;
    account(sessions::with_account(&world.store, &secret::hash(&session)).await.ok()??.1.id)
}

/// For whom a call was answered, in words.
pub async fn named(world: &World, account: Option<i64>) -> Option<String> {
    let attributes = accounts::by_id(&world.store, account?).await.ok()??.account.attributes;
    Some(format!("answered for {}", attributes.email.or(attributes.id)?))
}
