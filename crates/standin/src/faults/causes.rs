//! The errors that the SDKs tell apart, and the rule that provokes each.

use kakaw_wire::Code;

/// An error that an SDK tells apart.
pub struct Cause {
    /// Its name in the SDKs: `AuthErrorCause.InvalidGrant`, `ApiErrorCause -401`, `KAE203`.
    pub sdk: String,
    /// `fault.error`.
    pub error: &'static str,
    /// The path that it is usual at.
    pub path: &'static str,
}

impl Cause {
    /// Returns the fields of `kakaw ctl fault`.
    #[must_use]
    pub fn fields(&self) -> [String; 3] {
        [format!("path={}", self.path), "times=1".to_owned(), format!("fault.error={}", self.error)]
    }
}

const TOKEN: &str = "/oauth/token";
const AUTHORIZE: &str = "/oauth/authorize";

/// `AuthErrorCause`: the `error` of a redirect or of the token endpoint. The SDKs take every other word for `Unknown`.
const AUTH: [(&str, &str, &str); 9] = [
    ("InvalidRequest", "invalid_request", TOKEN),
    ("InvalidClient", "invalid_client", TOKEN),
    ("InvalidScope", "invalid_scope", AUTHORIZE),
    ("InvalidGrant", "invalid_grant", TOKEN),
    ("Misconfigured", "misconfigured", TOKEN),
    ("Unauthorized", "unauthorized", AUTHORIZE),
    ("AccessDenied", "access_denied", AUTHORIZE),
    ("ServerError", "server_error", AUTHORIZE),
    ("Unknown", "unknown", AUTHORIZE),
];

/// Every `AuthErrorCause`, every `ApiErrorCause`, and every error of the apps host.
#[must_use]
pub fn all() -> Vec<Cause> {
    let auth = AUTH.iter().map(|(name, error, path)| Cause { sdk: format!("AuthErrorCause.{name}"), error, path });
    let of = |prefix: &'static str| Code::ALL.iter().map(|code| code.id()).filter(move |id| id.starts_with(prefix));
    let api = of("-").map(|id| Cause { sdk: format!("ApiErrorCause {id}"), error: id, path: "/v2/user/me" });
    let apps = of("KAE").map(|id| Cause { sdk: id.to_owned(), error: id, path: "/user/address" });
    auth.chain(api).chain(apps).collect()
}
