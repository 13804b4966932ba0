//! The reply to both grant types.

use kakaw_core::app::AppKey;
use kakaw_core::token::grant::{Bearer, Grant};
use kakaw_core::token::id_token;
use kakaw_core::token::user_info::Pictures;
use kakaw_core::token::{self, AccessToken};
use kakaw_core::{Millis, Span};
use kakaw_store::Error as StoreError;
use kakaw_wire::scope::{Item, OPENID};
use kakaw_wire::token::TokenReply;

use super::Client;
use crate::Platform;
use crate::http::error::Error;
use crate::origins::Surface;

/// The time until the client has read the reply. The reply names the whole seconds that remain then.
pub(crate) const MOMENT: Span = Span::milliseconds(1);

pub(crate) fn access_reply(platform: &Platform, grant: &Grant, key: &AppKey) -> TokenReply {
    let lifetime = access_lifetime(platform, key);
    let access = AccessToken { grant_id: grant.id, expires_at: platform.now() + lifetime };
    TokenReply {
        token_type: "bearer".to_owned(),
        access_token: token::issue_access(&platform.sealer, access, &*platform.random),
        id_token: None,
        expires_in: lifetime - MOMENT,
        refresh_token: None,
        refresh_token_expires_in: None,
        scope: None,
        tx_id: None,
    }
}

/// Returns the lifetime of an access token of this key.
fn access_lifetime(platform: &Platform, key: &AppKey) -> Span {
    platform.policy().overrides.access_lifetime.unwrap_or_else(|| key.kind.access_lifetime())
}

pub(crate) async fn sign_id_token(client: &Client<'_>, bearer: &Bearer, now: Millis) -> Result<String, Error> {
    let Client { platform, base, app, .. } = client;
    let expires_at = now + access_lifetime(platform, &bearer.key);
    // The same URL as in replies of kapi.
    let pictures = platform.surroundings.surface(base, Surface::Kapi);
    let claims = id_token::claims(bearer, app, base, &Pictures { base: &pictures }, now, expires_at);
    let signed = platform.signer.keys().await?.first().and_then(|key| key.sign(&claims));
    signed.ok_or_else(|| Error::Store(StoreError::Unusable("the ID token could not be signed".to_owned())))
}

/// Returns the scopes of a reply: separated by spaces, absent when there are none.
pub(crate) fn scope_text(scopes: &[Item], openid: bool) -> Option<String> {
    let mut words: Vec<&str> = scopes.iter().map(|item| item.id()).collect();
    if openid {
        words.push(OPENID);
    }
    (!words.is_empty()).then(|| words.join(" "))
}
