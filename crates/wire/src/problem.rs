//! The catalogue of errors: one row per problem. Only this file knows how each problem is spelled on the wire.
//!
//! A [`Problem`] carries its evidence, which is public: what the client itself sent or may know. What only the app's
//! team may see travels beside it as a diagnosis. The texts for people are in `texts/`, one file per code.

use std::fmt;

/// Where an error is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// An HTML page on our host, never a redirect.
    Page,
    /// Query parameters of a redirect to the app.
    Redirect,
    /// JSON of kauth: `error`, `error_description`, `error_code`.
    Kauth,
    /// JSON of kapi: `msg`, `code`.
    Kapi,
    /// JSON or query of the apps host: `error_code`, `error_msg`.
    Apps,
}

/// To what extent this server implements a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// This server answers it, and a test provokes it.
    Raised,
    /// Not implemented yet.
    Later,
    /// Never answered: the code belongs to a product outside Kakao Login.
    Explained,
}

/// How a problem is spelled on one surface.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The surface.
    pub surface: Surface,
    /// HTTP status.
    pub status: u16,
    /// `error` of OAuth 2.0; empty on kapi.
    pub error: &'static str,
    /// Message on the wire, with placeholders for the evidence in braces; empty means absent.
    pub message: &'static str,
}

macro_rules! codes {
    ($($variant:ident $id:literal $file:literal $status:ident;)*) => {
        /// A code of the catalogue. Codes are never removed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are those of the wire")]
        pub enum Code { $($variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the code as it is written on the wire, or the name of an error that has no number.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Returns to what extent this server implements the code.
            #[must_use]
            pub const fn status(self) -> Status {
                match self { $(Self::$variant => Status::$status,)* }
            }

            /// Returns the contents of the code's text file.
            #[cfg(feature = "texts")]
            #[must_use]
            pub const fn text_file(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../texts/", $file, ".toml")),)* }
            }
        }
    };
}

impl Code {
    /// Returns the code with this id, in upper or lower case.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl Code {
    /// Whether this error can appear on `surface`.
    #[must_use]
    pub fn is_on(self, surface: Surface) -> bool {
        self.answers().iter().any(|answer| answer.surface == surface)
    }

    /// Returns the names of the problems with this code.
    pub fn problems(self) -> impl Iterator<Item = &'static str> {
        Problem::NAMES.iter().filter(move |(_, code)| *code == self).map(|(name, _)| *name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $code:ident $variant:ident { $($field:ident),* } [$($surface:ident $http:literal $error:literal $message:literal),* $(,)?];)*) => {
        /// An error with its evidence.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are those of the wire")]
        pub enum Problem { $($(#[$doc])* $variant { $($field: String),* },)* }

        impl Problem {
            /// Returns the code of this problem.
            #[must_use]
            pub const fn code(&self) -> Code {
                match self { $(Self::$variant { .. } => Code::$code,)* }
            }

            /// Returns the evidence by name: what was received, or what is publicly known.
            #[must_use]
            pub fn evidence(&self) -> Vec<(&'static str, &str)> {
                match self { $(Self::$variant { $($field),* } => vec![$((stringify!($field), $field.as_str())),*],)* }
            }

            /// The name of every problem, and its code. Several problems can have one code.
            pub const NAMES: &'static [(&'static str, Code)] = &[$((stringify!($variant), Code::$code),)*];

            /// Returns the name of this problem.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => stringify!($variant),)* }
            }

            /// Makes the problem with this name of [`Self::NAMES`], with evidence by name.
            #[must_use]
            pub fn named(name: &str, evidence: &dyn Fn(&'static str) -> String) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some(Self::$variant { $($field: evidence(stringify!($field))),* }),)*
                    _ => None,
                }
            }

            /// Returns the spelling of this problem on every surface on which it can appear.
            #[must_use]
            pub const fn answers(&self) -> &'static [Answer] {
                match self { $(Self::$variant { .. } => const { &[$(
                    Answer { surface: Surface::$surface, status: $http, error: $error, message: $message },
                )*] },)* }
            }
        }

        impl Code {
            /// Returns the names of the evidence that a problem of this code carries.
            #[must_use]
            pub fn evidence(self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if matches!(self, Self::$code) { names.extend::<[&'static str; _]>([$(stringify!($field)),*]); })*
                names
            }

            /// Returns every spelling of this code.
            #[must_use]
            pub fn answers(self) -> Vec<Answer> {
                let mut answers = Vec::new();
                $(if matches!(self, Self::$code) { answers.extend::<[Answer; _]>([$(
                    Answer { surface: Surface::$surface, status: $http, error: $error, message: $message },
                )*]); })*
                answers
            }
        }
    };
}

impl Problem {
    /// Returns the spelling of this problem on `surface`. A problem that cannot appear there is spelled as elsewhere.
    #[must_use]
    pub fn answer(&self, surface: Surface) -> Answer {
        let answers = self.answers();
        let fallback = Answer { surface, status: 400, error: "invalid_request", message: "" };
        let elsewhere = || answers.iter().find(|a| !a.error.is_empty()).or(answers.first());
        answers.iter().find(|a| a.surface == surface).or_else(elsewhere).copied().unwrap_or(fallback)
    }

    /// Returns the message on the wire on `surface`, with the evidence filled in.
    #[must_use]
    pub fn message(&self, surface: Surface) -> String {
        fill(self.answer(surface).message, &self.evidence())
    }
}

/// The longest echo of one piece of evidence, in characters.
pub const EVIDENCE: usize = 1000;

/// Replaces the names in braces by the evidence, in one pass, so that braces in the evidence have no meaning.
#[must_use]
pub fn fill(template: &str, evidence: &[(&'static str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = evidence.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value);
        filled.extend(value.chars().take(EVIDENCE));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

codes! {
    KOE001 "KOE001" "KOE001" Raised;
    KOE002 "KOE002" "KOE002" Raised;
    KOE003 "KOE003" "KOE003" Raised;
    KOE004 "KOE004" "KOE004" Raised;
    KOE005 "KOE005" "KOE005" Raised;
    KOE006 "KOE006" "KOE006" Raised;
    KOE007 "KOE007" "KOE007" Raised;
    KOE008 "KOE008" "KOE008" Raised;
    KOE009 "KOE009" "KOE009" Raised;
    KOE010 "KOE010" "KOE010" Raised;
    KOE023 "KOE023" "KOE023" Raised;
    KOE025 "KOE025" "KOE025" Explained;
    KOE026 "KOE026" "KOE026" Explained;
    KOE027 "KOE027" "KOE027" Explained;
    KOE028 "KOE028" "KOE028" Explained;
    KOE101 "KOE101" "KOE101" Raised;
    KOE102 "KOE102" "KOE102" Raised;
    KOE103 "KOE103" "KOE103" Explained;
    KOE104 "KOE104" "KOE104" Explained;
    KOE105 "KOE105" "KOE105" Explained;
    KOE106 "KOE106" "KOE106" Explained;
    KOE107 "KOE107" "KOE107" Explained;
    KOE108 "KOE108" "KOE108" Explained;
    KOE109 "KOE109" "KOE109" Explained;
    KOE110 "KOE110" "KOE110" Explained;
    KOE114 "KOE114" "KOE114" Raised;
    KOE123 "KOE123" "KOE123" Explained;
    KOE124 "KOE124" "KOE124" Explained;
    KOE125 "KOE125" "KOE125" Explained;
    KOE126 "KOE126" "KOE126" Explained;
    KOE127 "KOE127" "KOE127" Raised;
    KOE201 "KOE201" "KOE201" Raised;
    KOE202 "KOE202" "KOE202" Raised;
    KOE203 "KOE203" "KOE203" Raised;
    KOE204 "KOE204" "KOE204" Raised;
    KOE205 "KOE205" "KOE205" Raised;
    KOE207 "KOE207" "KOE207" Raised;
    KOE232 "KOE232" "KOE232" Explained;
    KOE233 "KOE233" "KOE233" Explained;
    KOE237 "KOE237" "KOE237" Raised;
    KOE303 "KOE303" "KOE303" Raised;
    KOE310 "KOE310" "KOE310" Raised;
    KOE319 "KOE319" "KOE319" Raised;
    KOE320 "KOE320" "KOE320" Raised;
    KOE322 "KOE322" "KOE322" Raised;
    KOE400 "KOE400" "KOE400" Raised;
    KOE401 "KOE401" "KOE401" Raised;
    KOE402 "KOE402" "KOE402" Raised;
    KOE403 "KOE403" "KOE403" Raised;
    AccessDenied "access_denied" "access_denied" Raised;
    AccessDeniedUnderAge "access_denied_under_age" "access_denied_under_age" Raised;
    LoginRequired "login_required" "login_required" Raised;
    ConsentRequired "consent_required" "consent_required" Raised;
    InteractionRequiredCollection "interaction_required_collection" "interaction_required_collection" Raised;
    InteractionRequiredTerms "interaction_required_terms" "interaction_required_terms" Raised;
    InteractionRequiredRestricted "interaction_required_restricted" "interaction_required_restricted" Raised;
    InvalidRequest "invalid_request" "invalid_request" Raised;
    InvalidGrantPkce "invalid_grant_pkce" "invalid_grant_pkce" Raised;
    Kapi1 "-1" "kapi_1" Raised;
    Kapi2 "-2" "kapi_2" Raised;
    Kapi3 "-3" "kapi_3" Raised;
    Kapi4 "-4" "kapi_4" Raised;
    Kapi5 "-5" "kapi_5" Raised;
    Kapi6 "-6" "kapi_6" Explained;
    Kapi7 "-7" "kapi_7" Explained;
    Kapi8 "-8" "kapi_8" Raised;
    Kapi9 "-9" "kapi_9" Raised;
    Kapi10 "-10" "kapi_10" Raised;
    Kapi11 "-11" "kapi_11" Explained;
    Kapi12 "-12" "kapi_12" Raised;
    Kapi13 "-13" "kapi_13" Raised;
    Kapi101 "-101" "kapi_101" Raised;
    Kapi102 "-102" "kapi_102" Raised;
    Kapi103 "-103" "kapi_103" Raised;
    Kapi201 "-201" "kapi_201" Raised;
    Kapi301 "-301" "kapi_301" Explained;
    Kapi401 "-401" "kapi_401" Raised;
    Kapi402 "-402" "kapi_402" Raised;
    Kapi405 "-405" "kapi_405" Explained;
    Kapi406 "-406" "kapi_406" Raised;
    Kapi501 "-501" "kapi_501" Explained;
    Kapi502 "-502" "kapi_502" Explained;
    Kapi504 "-504" "kapi_504" Explained;
    Kapi530 "-530" "kapi_530" Explained;
    Kapi531 "-531" "kapi_531" Explained;
    Kapi532 "-532" "kapi_532" Explained;
    Kapi602 "-602" "kapi_602" Explained;
    Kapi603 "-603" "kapi_603" Explained;
    Kapi606 "-606" "kapi_606" Explained;
    Kapi903 "-903" "kapi_903" Explained;
    Kapi911 "-911" "kapi_911" Explained;
    Kapi9798 "-9798" "kapi_9798" Later;
    KAE001 "KAE001" "KAE001" Raised;
    KAE002 "KAE002" "KAE002" Raised;
    KAE003 "KAE003" "KAE003" Raised;
    KAE004 "KAE004" "KAE004" Raised;
    KAE005 "KAE005" "KAE005" Explained;
    KAE006 "KAE006" "KAE006" Explained;
    KAE007 "KAE007" "KAE007" Explained;
    KAE101 "KAE101" "KAE101" Raised;
    KAE102 "KAE102" "KAE102" Raised;
    KAE103 "KAE103" "KAE103" Raised;
    KAE104 "KAE104" "KAE104" Raised;
    KAE105 "KAE105" "KAE105" Explained;
    KAE201 "KAE201" "KAE201" Raised;
    KAE202 "KAE202" "KAE202" Raised;
    KAE203 "KAE203" "KAE203" Raised;
    KAE204 "KAE204" "KAE204" Raised;
    KAE205 "KAE205" "KAE205" Raised;
    KAE206 "KAE206" "KAE206" Raised;
}

problems! {
    /// The parameters are malformed: undecodable, repeated, or with an impossible value.
    KOE001 MalformedRequest { parameter, reason } [Page 400 "" "", Kauth 400 "invalid_request" "malformed request: {parameter}: {reason}"];
    /// The URL does not exist, or does not accept this method.
    KOE002 UnknownUrl { method, path, nearest } [Page 404 "" "", Kauth 404 "invalid_request" "unknown URL: {method} {path} (nearest: {nearest})"];
    /// A temporary failure of the server.
    KOE003 TemporaryFault { } [Page 503 "" "", Kauth 503 "server_error" "temporary server error"];
    /// Kakao Login is switched off for the app.
    KOE004 LoginDisabled { app } [Page 400 "" "", Kauth 400 "misconfigured" "Kakao Login is not activated"];
    /// The app is a test app, and the person is not a member of its team.
    KOE005 NotTeamMember { app } [Page 400 "" ""];
    /// The redirect URI is not registered (exact string comparison).
    KOE006 RedirectUriNotRegistered { redirect_uri } [Page 400 "" ""];
    /// The logout redirect URI is not registered (exact string comparison).
    KOE007 LogoutRedirectUriNotRegistered { logout_redirect_uri } [Page 400 "" ""];
    /// The key exists, but its kind is not accepted here.
    KOE008 WrongKeyKind { kind } [Page 400 "" ""];
    /// The client secret is required, and it is missing or wrong.
    KOE010 BadClientCredentials { } [Kauth 401 "invalid_client" "Bad client credentials"];
    /// The popup log-in of the first JavaScript SDK, which is retired.
    KOE023 PopupLoginRetired { } [Page 400 "" ""];
    /// No app has this key.
    KOE101 UnknownAppKey { client_id } [Page 400 "" "", Kauth 401 "invalid_client" "Not exist client_id {client_id}"];
    /// The request names channels, and the app has none.
    KOE102 ChannelNotConnected { } [Page 400 "invalid_client" "Required PLUS_FRIENDS_ON_AGREEMENT_SUPPORTED permission"];
    /// The code was issued to another key.
    KOE114 ApplicationIdMismatch { } [Kauth 401 "invalid_client" "Application ID mismatch"];
    /// `response_type` is neither `code` nor `token`.
    KOE201 UnsupportedResponseType { response_type } [Page 400 "invalid_request" "Unsupported response type: {response_type}"];
    /// `response_type=token`.
    KOE202 ImplicitGrant { } [Page 400 "invalid_request" "Implicit grant Required OAUTH_IMPLICIT_GRANT_SUPPORTED permission"];
    /// The submitted consent form lacks a required item.
    KOE203 RequiredNotAgreed { required, agreed } [Page 400 "invalid_request" "All required service terms must be approved. required:{required} agreed:{agreed}"];
    /// The request names a consent item that the app does not use, or `openid` without OpenID Connect.
    KOE205 InvalidScope { scope } [Page 400 "invalid_scope" "Invalid scope: {scope}"];
    /// A required parameter is missing.
    KOE207 MissingParameter { parameter } [Page 400 "invalid_request" ""];
    /// The redirect URI differs from the one of the authorization request.
    KOE303 RedirectUriMismatch { } [Kauth 400 "invalid_grant" "Redirect URI mismatch."];
    /// `grant_type` is missing.
    KOE310 MissingGrantType { } [Kauth 400 "invalid_request" "grant_type is missing"];
    /// This service does not support the grant type.
    KOE310 UnsupportedGrantType { grant_type } [Kauth 400 "unsupported_grant_type" "unsupported grant_type: {grant_type}"];
    /// A refresh request without a refresh token.
    KOE319 RefreshTokenBlank { } [Kauth 400 "invalid_grant" "refresh token is blank"];
    /// The code is used, expired, unknown or empty.
    KOE320 CodeNotFound { code } [Kauth 400 "invalid_grant" "authorization code not found for code={code}"];
    /// The refresh token is expired, revoked or unknown.
    KOE322 RefreshTokenNotAccepted { } [Kauth 400 "invalid_grant" "expired_or_invalid_refresh_token"];
    /// The text is not a JWT.
    KOE400 IdTokenFormat { } [Kauth 400 "invalid_token" "invalid id_token format"];
    /// Another issuer made the token.
    KOE401 IdTokenIssuer { } [Kauth 400 "invalid_token" "invalid id_token issuer"];
    /// The signature does not verify.
    KOE402 IdTokenSignature { } [Kauth 400 "invalid_token" "invalid id_token"];
    /// The ID token has expired.
    KOE403 IdTokenExpired { } [Kauth 400 "invalid_token" "id_token has expired"];
    /// The person pressed Cancel on the consent screen.
    AccessDenied UserDenied { } [Redirect 302 "access_denied" "User denied access"];
    /// The app does not admit people under 14, and the person is.
    AccessDeniedUnderAge UnderAge { } [Redirect 302 "access_denied" "Not allowed under age 14"];
    /// `prompt=none` without a session.
    LoginRequired NotLoggedIn { } [Redirect 302 "login_required" "user authentication required."];
    /// `prompt=none` without the consent that is needed.
    ConsentRequired ConsentMissing { } [Redirect 302 "consent_required" "user consent required."];
    /// `prompt=none`, and a value must still be collected.
    InteractionRequiredCollection CollectionNeeded { } [Redirect 302 "interaction_required" "need to collect additional personal information."];
    /// `prompt=none`, and the account's terms are not agreed to.
    InteractionRequiredTerms TermsNeeded { } [Redirect 302 "interaction_required" "have to agree to kakao's terms of service."];
    /// `prompt=none` with a restricted account.
    InteractionRequiredRestricted Restricted { } [Redirect 302 "interaction_required" "account has been restricted."];
    /// Wrong parameters of a JSON endpoint of kauth.
    InvalidRequest BadTokenRequest { reason } [Kauth 400 "invalid_request" "{reason}"];
    /// PKCE failed (RFC 7636 §4.6).
    InvalidGrantPkce PkceFailed { reason } [Kauth 400 "invalid_grant" "{reason}"];
    /// A temporary failure of the server. Clients must not log the person out.
    Kapi1 InternalError { } [Kapi 400 "" "internal server error"];
    /// The person has not given this consent, so it cannot be revoked.
    Kapi2 NothingToRevoke { scopes } [Kapi 400 "" "There is no scopes to revoke. check out if given scope id([{scopes}]) is correct again."];
    /// The app requires this consent, so it cannot be revoked.
    Kapi3 NotRevocable { scopes } [Kapi 403 "" "[{scopes}] is not revocable. check out if it's set as required on developers.kakao.com"];
    /// The person named by a call with an admin key is not linked.
    Kapi101 NotRegisteredUser { } [Kapi 400 "" "NotRegisteredUserException"];
    /// No app has this admin key.
    Kapi401 AdminKeyUnknown { app_key } [Kapi 401 "" "appKey({app_key}) does not exist"];
    /// An argument is missing or has the wrong type.
    Kapi2 BadArgument { parameter, reason } [Kapi 400 "" "Constraints on the parameter [{parameter}] are unsatisfied. {reason}"];
    /// The text cannot be an access token.
    Kapi2 MalformedAccessToken { } [Kapi 400 "" "access token format is not recognized"];
    /// The account is restricted.
    Kapi4 AccountRestricted { } [Kapi 403 "" "the account has been restricted"];
    /// A header has the wrong value.
    Kapi8 WrongHeader { header, reason } [Kapi 400 "" "wrong header [{header}]: {reason}"];
    /// More calls than the quota allows.
    Kapi10 QuotaExceeded { } [Kapi 400 "" "API limit has been exceeded."];
    /// More calls in a minute than this call's own limit allows.
    Kapi10 MinuteQuotaExceeded { } [Kapi 429 "" "API limit has been exceeded."];
    /// The API was discontinued.
    Kapi9 Discontinued { path, successor } [Kapi 400 "" "{path} has been discontinued. Use {successor}."];
    /// There is no token, this service did not issue it, or it was revoked.
    Kapi401 AccessTokenUnknown { } [Kapi 401 "" "this access token does not exist"];
    /// The access token has expired.
    Kapi401 AccessTokenExpired { } [Kapi 401 "" "this access token is already expired"];
    /// The key that the token was issued to was deleted.
    Kapi401 AppKeyDeactivated { app_key } [Kapi 401 "" "appKey({app_key}) is already deactivated"];
    /// The app does not admit people under 14, and the person is.
    Kapi406 UnderAgeLimit { } [Kapi 401 "" "under age limit"];
    /// The platform identity that the client sent is not registered for its key.
    KOE009 PlatformMismatch { } [Page 400 "misconfigured" "invalid android_key_hash or ios_bundle_id or web_site_url", Kauth 401 "misconfigured" "invalid android_key_hash or ios_bundle_id or web_site_url"];
    /// The call comes from an address that the key does not allow.
    KOE127 CallerAddressRefused { ip } [Kauth 401 "invalid_client" "ip mismatched! callerIp={ip}. check out registered ips."];
    /// This service did not issue the agreement code.
    KOE204 InvalidAgreementCode { agreement_code } [Page 400 "invalid_request" "Invalid agreement_code: {agreement_code}"];
    /// More token requests than the quota allows.
    KOE237 TokenRateLimit { } [Kauth 400 "invalid_request" "token request rate limit exceeded"];
    /// A consent item that the call needs is not set for the app.
    Kapi3 ItemNotSet { app, item, api } [Kapi 403 "" "[{app}] App disabled [{item}] scopes for [{api}] API on developers.kakao.com. Enable it first."];
    /// A call about service terms, and simple sign-up is off.
    Kapi3 SimpleSignupOff { app } [Kapi 403 "" "[{app}] App disabled simple signup. Enable it first."];
    /// The admin key may not make this call.
    Kapi3 AdminKeyNotAllowed { api } [Kapi 403 "" "this admin key is not allowed to call [{api}] API. check out the key's allow list."];
    /// The app lacks the permission that the call needs.
    Kapi5 PermissionDenied { } [Kapi 403 "" "permission denied"];
    /// The operator has blocked the app.
    Kapi12 AppBlocked { } [Kapi 403 "" "the app has been blocked"];
    /// The app is suspended because it was not used for long.
    Kapi13 AppSuspended { } [Kapi 403 "" "the app has been suspended"];
    /// The person is registered already.
    Kapi102 AlreadyRegistered { } [Kapi 400 "" "already registered"];
    /// The account is dormant.
    Kapi103 AccountDormant { } [Kapi 400 "" "the account is dormant or does not exist"];
    /// User properties that the app has not registered.
    Kapi201 UnknownProperty { keys, app_id } [Kapi 400 "" "user property not found ([{keys}] for appId={app_id})"];
    /// The app has none of these tags.
    Kapi2 UnknownTags { tags, app } [Kapi 400 "" "There is no tags to get service terms. check out to configured this tags([{tags}]) in app({app})."];
    /// The person agreed to none of these tags.
    Kapi2 NoTagsToRevoke { tags, app } [Kapi 400 "" "There is no tags to revoke. check out to configured this tags([{tags}]) in app({app})."];
    /// The token does not cover the scopes that the call needs.
    Kapi402 InsufficientScopes { api_type, required, allowed } [Kapi 403 "" "insufficient scopes."];
    /// The call comes from an address that the key does not allow.
    Kapi401 IpMismatched { ip, scheme } [Kapi 401 "" "ip mismatched! callerIp={ip}. check out registered ips."];
    /// The Web origin is not registered for the key.
    Kapi401 DomainMismatched { caller } [Kapi 401 "" "domain mismatched! caller={caller}. check out registered web domains."];
    /// The Android key hash is not registered for the key.
    Kapi401 KeyHashMismatched { caller } [Kapi 401 "" "android keyhash mismatched! caller={caller}. check out registered keyhash."];
    /// The iOS bundle id is not registered for the key.
    Kapi401 BundleIdMismatched { caller } [Kapi 401 "" "ios bundle id mismatched! caller={caller}. check out registered bundle id."];
    /// A temporary failure of the server.
    KAE001 AppsInternalError { } [Apps 500 "" "internal server error"];
    /// The request cannot be handled.
    KAE002 AppsInvalidRequest { reason } [Apps 400 "" "invalid request: {reason}"];
    /// A parameter is wrong.
    KAE003 AppsInvalidParameter { parameter, reason } [Apps 400 "" "INVALID_PARAMETER_ERROR: {parameter}: {reason}"];
    /// The shipping address picker was open for too long.
    KAE004 AppsTimeExpired { } [Apps 400 "" "the time to choose is over"];
    /// The app may not be used.
    KAE101 AppsAppType { } [Apps 403 "" "the app may not use this service"];
    /// The consent item is not set for the app.
    KAE102 AppsScope { } [Apps 403 "" "APP_SCOPE_ERROR"];
    /// The app lacks the permission that the call needs.
    KAE103 AppsPermission { } [Apps 403 "" "PERMISSION_ERROR"];
    /// A REST API or admin key was used.
    KAE104 AppsKeyType { } [Apps 403 "" "APP_KEY_TYPE_ERROR"];
    /// The token is not accepted.
    KAE201 AppsAuth { } [Apps 401 "" "AUTH_ERROR"];
    /// The person is not linked.
    KAE202 AppsNotRegisteredUser { } [Apps 403 "" "NOT_REGISTERED_USER_ERROR"];
    /// The person closed the consent screen.
    KAE203 AppsInvalidScope { } [Apps 403 "" "INVALID_SCOPE_ERROR"];
    /// The person has not agreed to the terms of the account.
    KAE204 AppsAccountTerms { } [Apps 403 "" "the account's terms are not agreed to"];
    /// The account is restricted.
    KAE205 AppsLoginRequired { } [Apps 403 "" "LOGIN_REQUIRED_ERROR"];
    /// There is no such address.
    KAE206 AppsUnknownAddress { address_id } [Apps 400 "" "there is no shipping address {address_id}"];
    /// kapi has no such path.
    Kapi2 UnknownApi { method, path, nearest } [Kapi 404 "" "unknown API: {method} {path} (nearest: {nearest})"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_filled_in_once() {
        let problem = Problem::CodeNotFound { code: "a{code}b".into() };
        assert_eq!(problem.message(Surface::Kauth), "authorization code not found for code=a{code}b");
    }

    #[test]
    fn every_raised_code_has_an_answer() {
        for code in Code::ALL {
            assert_eq!(code.status() == Status::Raised, !code.answers().is_empty(), "{code}");
        }
    }

    #[test]
    fn codes_are_found_in_any_case() {
        assert_eq!(Code::from_id("koe006"), Some(Code::KOE006));
        assert_eq!(Code::from_id("-401"), Some(Code::Kapi401));
    }
}
