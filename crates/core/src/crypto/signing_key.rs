//! Signing keys for RS256. A key is parsed once and kept.

use std::fmt::Write as _;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents};
use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_wire::oidc::{Header, IdTokenClaims, Jwk};
use serde::Serialize;
use serde_json::Value;

use crate::crypto::secret::Secret;

/// A private key and its public half.
pub struct SigningKey {
    pair: KeyPair,
    /// The public half, as the key set publishes it.
    pub jwk: Jwk,
    header: String,
}

impl SigningKey {
    /// Generates a 2048-bit key. It takes tens of milliseconds, so no request may wait for it.
    #[must_use]
    pub fn generate() -> Option<Self> {
        Self::new(KeyPair::generate(KeySize::Rsa2048).ok()?)
    }

    /// Parses a key that [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &Secret) -> Option<Self> {
        let der = URL_SAFE_NO_PAD.decode(text.expose()).ok()?;
        Self::new(KeyPair::from_pkcs8(&der).ok()?)
    }

    /// Returns the private key as text, for sealing.
    #[must_use]
    pub fn to_text(&self) -> Option<Secret> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().ok()?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(der.as_ref())))
    }

    fn new(pair: KeyPair) -> Option<Self> {
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let mut kid = String::new();
        for byte in digest::digest(&digest::SHA256, n.as_bytes()).as_ref().iter().take(15) {
            write!(kid, "{byte:02x}").ok()?;
        }
        let header = Header { kid: kid.clone(), typ: "JWT".to_owned(), alg: "RS256".to_owned() };
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?);
        let jwk = Jwk { kid, kty: "RSA".to_owned(), alg: "RS256".to_owned(), usage: "sig".to_owned(), n, e };
        Some(Self { pair, jwk, header })
    }

    /// Signs claims as a compact JWS (RFC 7515).
    #[must_use]
    pub fn sign(&self, claims: &IdTokenClaims) -> Option<String> {
        self.sign_under(&self.header, claims)
    }

    /// Signs claims as a compact JWS of this `typ`, such as `secevent+jwt`.
    #[must_use]
    pub fn sign_as(&self, typ: &str, claims: &impl Serialize) -> Option<String> {
        let header = Header { kid: self.jwk.kid.clone(), typ: typ.to_owned(), alg: "RS256".to_owned() };
        self.sign_under(&URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?), claims)
    }

    #[expect(clippy::disallowed_types, reason = "the interface asks for one; this signature draws nothing from it")]
    fn sign_under(&self, header: &str, claims: &impl Serialize) -> Option<String> {
        let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).ok()?));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), token.as_bytes(), &mut signature)
            .ok()?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Some(token)
    }
}

/// A compact JWS in its parts. Its signature is not verified yet.
pub struct Jws<'a> {
    pub header: Header,
    pub claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Splits a token into its parts.
    #[must_use]
    pub fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let claims: Value = serde_json::from_slice(&json(claims)?).ok()?;
        if !claims.is_object() {
            return None;
        }
        Some(Self {
            header: serde_json::from_slice(&json(header)?).ok()?,
            claims,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether one of `keys` signed it with RS256. No other algorithm is accepted.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[Jwk]) -> bool {
        let Some(key) = keys.iter().find(|key| key.kid == self.header.kid) else { return false };
        let (Ok(n), Ok(e)) = (URL_SAFE_NO_PAD.decode(&key.n), URL_SAFE_NO_PAD.decode(&key.e)) else { return false };
        let params: &signature::RsaParameters = &RSA_PKCS1_2048_8192_SHA256;
        self.header.alg == "RS256"
            && RsaPublicKeyComponents { n: &n, e: &e }.verify(params, self.signed.as_bytes(), &self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples;

    fn part(json: &Value) -> String {
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    #[test]
    fn what_a_key_signs_its_public_half_verifies_and_no_other() {
        let [key, other] = samples::signing_keys();
        let token = key.sign_as("secevent+jwt", &json!({ "iss": "us" })).expect("signed");
        let jws = Jws::parse(&token).expect("a JWS");
        assert_eq!((jws.header.typ.as_str(), jws.header.alg.as_str()), ("secevent+jwt", "RS256"));
        assert_eq!((&jws.header.kid, &jws.claims), (&key.jwk.kid, &json!({ "iss": "us" })));
        assert!(jws.is_signed_by(&[other.jwk.clone(), key.jwk.clone()]));
        assert!(!jws.is_signed_by(std::slice::from_ref(&other.jwk)), "no key of this id");
        let renamed = Jwk { kid: key.jwk.kid.clone(), ..other.jwk.clone() };
        assert!(!jws.is_signed_by(&[renamed]), "another key under this id");
        // A header with another algorithm and an unchanged signature.
        let none = Jws { header: Header { alg: "none".to_owned(), ..jws.header }, ..jws };
        assert!(!none.is_signed_by(std::slice::from_ref(&key.jwk)));
        // Other claims with the same signature.
        let (header, signature) =
            (token.split('.').next().expect("header"), token.rsplit('.').next().expect("signature"));
        let forged = format!("{header}.{}.{signature}", part(&json!({ "iss": "them" })));
        assert!(!Jws::parse(&forged).expect("a JWS").is_signed_by(std::slice::from_ref(&key.jwk)));
    }

    #[test]
    fn a_key_is_read_back_with_its_id_and_id_tokens_are_jwts() {
        let [key, _] = samples::signing_keys();
        let text = key.to_text().expect("text");
        let again = SigningKey::from_text(&text).expect("read back");
        assert_eq!(again.jwk, key.jwk);
        let is_id = |text: &str| text.len() == 30 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        assert!(is_id(&key.jwk.kid), "{}", key.jwk.kid);
        let wire = json!(key.jwk);
        assert_eq!((&wire["kty"], &wire["alg"], &wire["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
        assert!(
            SigningKey::from_text(&Secret::new("AAAA")).is_none() && SigningKey::from_text(&Secret::new("!")).is_none()
        );
        let claims = IdTokenClaims {
            aud: "k".to_owned(),
            sub: "1".to_owned(),
            auth_time: 1,
            iss: "us".to_owned(),
            exp: 2,
            iat: 1,
            nonce: None,
            nickname: None,
            picture: None,
            email: None,
        };
        let token = again.sign(&claims).expect("signed");
        let jws = Jws::parse(&token).expect("a JWS");
        assert_eq!((jws.header.typ.as_str(), &jws.claims["sub"]), ("JWT", &json!("1")));
        assert!(jws.is_signed_by(std::slice::from_ref(&key.jwk)));
    }

    #[test]
    fn what_is_no_compact_jws_is_not_taken_apart() {
        let (header, claims) = (part(&json!({ "kid": "k", "alg": "RS256" })), part(&json!({ "a": 1 })));
        assert!(Jws::parse(&format!("{header}.{claims}.AAAA")).is_some());
        for token in [
            String::new(),
            "a.b".to_owned(),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.!"),
            format!("{header}.{}.AAAA", part(&json!([1]))),
            format!("{header}.{}.AAAA", part(&json!("text"))),
            format!("{}.{claims}.AAAA", part(&json!({ "kid": "k" }))),
            format!("{header}.x.{claims}.AAAA"),
        ] {
            assert!(Jws::parse(&token).is_none(), "{token}");
        }
    }
}
