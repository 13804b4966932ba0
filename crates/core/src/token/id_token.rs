//! ID tokens: their claims, and the reply of `/oauth/tokeninfo`.

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

/// Returns the claims of the ID token for an access token with this expiry.
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

/// Verifies an ID token for `/oauth/tokeninfo` and returns its payload. `is_issuer` knows every issuer of this world.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Span;
    use crate::account::Attributes;
    use crate::app::Consent;
    use crate::samples::{self, NOW};

    const PICTURES: Pictures<'_> = Pictures { base: "https://us" };

    fn person() -> Attributes {
        Attributes {
            nickname: Some("N".to_owned()),
            email: Some("a@b.example".to_owned()),
            email_valid: true,
            email_verified: true,
            ..Attributes::default()
        }
    }

    #[test]
    fn claims_name_the_key_the_person_and_the_times() {
        let (app, bearer) = (samples::app(&[]), samples::bearer(person(), &[]));
        let claims = claims(&bearer, &app, "https://us", &PICTURES, NOW, NOW + Span::seconds(60));
        let expected = json!({
            "aud": "k",
            "sub": (1i64 << 32).to_string(),
            "auth_time": NOW.seconds() - 5,
            "iss": "https://us",
            "exp": NOW.seconds() + 60,
            "iat": NOW.seconds(),
            "nonce": "n",
        });
        assert_eq!(json!(claims), expected, "and nothing that was not agreed to");
    }

    #[test]
    fn each_claim_about_the_person_needs_its_item() {
        let items = [Item::Profile, Item::ProfileNickname, Item::ProfileImage, Item::AccountEmail];
        let app = samples::app(&items.map(|item| (item, Consent::Optional)));
        let of = |attributes: &Attributes, agreed: &[Item]| {
            let bearer = samples::bearer(attributes.clone(), agreed);
            let claims = claims(&bearer, &app, "https://us", &PICTURES, NOW, NOW);
            (claims.nickname.is_some(), claims.picture.is_some(), claims.email.is_some())
        };
        for (agreed, shown) in [
            (&[][..], (false, false, false)),
            (&[Item::Profile], (true, true, false)),
            (&[Item::ProfileNickname], (true, false, false)),
            (&[Item::ProfileImage], (false, true, false)),
            (&[Item::AccountEmail], (false, false, true)),
        ] {
            assert_eq!(of(&person(), agreed), shown, "{agreed:?}");
        }
        let lost = Attributes { email_valid: false, ..person() };
        let unverified = Attributes { email_verified: false, ..person() };
        for person in [lost, unverified] {
            assert!(!of(&person, &[Item::AccountEmail]).2, "only an address that is valid and verified");
        }
    }

    #[test]
    fn an_id_token_is_checked_for_form_issuer_signature_and_time_in_this_order() {
        let [key, _] = samples::signing_keys();
        let sign = |claims: &Value| key.sign_as("JWT", claims).expect("signed");
        let of = |token: &str, keys: &[Jwk], now: Millis| {
            let inspected = inspect(token, |issuer| issuer == "https://us", keys, now);
            inspected.map_err(|refusal| refusal.problem.code().id())
        };
        let keys = std::slice::from_ref(&key.jwk);
        let (good, no_time) = (json!({ "iss": "https://us", "exp": NOW.seconds() }), json!({ "iss": "https://us" }));
        let theirs = json!({ "iss": "https://them" });
        let earlier = Millis(NOW.0 - 1);
        for (token, keys, now, expected) in [
            ("x".to_owned(), keys, NOW, Err("KOE400")),
            (sign(&theirs), &[], NOW, Err("KOE401")),
            (sign(&json!({})), keys, NOW, Err("KOE401")),
            (sign(&good), &[], NOW, Err("KOE402")),
            (sign(&good), keys, NOW, Err("KOE403")),
            (sign(&no_time), keys, NOW, Err("KOE403")),
            (sign(&good), keys, earlier, Ok(good.clone())),
        ] {
            assert_eq!(of(&token, keys, now), expected, "{token}");
        }
        let late = inspect(&sign(&good), |_| true, keys, NOW + Span::seconds(5)).expect_err("late");
        assert_eq!(late.diagnosis.for_team(), ["it expired 5 s ago"]);
    }
}
