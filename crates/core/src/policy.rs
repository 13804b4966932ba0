//! The protocol options of an operator. The defaults of `dev` are what clients of Kakao Login rely on.

use kakaw_wire::Span;
use serde::{Deserialize, Serialize};

use crate::app::KeyKind;

/// Choices that change decisions. What the fields say is the documentation of the settings `policy.…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Lifetime of an authorization code in seconds, 1 to 600.
    pub code_lifetime: Span,
    /// Whether a code exchange may leave out `redirect_uri`.
    pub redirect_uri_optional: bool,
    /// After a refresh token is rotated, the old token returns the same new token for this many seconds.
    pub refresh_grace: Span,
    /// Whether a second use of a code revokes the tokens that its first use issued.
    pub revoke_on_code_reuse: bool,
    /// Whether the use of a replaced refresh token ends the login that it belongs to.
    pub revoke_on_refresh_reuse: bool,
    /// Whether `/apiweb/code.json` restricts code polling. If so, it returns a code only if the JavaScript key has
    /// `code_polling = true`, the login began on a page of a registered domain, the person confirmed it, and the caller's
    /// `Origin` is registered.
    pub strict_code_polling: bool,
    /// Whether `POST /oauth/token` reads its parameters from the query string if the body is empty. Proxies log query
    /// strings, and with them secrets and codes.
    pub token_parameters_in_query: bool,
    /// Rules that only a stand-in can change.
    #[serde(skip)]
    pub overrides: Overrides,
}

/// Rules of the protocol that tests change. They are not settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Lifetime of access tokens in seconds, for every key. `None`: the lifetime for the kind of key.
    pub access_lifetime: Option<Span>,
    pub rotation: Rotation,
    /// Whether a redirect URI on this machine may have any port.
    pub any_local_port: bool,
}

/// When a refresh token is replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    #[default]
    LastMonth,
    Always,
    Never,
}

impl Policy {
    /// What clients of Kakao Login expect.
    pub const DEV: Self = Self {
        code_lifetime: Span::minutes(10),
        redirect_uri_optional: true,
        refresh_grace: Span::ZERO,
        revoke_on_code_reuse: false,
        revoke_on_refresh_reuse: false,
        strict_code_polling: false,
        token_parameters_in_query: true,
        overrides: Overrides { access_lifetime: None, rotation: Rotation::LastMonth, any_local_port: false },
    };

    /// Stricter where no standard client breaks.
    pub const SERVE: Self = Self {
        code_lifetime: Span::minutes(10),
        redirect_uri_optional: false,
        refresh_grace: Span::seconds(30),
        revoke_on_code_reuse: true,
        revoke_on_refresh_reuse: true,
        strict_code_polling: true,
        token_parameters_in_query: false,
        overrides: Overrides { access_lifetime: None, rotation: Rotation::LastMonth, any_local_port: false },
    };
}

/// Lifetime of a refresh token.
pub const REFRESH_LIFETIME: Span = Span::days(60);
/// A refresh token with less lifetime left than this is replaced when it is used.
pub(crate) const ROTATION_WINDOW: Span = Span::days(30);
/// Lifetime of an account session, from the log-in on.
pub(crate) const SESSION_LIFETIME: Span = Span::days(1);
/// The same with "stay signed in".
pub(crate) const LONG_SESSION_LIFETIME: Span = Span::days(30);
/// How long an expired code is kept, so that a second use can be explained.
pub const CODES_KEPT: Span = Span::days(1);
/// How long a grant is kept after its refresh token has expired: until its last access token has expired too.
pub const GRANTS_KEPT: Span = KeyKind::LONGEST_ACCESS;
/// How long a finished delivery is kept.
pub const DELIVERIES_KEPT: Span = Span::days(7);
/// How long an interaction and a form are valid.
pub const INTERACTION_LIFETIME: Span = Span::minutes(30);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn serve_is_never_laxer_than_dev() {
        let (dev, serve) = (Policy::DEV, Policy::SERVE);
        assert!(serve.code_lifetime <= dev.code_lifetime && (1..=600).contains(&serve.code_lifetime.as_seconds()));
        assert!(dev.redirect_uri_optional >= serve.redirect_uri_optional);
        assert!(dev.token_parameters_in_query >= serve.token_parameters_in_query);
        for strict in [
            |policy: &Policy| policy.revoke_on_code_reuse,
            |policy: &Policy| policy.revoke_on_refresh_reuse,
            |policy: &Policy| policy.strict_code_polling,
        ] {
            assert!(strict(&serve) && !strict(&dev));
        }
        assert_eq!((dev.overrides, serve.overrides), (Overrides::default(), Overrides::default()));
    }

    #[test]
    fn no_configuration_overrides_the_rules_that_tests_override() {
        let written = serde_json::to_value(Policy::DEV).expect("JSON");
        let keys: Vec<_> = written.as_object().expect("an object").keys().collect();
        assert_eq!(keys.len(), 7, "{keys:?}");
        assert_eq!(serde_json::from_value::<Policy>(written.clone()).expect("a policy"), Policy::DEV);
        for (key, value) in [("overrides", json!({ "rotate": true })), ("code_lifetimes", json!(1))] {
            let mut other = written.clone();
            other[key] = Value::clone(&value);
            assert!(serde_json::from_value::<Policy>(other).is_err(), "{key}");
        }
    }

    #[test]
    fn a_refresh_token_is_replaced_in_the_last_of_its_two_months_and_a_form_is_good_for_half_an_hour() {
        assert_eq!(
            (REFRESH_LIFETIME, ROTATION_WINDOW, INTERACTION_LIFETIME),
            (Span::days(60), Span::days(30), Span::seconds(1800))
        );
    }

    #[test]
    fn what_is_over_is_kept_for_as_long_as_it_may_be_asked_for() {
        assert!(KeyKind::ALL.iter().all(|kind| kind.access_lifetime() <= GRANTS_KEPT));
        assert_eq!((CODES_KEPT, DELIVERIES_KEPT), (Span::hours(24), Span::days(7)));
    }
}
