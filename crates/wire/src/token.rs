//! Parameters and replies of `POST /oauth/token`.

use serde::{Deserialize, Serialize};

use crate::Span;

/// The reply to both grants. On a refresh, `refresh_token` and its lifetime appear only when it rotates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct TokenReply {
    /// Always `bearer`.
    pub token_type: String,
    /// Opaque.
    pub access_token: String,
    /// JWT; only with OpenID Connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// Seconds until the access token expires.
    pub expires_in: Span,
    /// Opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds until the refresh token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_expires_in: Option<Span>,
    /// Consent items agreed to, separated by spaces; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The transaction of a log-in by certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_id: Option<String>,
}

/// Reply of `POST /api/agt`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct AgtReply {
    /// Names the person of an access token to one authorization request, or to the shipping-address picker.
    pub agt: String,
}

/// Reply of `POST /oauth/authorize/prepare`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct PrepareReply {
    /// The transaction, for `kauth_tx_id` of the authorization request.
    pub kauth_tx_id: String,
}

/// Reply of `GET /apiweb/code.json`, always with HTTP 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct CodeReply {
    /// Whether there is a code.
    pub status: CodeStatus,
    /// `300`: not yet; `500`: the log-in failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Authorization code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// As OAuth 2.0 names the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// As the authorization request sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl CodeReply {
    /// The reply that says this and nothing else.
    #[must_use]
    pub const fn new(status: CodeStatus) -> Self {
        Self { status, error_code: None, code: None, error: None, error_description: None, state: None }
    }
}

/// Whether the reply of `GET /apiweb/code.json` has a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum CodeStatus {
    /// It has.
    Ok,
    /// It says why not.
    Error,
}

/// An error of kauth as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct KauthError {
    /// The name that OAuth 2.0 gives the error.
    pub error: String,
    /// The sentence that goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// `KOE` and three digits; absent for errors without a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}
