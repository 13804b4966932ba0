//! Log-ins for whose result a page polls (`/apiweb/code.json`): which requests use polling, which site gets the code,
//! and who may poll.
//!
//! Anybody who knows the transaction id could poll, and anybody can make a link with an id of their own. With
//! [`Policy::strict_code_polling`] the id alone is not enough: the key must allow polling, the log-in must begin on a
//! page of a registered domain, the person confirms app and site, and only a registered origin gets an answer.

use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;

use crate::app::{AppKey, KeyKind, is_built_in};
use crate::authorize::Request;
use crate::diagnosis::Refusal;
use crate::policy::Policy;

/// Minimum length of a transaction id, in characters. Flutter Web sends 20 random letters and digits, the JavaScript
/// SDK 60.
pub(crate) const SHORTEST_ID: usize = 20;
/// Maximum size of `state` that is stored for the polling page, in bytes.
const LONGEST_STATE: usize = 2048;

/// Returns the transaction id under which a page will poll, or `None` when the request ends with a redirect.
///
/// # Errors
/// KOE001 when a built-in target comes without a transaction id, or with a longer `state` than is stored.
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
        // A popup. Its opener polls, closes it, and navigates to the redirect URI itself.
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

/// Whether pages may poll for codes of this key.
#[must_use]
pub fn allows(key: &AppKey, policy: &Policy) -> bool {
    !policy.strict_code_polling || key.settings.code_polling
}

/// Returns the registered domain of a page, given the page's URL or origin.
#[must_use]
pub fn site<'a>(key: &'a AppKey, page: &str) -> Option<&'a str> {
    let of = |domain: &&String| {
        page == domain.as_str() || page.strip_prefix(domain.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    key.settings.sdk_domains.iter().find(of).map(String::as_str)
}

/// Checks that the result may go to a polling page. `site` is where the log-in began.
///
/// # Errors
/// KOE009: the log-in did not begin on a page of a registered domain, so the polling page is unknown.
pub fn check_site(site: Option<&str>, key: &AppKey, policy: &Policy) -> Result<(), Refusal> {
    if site.is_some() || !policy.strict_code_polling {
        return Ok(());
    }
    let registered = key.settings.sdk_domains.join(", ");
    Err(Refusal::new(Problem::PlatformMismatch {}).because(format!(
        "the log-in did not begin on a page of a registered domain: the Referer names none of {registered}"
    )))
}

/// Whether the person must confirm that the site gets the code. `agreed`: they have just pressed a button of ours.
#[must_use]
pub fn needs_confirmation(site: Option<&str>, agreed: bool, policy: &Policy) -> bool {
    policy.strict_code_polling || (site.is_none() && !agreed)
}

/// Whether a poll with this `Origin` gets an answer.
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
    use kakaw_wire::form::Pairs;

    use super::*;
    use crate::app::KeySettings;
    use crate::authorize::Parameters;
    use crate::samples;

    const STRICT: Policy = Policy::SERVE;
    const LENIENT: Policy = Policy::DEV;

    fn key() -> AppKey {
        let sdk_domains = vec!["https://shop.example".to_owned()];
        let settings = KeySettings { sdk_domains, ..KeySettings::default() };
        AppKey { settings, ..samples::key(KeyKind::Javascript) }
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

    #[test]
    fn a_transaction_is_what_the_sdk_sends_and_long_enough() {
        let app = samples::app(&[]);
        let of = |kind: KeyKind, uri: &str, query: &str, policy: &Policy| {
            let query = format!("client_id=k&response_type=code&redirect_uri={uri}{query}");
            let parameters = Parameters::parse(&Pairs::parse(&query).expect("decodes")).expect("good form");
            let key = samples::key(kind);
            let request = Request::check(&parameters, Some((&app, &key)), policy).expect("good");
            transaction(&request).map(|id| id.map(str::to_owned)).map_err(|refusal| refusal.problem)
        };
        let (id, short) = ("i".repeat(SHORTEST_ID), "i".repeat(SHORTEST_ID - 1));
        let (site, script) = ("https%3A%2F%2Fa.example%2F", KeyKind::Javascript);
        let some = || Ok(Some(id.clone()));
        for (kind, uri, query, expected) in [
            (script, "JS-SDK", format!("&auth_tran_id={id}&state_token=other{id}"), some()),
            (script, "JS-SDK", format!("&auth_tran_id={short}&state_token={id}"), some()),
            (script, "JS-SDK", format!("&state={id}"), some()),
            (script, site, format!("&auth_tran_id={id}&is_popup=true"), some()),
            (script, site, format!("&state={id}&is_popup=true"), Ok(None)),
            (script, site, format!("&auth_tran_id={id}&is_popup=false"), Ok(None)),
            (script, site, format!("&auth_tran_id={id}"), Ok(None)),
            (script, site, format!("&auth_tran_id={short}&is_popup=true"), Ok(None)),
            (KeyKind::RestApi, site, format!("&auth_tran_id={id}&is_popup=true"), Ok(None)),
        ] {
            assert_eq!(of(kind, uri, &query, &LENIENT), expected, "{uri}{query}");
        }
        let popup = format!("&auth_tran_id={id}&is_popup=true");
        assert_eq!(of(script, site, &popup, &STRICT), Ok(None), "the key does not allow it");
        let parameter = |problem| match problem {
            Err(Problem::MalformedRequest { parameter, .. }) => parameter,
            other => panic!("KOE001 expected: {other:?}"),
        };
        assert_eq!(parameter(of(script, "JS-SDK", &format!("&auth_tran_id={short}"), &LENIENT)), "auth_tran_id");
        let with_state = |length: usize, uri: &str| {
            of(script, uri, &format!("&auth_tran_id={id}&state={}", "s".repeat(length)), &LENIENT)
        };
        assert_eq!(with_state(LONGEST_STATE, "JS-SDK"), some());
        assert_eq!(parameter(with_state(LONGEST_STATE + 1, "JS-SDK")), "state");
        assert_eq!(with_state(LONGEST_STATE + 1, site), Ok(None), "a redirect carries any state");
    }
}
