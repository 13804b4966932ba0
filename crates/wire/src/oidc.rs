//! OpenID Connect: the discovery document, the key set, ID-token claims and user info.

use serde::{Deserialize, Serialize};

/// Claims of an ID token (OpenID Connect Core §2), as Kakao Login issues them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdTokenClaims {
    /// The app key that was sent as `client_id`.
    pub aud: String,
    /// The person's user id, as text.
    pub sub: String,
    /// When the person logged in, in Unix seconds.
    pub auth_time: i64,
    /// Issuer.
    pub iss: String,
    /// Expiry in Unix seconds, which is the access token's.
    pub exp: i64,
    /// When the token was issued or refreshed, in Unix seconds.
    pub iat: i64,
    /// `nonce` of the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Present with `profile` or `profile_nickname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Thumbnail of the profile picture; present with `profile` or `profile_image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Present with `account_email`, and only when the address is valid and verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Header of an ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct Header {
    /// Id of the key that signed the token.
    pub kid: String,
    /// `JWT`.
    #[serde(default)]
    pub typ: String,
    /// `RS256`.
    pub alg: String,
}

/// A public key of the set (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct Jwk {
    /// Key id: lower-case hexadecimal.
    pub kid: String,
    /// `RSA`.
    pub kty: String,
    /// `RS256`.
    pub alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Modulus, base64url.
    pub n: String,
    /// Exponent, base64url.
    pub e: String,
}

/// The key set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct Jwks {
    /// At least two keys: the one that signs and the next one.
    pub keys: Vec<Jwk>,
}

/// Who sends security events, and how (Shared Signals Framework §6).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct EventTransmitter {
    /// The `iss` of its events.
    pub issuer: String,
    /// The keys that sign them.
    pub jwks_uri: String,
    /// How events are delivered.
    pub delivery_methods_supported: OneOrMany,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it")]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The discovery document (OpenID Connect Discovery §3), with the fields that Kakao Login publishes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct Discovery {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub jwks_uri: String,
    pub token_endpoint_auth_methods_supported: Vec<String>,
    pub subject_types_supported: Vec<String>,
    pub id_token_signing_alg_values_supported: Vec<String>,
    pub request_uri_parameter_supported: bool,
    pub response_types_supported: Vec<String>,
    pub response_modes_supported: Vec<String>,
    pub grant_types_supported: Vec<String>,
    pub code_challenge_methods_supported: Vec<String>,
    pub claims_supported: Vec<String>,
}

impl Discovery {
    /// Returns the document of an issuer whose endpoints are below `kauth` and `kapi`.
    #[must_use]
    pub fn of(issuer: &str, kauth: &str, kapi: &str) -> Self {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: format!("{kauth}/oauth/authorize"),
            token_endpoint: format!("{kauth}/oauth/token"),
            userinfo_endpoint: format!("{kapi}/v1/oidc/userinfo"),
            jwks_uri: format!("{kauth}/.well-known/jwks.json"),
            token_endpoint_auth_methods_supported: list(&["client_secret_post"]),
            subject_types_supported: list(&["public"]),
            id_token_signing_alg_values_supported: list(&["RS256"]),
            request_uri_parameter_supported: false,
            response_types_supported: list(&["code"]),
            response_modes_supported: list(&["query"]),
            grant_types_supported: list(&["authorization_code", "refresh_token"]),
            code_challenge_methods_supported: list(&["S256"]),
            claims_supported: list(&[
                "iss",
                "aud",
                "sub",
                "auth_time",
                "exp",
                "iat",
                "nonce",
                "nickname",
                "picture",
                "email",
            ]),
        }
    }
}

/// Reply of `GET /v1/oidc/userinfo`. Only claims that the person agreed to are present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct UserInfo {
    pub sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
}
