//! kauth: the authorization server.

pub mod agt;
pub mod authorize;
pub mod discovery;
pub mod event_transmitter;
pub mod jwks;
pub mod logout;
pub mod prepare;
pub mod token;
pub mod tokeninfo;

use std::sync::Arc;

use kakaw_core::Refusal;
use kakaw_core::app::{App, AppKey, KeyKind};
use kakaw_core::crypto::secret;
use kakaw_store::app_keys;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;

use crate::Platform;
use crate::endpoint::Routes;
use crate::origins::Surface;
use crate::request::current;

/// Returns the routes of kauth, in the order of the documentation. Those that read the session are pages of accounts,
/// to which kauth redirects.
pub fn routes() -> Routes<Arc<Platform>> {
    let page = |routes: Routes<_>| routes.on(Surface::Accounts).entered_from(Surface::Kauth);
    Routes::new()
        .merge(page(authorize::routes()))
        .merge(token::routes())
        .merge(tokeninfo::routes())
        .merge(page(logout::routes()))
        .merge(agt::routes())
        .merge(prepare::routes())
        .merge(discovery::routes())
        .merge(event_transmitter::routes())
        .merge(jwks::routes())
        .on(Surface::Kauth)
}

/// Returns the live key that a client names, of whatever kind. An admin key is found by its keyed hash.
pub async fn find_key(platform: &Platform, client_id: &str) -> kakaw_store::Result<Option<(Arc<App>, AppKey)>> {
    let mut found = app_keys::with_app(&platform.store, client_id).await?;
    if found.is_none() {
        let hash = secret::keyed_hash(platform.sealer.hash_key(), client_id);
        found = app_keys::with_app(&platform.store, &hash).await?;
    }
    if let Some((app, _)) = &found {
        current::set_app(app.id);
    }
    Ok(found)
}

/// Returns the target of a request without its own `redirect_uri`.
pub fn default_redirect_uri(key: &AppKey) -> Option<String> {
    let native = || (key.kind == KeyKind::Native).then(|| format!("kakao{}://oauth", key.key));
    key.settings.redirect_uris.first().cloned().or_else(native)
}

/// Parses the query of a page request (KOE001 when it cannot be decoded).
fn query(text: &str) -> Result<Pairs, Refusal> {
    Pairs::parse(text).map_err(|error| {
        Problem::MalformedRequest { parameter: error.parameter().to_owned(), reason: error.reason().to_owned() }.into()
    })
}
