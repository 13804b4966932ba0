//! kapi: the user API, called with an access token, or by a service with its admin key.

mod call;
mod target;
pub mod v1_oidc_userinfo;
pub mod v1_user_access_token_info;
pub mod v1_user_ids;
pub mod v1_user_logout;
pub mod v1_user_service_terms;
pub mod v1_user_shipping_address;
pub mod v1_user_signup;
pub mod v1_user_unlink;
pub mod v1_user_update_profile;
pub mod v2_app_users;
pub mod v2_user_me;
pub mod v2_user_scopes;
pub mod v2_user_service_terms;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use kakaw_core::app::platform::{self, Identity};
use kakaw_core::app::{App, AppKey, KeyKind};
use kakaw_core::diagnosis::Refusal;
use kakaw_core::token::grant::Bearer;
use kakaw_core::token::{self, AccessToken};
use kakaw_store::{apps, grants};
use kakaw_wire::Problem;

use self::call::Call;
use crate::Platform;
use crate::endpoint::Routes;
use crate::http::error::Error;
use crate::request::context::text;
use crate::request::current;

/// Returns the routes of kapi, in the order of the documentation.
pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new()
        .merge(v2_user_me::routes())
        .merge(v1_user_access_token_info::routes())
        .merge(v1_user_logout::routes())
        .merge(v1_user_unlink::routes())
        .merge(v1_oidc_userinfo::routes())
        .merge(v1_user_ids::routes())
        .merge(v2_app_users::routes())
        .merge(v2_user_scopes::routes())
        .merge(v2_user_service_terms::routes())
        .merge(v1_user_service_terms::routes())
        .merge(v1_user_signup::routes())
        .merge(v1_user_update_profile::routes())
        .merge(v1_user_shipping_address::routes())
}

/// The caller and its app.
struct Caller {
    bearer: Bearer,
    app: Arc<App>,
    token: AccessToken,
}

impl Caller {
    /// Admits the bearer of the token in the header, with one read of its grant.
    async fn admit(call: &Call) -> Result<Self, Error> {
        Self::with_token(call, bearer_token(&call.headers)?).await
    }

    async fn with_token(call: &Call, text: &str) -> Result<Self, Error> {
        let platform = &call.platform;
        let now = platform.now();
        let token = token::present(&platform.sealer, text, now)?;
        let unknown = || Refusal::new(Problem::AccessTokenUnknown {}).because("its grant was ended and swept");
        let bearer = grants::bearer(&platform.store, token.grant_id).await?.ok_or_else(unknown)?;
        let app = apps::at(&platform.store, bearer.grant.authorization.app_id, bearer.app_version)
            .await?
            .ok_or_else(unknown)?;
        current::set_app(app.id);
        token::admit(Some(&bearer), &app, now)?;
        check_source(call, &app, &bearer.key)?;
        Ok(Self { bearer, app, token })
    }
}

/// Checks the address that the call comes from, and the quota.
fn check_source(call: &Call, app: &App, key: &AppKey) -> Result<(), Error> {
    if !platform::allows_address(key, call.address) {
        return Err(Problem::IpMismatched { ip: text(call.address), scheme: scheme(key).to_owned() }.into());
    }
    if let Some(ka) = call.headers.get("ka").and_then(|ka| ka.to_str().ok()) {
        platform::check(key, &Identity::of(ka))?;
    }
    if call.platform.quotas.calls.admits(app.id, app.settings.quotas.calls) {
        Ok(())
    } else {
        Err(Problem::QuotaExceeded {}.into())
    }
}

/// Returns the authentication scheme for the kind of key.
const fn scheme(key: &AppKey) -> &'static str {
    match key.kind {
        KeyKind::Admin => "KakaoAK",
        KeyKind::RestApi | KeyKind::Javascript | KeyKind::Native => "Bearer",
    }
}

/// Returns the token of `Authorization: Bearer …` (RFC 6750 §2.1).
fn bearer_token(headers: &HeaderMap) -> Result<&str, Error> {
    let missing = |finding: &str| Refusal::new(Problem::AccessTokenUnknown {}).because(finding);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values
        .next()
        .ok_or_else(|| missing("there is no Authorization header; expected Authorization: Bearer {access_token}"))?;
    if values.next().is_some() {
        let reason = "it was sent more than once".to_owned();
        return Err(Problem::WrongHeader { header: "Authorization".to_owned(), reason }.into());
    }
    let value = value.to_str().unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(missing("expected Authorization: Bearer {access_token}").into());
    }
    Ok(token.trim())
}
