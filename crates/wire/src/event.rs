//! Account-status events as security event tokens (RFC 8417), and the reasons for an unlink.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident $id:literal $category:ident;)*) => {
        /// A type of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names are those of the wire")]
        pub enum EventType { $($(#[$doc])* #[serde(rename = $id)] $variant,)* }

        impl EventType {
            /// Every type, in the order in which the console lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the last part of the event's URI, which is also its name in settings.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Returns the vocabulary that the event belongs to.
            #[must_use]
            pub const fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category,)* }
            }
        }
    };
}

events! {
    UserLinked "user-linked" Oauth;
    UserUnlinked "user-unlinked" Oauth;
    UserScopeConsent "user-scope-consent" Oauth;
    UserScopeWithdraw "user-scope-withdraw" Oauth;
    /// All tokens of a person.
    TokensRevoked "tokens-revoked" Oauth;
    TokenIssued "token-issued" Oauth;
    TokenRevoked "token-revoked" Oauth;
    AccountCredentialChangeRequired "account-credential-change-required" Risc;
    AccountDisabled "account-disabled" Risc;
    AccountEnabled "account-enabled" Risc;
    AccountPurged "account-purged" Risc;
    CredentialCompromise "credential-compromise" Risc;
    IdentifierChanged "identifier-changed" Risc;
    IdentifierRecycled "identifier-recycled" Risc;
    SessionsRevoked "sessions-revoked" Risc;
    AssuranceLevelChange "assurance-level-change" Caep;
    CredentialChange "credential-change" Caep;
    UserProfileChanged "user-profile-changed" Kakao;
}

/// The vocabularies of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// OAuth events of the OpenID Foundation.
    Oauth,
    /// Risk Incident Sharing and Coordination (OpenID RISC). Needs the permission and the person's consent.
    Risc,
    /// Continuous Access Evaluation Profile (OpenID CAEP). Needs the permission and the person's consent.
    Caep,
    /// Kakao's own events.
    Kakao,
}

impl EventType {
    /// Returns the event's URI: the key under `events`.
    #[must_use]
    pub fn uri(self) -> String {
        let place = match self.category() {
            Category::Oauth => "schemas.openid.net/secevent/oauth",
            Category::Risc => "schemas.openid.net/secevent/risc",
            Category::Caep => "schemas.openid.net/secevent/caep",
            Category::Kakao => "schemas.kakao.com/platevent/kakao",
        };
        format!("https://{place}/event-type/{}", self.id())
    }
}

/// Why a person was unlinked: `referrer_type` of the unlink webhook, `reason` of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the documentation's")]
pub enum UnlinkReason {
    AccountDelete,
    ForcedAccountDelete,
    UnlinkFromAdmin,
    UnlinkFromApps,
    /// A pre-registered person did not sign up in time.
    IncompleteSignUp,
    RevokeAccountServiceTerms,
    /// The service unlinked the person itself. The unlink webhook is not called then.
    UnlinkFromService,
}

impl UnlinkReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::AccountDelete,
        Self::ForcedAccountDelete,
        Self::UnlinkFromAdmin,
        Self::UnlinkFromApps,
        Self::IncompleteSignUp,
        Self::RevokeAccountServiceTerms,
        Self::UnlinkFromService,
    ];

    /// Returns the name on the wire.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::AccountDelete => "ACCOUNT_DELETE",
            Self::ForcedAccountDelete => "FORCED_ACCOUNT_DELETE",
            Self::UnlinkFromAdmin => "UNLINK_FROM_ADMIN",
            Self::UnlinkFromApps => "UNLINK_FROM_APPS",
            Self::IncompleteSignUp => "INCOMPLETE_SIGN_UP",
            Self::RevokeAccountServiceTerms => "REVOKE_ACCOUNT_SERVICE_TERMS",
            Self::UnlinkFromService => "UNLINK_FROM_SERVICE",
        }
    }

    /// Returns the reason with this name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.id() == id)
    }

    /// Whether the unlink webhook is called for this reason.
    #[must_use]
    pub const fn triggers_unlink_webhook(self) -> bool {
        matches!(
            self,
            Self::AccountDelete
                | Self::ForcedAccountDelete
                | Self::UnlinkFromAdmin
                | Self::UnlinkFromApps
                | Self::IncompleteSignUp
        )
    }
}

/// The claims of a security event token. There is no `exp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityEventToken {
    /// Issuer.
    pub iss: String,
    /// The app's REST API key at the time of the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// The person's user id in the app.
    pub sub: String,
    /// Numeric app id, as text.
    pub app_id: String,
    /// When the token was made, in Unix seconds.
    pub iat: i64,
    /// When the event happened, in Unix seconds.
    pub toe: i64,
    /// Transaction (RFC 8417 §2.2).
    pub txn: String,
    /// The same value under the name that receivers of 2026 read.
    pub txm: String,
    /// Unique id of the token; every delivery attempt repeats it.
    pub jti: String,
    /// One event, under its URI.
    pub events: BTreeMap<String, EventDetails>,
}

/// The details of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetails {
    /// The subject of the event.
    pub subject: EventSubject,
    /// Why it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Consent items, under the name that some receivers read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Vec<String>>,
    /// The same list under the name that other receivers read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// A subject, identified by issuer and user id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSubject {
    /// Always `iss-sub`.
    pub subject_type: String,
    /// Issuer.
    pub iss: String,
    /// User id.
    pub sub: String,
}

/// The reply of a receiver that refuses a security event token (RFC 8935 §2.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SetRefusal {
    /// `invalid_request`, `invalid_key`, `invalid_issuer`, `invalid_audience`, …
    pub err: String,
    /// A description of the error.
    pub description: String,
}
