//! Replies of the user API (kapi).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::Kind;
use crate::span::{Span, milliseconds};

/// Reply of `/v2/user/me`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct User {
    pub id: i64,
    /// There when automatic link is off: whether the person finished signing up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_signed_up: Option<bool>,
    /// When the person came through simple sign-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synched_at: Option<String>,
    /// `YYYY-MM-DDThh:mm:ssZ`, without fractions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kakao_account: Option<KakaoAccount>,
}

/// `kakao_account`: a group appears when its consent item is set for the app.
///
/// `{x}_needs_agreement: true` means that the account has the value and the person has not agreed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct KakaoAccount {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_nickname_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_email: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_email_valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_range_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthyear_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthyear: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_leap_month: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_needs_agreement: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_authenticated_at: Option<String>,
}

/// `kakao_account.profile`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default_image: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default_nickname: Option<bool>,
}

/// Reply of `/v1/user/access_token_info` and `/v1/user/check_access_token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct AccessTokenInfo {
    pub id: i64,
    /// Seconds left.
    pub expires_in: Span,
    pub app_id: i64,
    /// Deprecated twin of `expires_in`, in milliseconds, that older SDKs still read.
    #[serde(rename = "expiresInMillis", with = "milliseconds")]
    #[cfg_attr(feature = "schemas", schemars(with = "Span"))]
    pub expires_in_millis: Span,
    /// Deprecated twin of `app_id`.
    #[serde(rename = "appId")]
    pub app_id_legacy: i64,
}

/// Reply of logout, unlink, signup and update_profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct UserId {
    /// The person's user id in this app.
    pub id: i64,
}

/// Reply of `/v2/user/scopes` and `/v2/user/revoke/scopes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct Scopes {
    /// The person's user id in this app.
    pub id: i64,
    /// The app's items, and those that the person agreed to before the app dropped them.
    pub scopes: Vec<ScopeDetails>,
}

/// A consent item of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct ScopeDetails {
    pub id: String,
    /// As consent screens call it, in the language of the request.
    pub display_name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether the app uses the item today.
    pub using: bool,
    pub agreed: bool,
    /// Whether the person can take it back; there when it is agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocable: Option<bool>,
}

/// Who recorded an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum AgreedBy {
    /// The consent screen.
    Kauth,
    /// The service, by the user API.
    Kapi,
}

/// Reply of `/v2/user/service_terms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct ServiceTerms {
    pub id: i64,
    pub service_terms: Vec<ServiceTermDetails>,
}

/// Service terms of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct ServiceTermDetails {
    pub tag: String,
    pub required: bool,
    pub agreed: bool,
    /// Whether the person can take it back.
    pub revocable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<AgreedBy>,
}

/// Reply of `/v2/user/upgrade/service_terms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct AgreedServiceTerms {
    pub id: i64,
    pub agreed_service_terms: Vec<AgreedServiceTerm>,
}

/// An agreement that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct AgreedServiceTerm {
    pub tag: String,
    pub agreed: bool,
    pub agreed_at: String,
    pub agreed_by: AgreedBy,
}

/// Reply of `/v2/user/revoke/service_terms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct RevokedServiceTerms {
    pub id: i64,
    pub revoked_service_terms: Vec<RevokedServiceTerm>,
}

/// An agreement that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct RevokedServiceTerm {
    pub tag: String,
    pub agreed: bool,
}

/// Reply of the older `/v1/user/service/terms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct LegacyServiceTerms {
    pub user_id: i64,
    pub allowed_service_terms: Vec<AllowedServiceTerm>,
    /// With `extra=app_service_terms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_service_terms: Option<Vec<AppServiceTerm>>,
}

/// Terms that the person agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct AllowedServiceTerm {
    pub tag: String,
    pub agreed_at: String,
}

/// Terms of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct AppServiceTerm {
    pub tag: String,
}

/// Reply of `/v1/user/ids`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct UserIds {
    /// User ids, in the order that was asked for.
    pub elements: Vec<i64>,
    /// How many there are in all; deprecated.
    pub total_count: i64,
    /// The page before, if there is one.
    pub before_url: Option<String>,
    /// The page after, if there is one.
    pub after_url: Option<String>,
}

/// An error of kapi.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct KapiError {
    /// The sentence; programs branch on `code`.
    pub msg: String,
    /// Negative number.
    pub code: i32,
    /// With -402: which call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_type: Option<String>,
    /// With -402: what the person must still agree to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_scopes: Option<Vec<String>>,
    /// With -402: what the person agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_scopes: Option<Vec<String>>,
}

impl KapiError {
    /// An error without lists.
    #[must_use]
    pub const fn new(msg: String, code: i32) -> Self {
        Self { msg, code, api_type: None, required_scopes: None, allowed_scopes: None }
    }
}
