//! Log-ins whose outcome a page polls for (`/apiweb/code.json`): which requests end so, which site gets the code, and who
//! may ask for it.
//!
//! Whoever knows the transaction id could ask, and anybody can make a link with an id of their own. With
//! [`Policy::strict_code_polling`] the id alone is worth nothing: the key must allow it, the log-in must begin on a page
//! of a registered domain, the person confirms app and site, and only a registered origin is answered.

use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;

use crate::app::{AppKey, KeyKind, is_built_in};
use crate::authorize::Request;
use crate::diagnosis::Refusal;
use crate::policy::Policy;

/// Characters of a transaction id, at least: Flutter Web sends 20 random letters and digits, the JavaScript SDK 60.
pub const SHORTEST_ID: usize = 20;
/// Bytes of `state` that are kept for the polling page, at most.
const LONGEST_STATE: usize = 2048;

/// The transaction id under which a page will poll; nothing when the request ends with a redirect.
///
/// # Errors
/// KOE001 when a built-in target comes without a transaction id, or with more `state` than is kept.
pub fn transaction<'a>(request: &Request<'a>) -> Result<Option<&'a str>, Refusal> {
    let params: &'a Params = request.parameters().others();
    let malformed = |parameter: &str, reason: String| {
        Refusal::new(Problem::MalformedRequest { parameter: parameter.to_owned(), reason })
    };
    let long = |id: &&String| id.len() >= SHORTEST_ID;
    let of_sdk = params.auth_tran_id.as_ref().filter(long).or(params.state_token.as_ref().filter(long));
    let id = if is_built_in(request.redirect_uri()) {
        let id = of_sdk.or(params.state.as_ref().filter(long));
        Some(id.ok_or_else(|| {
            let reason = format!("this redirect_uri needs a transaction of {SHORTEST_ID} characters or more");
            malformed("auth_tran_id", reason)
        })?)
    } else {
        // A popup: its opener polls, closes it, and goes to the redirect URI itself.
        let is_popup = params.is_popup.as_deref() == Some("true") && request.key().kind == KeyKind::Javascript;
        of_sdk.filter(|_| is_popup && request.polls())
    };
    let state = params.state.as_deref().unwrap_or_default();
    if id.is_some() && state.len() > LONGEST_STATE {
        let reason =
            format!("received {} bytes; expected {LONGEST_STATE} at most, for a page polls for it", state.len());
        return Err(malformed("state", reason));
    }
    Ok(id.map(String::as_str))
}

/// Whether codes of this key may be polled for.
#[must_use]
pub fn allows(key: &AppKey, policy: &Policy) -> bool {
    !policy.strict_code_polling || key.settings.code_polling
}

/// The registered domain that a page belongs to, by the URL (or origin) of the page.
#[must_use]
pub fn site<'a>(key: &'a AppKey, page: &str) -> Option<&'a str> {
    let of = |domain: &&String| {
        page == domain.as_str() || page.strip_prefix(domain.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    key.settings.sdk_domains.iter().find(of).map(String::as_str)
}

/// Whether the log-in may be handed to a polling page at all. `site` is where it began.
///
/// # Errors
/// KOE009: it did not begin on a page of a registered domain, so nobody knows who polls.
pub fn check_site(site: Option<&str>, key: &AppKey, policy: &Policy) -> Result<(), Refusal> {
    if site.is_some() || !policy.strict_code_polling {
        return Ok(());
    }
    let registered = key.settings.sdk_domains.join(", ");
    Err(Refusal::new(Problem::PlatformMismatch {}).because(format!(
        "the log-in did not begin on a page of a registered domain: the Referer names none of {registered}"
    )))
}

/// Whether the person must confirm that the site gets the code. `agreed` says that a button of ours was pressed just now.
#[must_use]
pub fn needs_confirmation(site: Option<&str>, agreed: bool, policy: &Policy) -> bool {
    policy.strict_code_polling || (site.is_none() && !agreed)
}

/// Whether a poll with this `Origin` is answered.
#[must_use]
pub fn may_poll(key: &AppKey, origin: Option<&str>, policy: &Policy) -> bool {
    !policy.strict_code_polling || origin.is_some_and(|origin| is_registered(key, origin))
}

/// Whether the origin is one of the key's domains.
#[must_use]
pub fn is_registered(key: &AppKey, origin: &str) -> bool {
    key.settings.sdk_domains.iter().any(|domain| domain == origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppId;
    use crate::app::KeySettings;

    const STRICT: Policy = Policy::SERVE;
    const LENIENT: Policy = Policy::DEV;

    fn key() -> AppKey {
        let sdk_domains = vec!["https://shop.example".to_owned()];
        let settings = KeySettings { sdk_domains, ..KeySettings::default() };
        let kind = KeyKind::Javascript;
        AppKey { key: "k".to_owned(), app_id: AppId(1), kind, epoch: 0, deleted: false, settings, secret_hash: None }
    }

    #[test]
    fn a_page_belongs_to_a_domain_by_its_whole_origin() {
        let key = key();
        for page in ["https://shop.example", "https://shop.example/", "https://shop.example/a?b"] {
            assert_eq!(site(&key, page), Some("https://shop.example"), "{page}");
        }
        for page in ["", "https://shop.example.evil.example/", "http://shop.example/", "https://shop.example@evil/"] {
            assert_eq!(site(&key, page), None, "{page}");
        }
    }

    #[test]
    fn strict_polling_needs_the_key_the_site_the_person_and_the_origin() {
        let (key, site) = (key(), Some("https://shop.example"));
        let open = AppKey { settings: KeySettings { code_polling: true, ..key.settings.clone() }, ..key.clone() };
        assert!(!allows(&key, &STRICT) && allows(&open, &STRICT) && allows(&key, &LENIENT));
        assert!(check_site(None, &key, &STRICT).is_err() && check_site(site, &key, &STRICT).is_ok());
        assert!(check_site(None, &key, &LENIENT).is_ok());
        assert!(needs_confirmation(site, true, &STRICT), "always");
        assert!(needs_confirmation(None, false, &LENIENT));
        assert!(!needs_confirmation(site, false, &LENIENT) && !needs_confirmation(None, true, &LENIENT));
        assert!(may_poll(&key, site, &STRICT) && may_poll(&key, None, &LENIENT));
        for origin in [None, Some("null"), Some("https://evil.example"), Some("https://shop.example/")] {
            assert!(!may_poll(&key, origin, &STRICT), "{origin:?}");
        }
    }
}
