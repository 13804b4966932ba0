//! The person that a call is about: the bearer of an access token, or the person named in a call with an admin key.

use kakaw_core::UserId;
use std::sync::Arc;

use axum::http::header;
use kakaw_core::account::Account;
use kakaw_core::app::{ApiGroup, App, KeyKind};
use kakaw_core::crypto::secret;
use kakaw_core::diagnosis::Refusal;
use kakaw_core::link::Link;
use kakaw_core::token;
use kakaw_core::token::grant::Bearer;
use kakaw_core::token::user_info::Subject;
use kakaw_store::{accounts, app_keys, links};
use kakaw_wire::Problem;

use super::Caller;
use super::call::{Call, bad};
use crate::Platform;
use crate::audit::by;
use crate::http::error::Error;
use crate::manage::at_rest;
use crate::request::current;
use crate::request::network::Network;

/// Wrong admin keys of one network count together: each guess names another key.
const ADMIN_KEYS: &str = "admin key";

/// The person, and the app.
pub(super) enum Target {
    /// Identified by an access token.
    Bearer(Box<Bearer>, Arc<App>),
    /// Named in a call with the app's admin key.
    Named(Box<(Account, Link)>, Arc<App>),
}

impl Target {
    /// Finds the person: `Authorization: Bearer …`, or `KakaoAK …` with `target_id_type` and `target_id`. The admin key
    /// must be allowed to call `api`.
    pub(super) async fn find(call: &Call, api: ApiGroup) -> Result<Self, Error> {
        let Some(app) = admin(call, api).await? else {
            let caller = Caller::admit(call).await?;
            return Ok(Self::Bearer(Box::new(caller.bearer), caller.app));
        };
        target_id_type(call)?;
        let user_id = call.number("target_id")?.ok_or_else(|| bad("target_id", "It cannot be null."))?;
        let found = linked(&call.platform, &app, UserId(user_id)).await?.ok_or(Problem::NotRegisteredUser {})?;
        token::check_awake(&found.0)?;
        Ok(Self::Named(Box::new(found), app))
    }

    /// Returns who calls, for the audit trail.
    pub(super) const fn by(&self) -> &'static str {
        match self {
            Self::Bearer(..) => by::PERSON,
            Self::Named(..) => by::APP,
        }
    }

    pub(super) const fn app(&self) -> &Arc<App> {
        match self {
            Self::Bearer(_, app) | Self::Named(_, app) => app,
        }
    }

    pub(super) fn link(&self) -> &Link {
        match self {
            Self::Bearer(bearer, _) => &bearer.link,
            Self::Named(named, _) => &named.1,
        }
    }

    /// Opens what the app may see of the person and is stored sealed.
    pub(super) fn open(&mut self, platform: &Platform) -> Result<(), Error> {
        match self {
            Self::Bearer(bearer, app) => at_rest::open_for(platform, app, &mut bearer.account)?,
            Self::Named(named, app) => at_rest::open_for(platform, app, &mut named.0)?,
        }
        Ok(())
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        match self {
            Self::Bearer(bearer, _) => (&**bearer).into(),
            Self::Named(named, _) => Subject { account: &named.0, link: &named.1, scopes: None },
        }
    }
}

/// Checks `target_id_type`, which has only one valid value.
pub(super) fn target_id_type(call: &Call) -> Result<(), Error> {
    match call.one("target_id_type")?.as_deref() {
        Some("user_id") => Ok(()),
        _ => Err(bad("target_id_type", "Expected user_id.")),
    }
}

/// Returns the person with this user id, if they are linked now.
pub(super) async fn linked(platform: &Platform, app: &App, user_id: UserId) -> Result<Option<(Account, Link)>, Error> {
    let Some(link) = links::by_user_id(&platform.store, app.id, user_id).await?.filter(|link| link.connected) else {
        return Ok(None);
    };
    Ok(accounts::by_id(&platform.store, link.account_id).await?.map(|stored| (stored.account, link)))
}

/// Returns the app whose admin key the call contains, if it contains one.
pub(super) async fn admin(call: &Call, api: ApiGroup) -> Result<Option<Arc<App>>, Error> {
    let platform = &call.platform;
    let value = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((_, key)) = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("KakaoAK")) else {
        return Ok(None);
    };
    let key = key.trim();
    let (throttle, network) = (&platform.throttle, Network::of_caller(call.address));
    if !throttle.admits_client(network, ADMIN_KEYS).await {
        return Err(Problem::QuotaExceeded {}.into());
    }
    let hash = secret::keyed_hash(platform.sealer.hash_key(), key);
    match app_keys::with_app(&platform.store, &hash).await? {
        Some((app, key)) if key.kind == KeyKind::Admin => {
            current::set_app(app.id);
            super::check_source(call, &app, &key)?;
            token::check_status(&app)?;
            if !key.settings.apis.is_empty() && !key.settings.apis.contains(&api) {
                let allowed: Vec<&str> = key.settings.apis.iter().map(|api| api.id()).collect();
                let refusal = Refusal::new(Problem::AdminKeyNotAllowed { api: api.id().to_owned() });
                return Err(refusal.because(format!("allowed for this key: {}", allowed.join(", "))).into());
            }
            Ok(Some(app))
        }
        _ => {
            throttle.client_failed(network, ADMIN_KEYS);
            let refusal = Refusal::new(Problem::AdminKeyUnknown { app_key: secret::masked(key) });
            let other = app_keys::with_app(&platform.store, key).await?.map(|(_, key)| key.kind.label());
            Err(match other {
                Some(kind) => refusal.because(format!("this is a {kind} key; expected an admin key")),
                None => refusal,
            }
            .into())
        }
    }
}

/// Returns the app whose admin key the call contains.
pub(crate) async fn admin_only(call: &Call, api: ApiGroup) -> Result<Arc<App>, Error> {
    admin(call, api).await?.ok_or_else(|| {
        Refusal::new(Problem::AdminKeyUnknown { app_key: String::new() })
            .because("expected Authorization: KakaoAK {admin key}")
            .into()
    })
}
