//! Errors of calls, with the causes' names from the official SDKs.

use kakaw_wire::Code;
use kakaw_wire::token::KauthError;
use kakaw_wire::user::KapiError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The authorization server refused.
    #[error("{cause:?}: {}", reply.error_description.as_deref().unwrap_or(&reply.error))]
    Auth {
        /// What is wrong, by its name in the official SDKs.
        cause: AuthErrorCause,
        /// `KOE…`, if the server sends one that the catalogue knows.
        code: Option<Code>,
        /// The whole reply.
        reply: KauthError,
    },
    /// The user API refused.
    #[error("{}: {}", .0.code, .0.msg)]
    Api(KapiError),
    /// The reply has an unknown format.
    #[error("{status}, and no answer of Kakao Login: {text}")]
    Undecodable {
        /// HTTP status.
        status: u16,
        /// The body.
        text: String,
    },
    /// The base URL is invalid.
    #[error("base URL {0}")]
    BaseUrl(String),
    /// There is no reply at all.
    #[error(transparent)]
    Network(#[from] reqwest::Error),
}

/// The errors of the authorization server (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specifications")]
pub enum AuthErrorCause {
    AccessDenied,
    ConsentRequired,
    InteractionRequired,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    LoginRequired,
    Misconfigured,
    ServerError,
    Unauthorized,
    Unknown,
}

impl AuthErrorCause {
    /// Returns the cause for an `error` on the wire.
    #[must_use]
    pub fn from_error(error: &str) -> Self {
        match error {
            "access_denied" => Self::AccessDenied,
            "consent_required" => Self::ConsentRequired,
            "interaction_required" => Self::InteractionRequired,
            "invalid_client" => Self::InvalidClient,
            "invalid_grant" => Self::InvalidGrant,
            "invalid_request" => Self::InvalidRequest,
            "invalid_scope" => Self::InvalidScope,
            "login_required" => Self::LoginRequired,
            "misconfigured" => Self::Misconfigured,
            "server_error" => Self::ServerError,
            "unauthorized" => Self::Unauthorized,
            _ => Self::Unknown,
        }
    }
}

impl Error {
    pub(crate) fn from_kauth(status: u16, text: &str) -> Self {
        match serde_json::from_str::<KauthError>(text) {
            Ok(reply) => Self::Auth {
                cause: AuthErrorCause::from_error(&reply.error),
                code: reply.error_code.as_deref().and_then(Code::from_id),
                reply,
            },
            Err(_) => Self::Undecodable { status, text: text.to_owned() },
        }
    }

    pub(crate) fn from_kapi(status: u16, text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(reply) => Self::Api(reply),
            Err(_) => Self::Undecodable { status, text: text.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_names_and_other_replies_are_kept_as_text() {
        let text = r#"{"error":"invalid_grant","error_description":"x","error_code":"KOE320"}"#;
        let Error::Auth { cause, code, .. } = Error::from_kauth(400, text) else { panic!("a refusal") };
        assert_eq!((cause, code), (AuthErrorCause::InvalidGrant, Some(Code::KOE320)));
        assert!(matches!(Error::from_kauth(502, "<html>"), Error::Undecodable { status: 502, .. }));
        assert!(matches!(
            Error::from_kapi(401, r#"{"msg":"x","code":-401}"#),
            Error::Api(KapiError { code: -401, .. })
        ));
        assert_eq!(AuthErrorCause::from_error("made_up"), AuthErrorCause::Unknown);
    }
}
