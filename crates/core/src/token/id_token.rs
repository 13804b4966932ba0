//! ID tokens: which claims they carry, and what `/oauth/tokeninfo` says of them.

use kakaw_wire::Problem;
use kakaw_wire::oidc::{IdTokenClaims, Jwk};
use kakaw_wire::scope::Item;
use serde_json::Value;

use crate::Millis;
use crate::app::App;
use crate::crypto::signing_key::Jws;
use crate::diagnosis::Refusal;
use crate::token::grant::Bearer;
use crate::token::user_info::{self, Pictures};

/// The claims of the ID token that goes with an access token of this expiry.
#[must_use]
pub fn claims(
    bearer: &Bearer,
    app: &App,
    issuer: &str,
    pictures: &Pictures<'_>,
    now: Millis,
    expires_at: Millis,
) -> IdTokenClaims {
    let attributes = &bearer.account.attributes;
    let sees = user_info::visible(bearer.into(), app);
    let may = |items: &[Item]| items.iter().any(|item| sees.contains(item));
    IdTokenClaims {
        aud: bearer.key.key.clone(),
        sub: bearer.link.user_id.to_string(),
        auth_time: bearer.grant.authorization.auth_time.seconds(),
        iss: issuer.to_owned(),
        exp: expires_at.seconds(),
        iat: now.seconds(),
        nonce: bearer.grant.authorization.nonce.clone(),
        nickname: attributes.nickname.clone().filter(|_| may(&[Item::Profile, Item::ProfileNickname])),
        picture: pictures.thumbnail(attributes).filter(|_| may(&[Item::Profile, Item::ProfileImage])),
        email: attributes
            .email
            .clone()
            .filter(|_| may(&[Item::AccountEmail]) && attributes.email_valid && attributes.email_verified),
    }
}

/// Verifies an ID token for `/oauth/tokeninfo` and returns its payload. `is_issuer` knows all of this world's.
///
/// # Errors
/// KOE400, KOE401, KOE402, KOE403, in this order.
pub fn inspect(token: &str, is_issuer: impl Fn(&str) -> bool, keys: &[Jwk], now: Millis) -> Result<Value, Refusal> {
    let jws = Jws::parse(token).ok_or_else(|| {
        Refusal::new(Problem::IdTokenFormat {}).because("expected three parts of base64url, separated by dots")
    })?;
    let issuer = jws.claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    if !is_issuer(issuer) {
        return Err(Refusal::new(Problem::IdTokenIssuer {}).because(format!("iss is {issuer}")));
    }
    if !jws.is_signed_by(keys) {
        let finding =
            format!("kid {} with {} does not verify against the published keys", jws.header.kid, jws.header.alg);
        return Err(Refusal::new(Problem::IdTokenSignature {}).because(finding));
    }
    let expires_at = jws.claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    if now.seconds() >= expires_at {
        return Err(Refusal::new(Problem::IdTokenExpired {})
            .because(format!("it expired {} s ago", now.seconds() - expires_at)));
    }
    Ok(jws.claims)
}
