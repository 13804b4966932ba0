//! The rules for URLs that an operator registers: redirect and log-out URIs, pages, web origins and webhooks. Kakao Login
//! compares redirect URIs exactly; a stand-in can be configured to ignore the port of this machine.

use std::net::IpAddr;

use kakaw_wire::Expected;
use url::Url;

use super::network::is_public;
use super::{Limits, name, text};

/// Splits a URI of this machine (`localhost`, `127.0.0.1`, `[::1]`) into what precedes and what follows its port.
#[must_use]
pub(crate) fn without_local_port(uri: &str) -> Option<(&str, &str)> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| uri.starts_with(scheme))?;
    let host = ["localhost", "127.0.0.1", "[::1]"].into_iter().find(|host| uri[scheme.len()..].starts_with(host))?;
    let (before, rest) = uri.split_at(scheme.len() + host.len());
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (port, after) = rest.split_at(end);
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    is_port.then_some((before, after))
}

/// Maximum length of a URL, in characters.
const LENGTH: usize = 2000;

/// Returns the expectation that a URL for redirects does not meet, or `None` if it can be registered.
#[must_use]
pub fn redirect(uri: &str) -> Option<Expected> {
    // Check the text itself before parsing, because the parser repairs unusual text.
    if let Some(expected) = hidden(uri) {
        return Some(expected);
    }
    let rest = ["http://", "https://"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    let Some(rest) = rest.filter(|_| uri.len() <= LENGTH) else { return Some(Expected::HttpUrl {}) };
    if uri.contains('#') {
        return Some(Expected::NoFragment {});
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(Expected::NoUserInfo {});
    }
    if authority.contains('*') {
        return Some(Expected::NoWildcard {});
    }
    let Some(url) = Url::parse(uri).ok().filter(|_| !authority.is_empty()) else { return Some(Expected::HttpUrl {}) };
    shown_host(authority, &url)
}

/// The same for the address of a page, which may have a fragment.
#[must_use]
pub fn page(uri: &str) -> Option<Expected> {
    hidden(uri).or_else(|| redirect(uri.split('#').next().unwrap_or_default()))
}

fn hidden(uri: &str) -> Option<Expected> {
    let is_wrong = |c: char| c.is_whitespace() || c == '\\' || text::is_hidden(c);
    uri.contains(is_wrong).then_some(Expected::NoHiddenCharacters {})
}

/// Returns the expectation that is not met if the authority shows another host than the one that the URL points to.
/// `0x7f.1` and `%65xample.com` do, and so do hosts with letters that look like others.
fn shown_host(authority: &str, url: &Url) -> Option<Expected> {
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return Some(Expected::HttpUrl {}) };
    if authority.starts_with('[') {
        return None;
    }
    let shown = authority.split(':').next().unwrap_or_default();
    if shown.is_ascii() {
        return (!shown.eq_ignore_ascii_case(host)).then_some(Expected::HttpUrl {});
    }
    // Browsers show the Unicode form of the host, not the typed one.
    let (unicode, decoded) = idna::domain_to_unicode(host);
    let same = decoded.is_ok() && unicode == shown.to_lowercase() && !shown.split('.').any(name::imitates);
    (!same).then_some(Expected::PlainHost {})
}

/// Returns the expectation that a Web origin does not meet. Browsers send origins, and they are compared exactly.
#[must_use]
pub fn origin(origin: &str) -> Option<Expected> {
    let same = |url: Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == origin;
    (origin.contains('*') || !Url::parse(origin).is_ok_and(same)).then_some(Expected::Origin {})
}

/// Parses the URL of a webhook. The addresses of its host name are checked at every connection.
///
/// # Errors
/// What was expected.
pub fn webhook(text: &str, limits: &Limits) -> Result<Url, Expected> {
    if let Some(expected) = hidden(text) {
        return Err(expected);
    }
    let url = Url::parse(text).map_err(|_| Expected::HttpUrl {})?;
    if text.len() > LENGTH {
        return Err(Expected::HttpUrl {});
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && limits.private_networks) {
        return Err(Expected::Https {});
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Expected::NoUserInfo {});
    }
    if url.fragment().is_some() {
        return Err(Expected::NoFragment {});
    }
    let host = url.host_str().unwrap_or_default();
    if host.contains('*') {
        return Err(Expected::NoWildcard {});
    }
    // With a final dot it is the same host.
    let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
    if limits.own_hosts.iter().any(|own| plain(own) == plain(host)) {
        return Err(Expected::OtherHost {});
    }
    // An IP address in the URL is never resolved, so it is checked here.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !limits.private_networks && !is_public(address)) {
        return Err(Expected::PublicAddress {});
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_port_of_this_machine_is_left_out() {
        assert_eq!(without_local_port("http://localhost:3000/cb?x=1"), Some(("http://localhost", "/cb?x=1")));
        assert_eq!(without_local_port("http://localhost"), Some(("http://localhost", "")));
        assert_eq!(without_local_port("https://[::1]:5/cb"), Some(("https://[::1]", "/cb")));
        for foreign in [
            "http://localhost.evil.example/cb",
            "http://localhost:3000@evil.example/cb",
            "http://localhost:/cb",
            "http://localhost:99999/cb",
            "http://evil.example:3000/cb",
            "kakao123://oauth",
            "http://127.0.0.10:3000/",
        ] {
            assert_eq!(without_local_port(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_redirect_uri_points_to_the_host_that_it_shows() {
        for right in [
            "http://localhost:3000/callback",
            "https://example.com",
            "https://example.com/a%2Fb?x=1&y=*@",
            "https://[2001:db8::1]:8443/cb",
            "https://예시.한국/콜백",
            "https://bücher.example/",
            "https://www.테스트shop.kr/",
        ] {
            assert_eq!(redirect(right), None, "{right}");
        }
        for (uri, expected) in [
            ("", Expected::HttpUrl {}),
            ("example.com/cb", Expected::HttpUrl {}),
            ("/cb", Expected::HttpUrl {}),
            ("javascript:alert(1)", Expected::HttpUrl {}),
            ("kakao0123://oauth", Expected::HttpUrl {}),
            ("HTTPS://example.com/cb", Expected::HttpUrl {}),
            ("https:example.com/cb", Expected::HttpUrl {}),
            ("https://", Expected::HttpUrl {}),
            ("https:///cb", Expected::HttpUrl {}),
            ("https://?x", Expected::HttpUrl {}),
            ("https://:443/cb", Expected::HttpUrl {}),
            ("https://example.com:99999/", Expected::HttpUrl {}),
            ("https://exa%00mple.com/", Expected::HttpUrl {}),
            ("https://%65xample.com/", Expected::HttpUrl {}),
            ("https://0x7f.1/", Expected::HttpUrl {}),
            ("https://2130706433/", Expected::HttpUrl {}),
            ("https://example.com/#x", Expected::NoFragment {}),
            ("https://good@evil/", Expected::NoUserInfo {}),
            ("https://good.example:x@evil/cb", Expected::NoUserInfo {}),
            ("https://*.x/cb", Expected::NoWildcard {}),
            ("https://*/cb", Expected::NoWildcard {}),
            ("https://example.com/a b", Expected::NoHiddenCharacters {}),
            (" https://example.com/", Expected::NoHiddenCharacters {}),
            ("https://example.com\\@evil/", Expected::NoHiddenCharacters {}),
            ("https://example.com/\u{202e}bc", Expected::NoHiddenCharacters {}),
            ("https://exam\u{200b}ple.com/", Expected::NoHiddenCharacters {}),
            ("https://example.com/\u{3164}", Expected::NoHiddenCharacters {}),
            // Cyrillic letters, a full-width letter and a full-width period.
            ("https://kаkao.com/", Expected::PlainHost {}),
            ("https://аррӏе.com/", Expected::PlainHost {}),
            ("https://ｅxample.com/", Expected::PlainHost {}),
            ("https://good.example。evil.example/", Expected::PlainHost {}),
            ("https://good.example／.evil.example/", Expected::HttpUrl {}),
        ] {
            assert_eq!(redirect(uri), Some(expected), "{uri:?}");
        }
        assert_eq!(redirect(&format!("https://example.com/{}", "x".repeat(LENGTH))), Some(Expected::HttpUrl {}));
    }

    #[test]
    fn only_the_address_of_a_page_may_have_a_fragment() {
        assert_eq!(page("https://example.com/terms#first"), None);
        // The fragment does not hide what is wrong with the rest.
        assert_eq!(page("https://good@evil/#x"), Some(Expected::NoUserInfo {}));
        assert_eq!(page("https://*.x/#x"), Some(Expected::NoWildcard {}));
        assert_eq!(page("https://example.com/#\u{202e}x"), Some(Expected::NoHiddenCharacters {}));
        assert_eq!(page("data:text/html,#x"), Some(Expected::HttpUrl {}));
    }

    #[test]
    fn an_origin_is_spelled_as_browsers_send_it() {
        for right in ["https://example.com", "http://localhost:3000", "https://[::1]:8443", "https://xn--hq1bm8jm9l.kr"]
        {
            assert_eq!(origin(right), None, "{right}");
        }
        for text in [
            "",
            "*",
            "null",
            "example.com",
            "https://*.example.com",
            "https://example.com/",
            "https://example.com/x",
            "https://Example.com",
            "https://example.com:443",
            "https://a@example.com",
            "file://",
            "data:,x",
            "https://example.com ",
            "ftp://example.com",
        ] {
            assert_eq!(origin(text), Some(Expected::Origin {}), "{text:?}");
        }
    }

    #[test]
    fn urls_of_webhooks_are_https_urls_of_other_hosts() {
        let serve = Limits { own_hosts: vec!["login.example.com".to_owned()], ..Limits::default() };
        for (wrong, expected) in [
            ("http://example.com/hook", Expected::Https {}),
            ("https://127.0.0.1/hook", Expected::PublicAddress {}),
            ("https://[::1]/hook", Expected::PublicAddress {}),
            ("https://2130706433/hook", Expected::PublicAddress {}),
            ("https://0x7f.1/hook", Expected::PublicAddress {}),
            ("https://LOGIN.example.com/control", Expected::OtherHost {}),
            ("https://user:password@example.com/", Expected::NoUserInfo {}),
            ("https://user@example.com/", Expected::NoUserInfo {}),
            ("file:///etc/passwd", Expected::Https {}),
            ("nonsense", Expected::HttpUrl {}),
            ("https://exa\nmple.com/hook", Expected::NoHiddenCharacters {}),
            ("https://example.com/\u{202e}hook", Expected::NoHiddenCharacters {}),
            ("https://*.example.com/hook", Expected::NoWildcard {}),
            ("https://login.example.com./hook", Expected::OtherHost {}),
            ("https://127.0.0.1./hook", Expected::PublicAddress {}),
            ("https://example.com/hook#x", Expected::NoFragment {}),
        ] {
            assert_eq!(webhook(wrong, &serve).err(), Some(expected), "{wrong}");
        }
        assert!(webhook("https://example.com/hook", &serve).is_ok());
        let private = Limits { private_networks: true, ..Limits::default() };
        assert!(webhook("http://localhost:3000/hook", &private).is_ok());
        assert!(webhook("http://127.0.0.1:3000/hook", &private).is_ok());
        assert!(webhook("ftp://127.0.0.1:3000/hook", &private).is_err());
    }

    proptest! {
        /// Whatever is registered, a browser that follows it reaches the host that the text shows.
        #[test]
        fn what_is_registered_has_the_host_that_it_shows(uri in "https?:[/\\\\]{0,3}[a-z0-9.@:*#?%\u{200b} -]{0,12}[/?#@][a-z@:/]{0,8}") {
            if redirect(&uri).is_none() {
                let url = Url::parse(&uri).expect("it was parsed");
                let shown = uri.split(['/', '?']).nth(2).unwrap_or_default();
                prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
                prop_assert_eq!(shown.split(':').next(), url.host_str(), "{}", uri);
            }
        }

        /// The rule handles every text. What it accepts has no white space and no second authority.
        #[test]
        fn no_text_stops_the_rule(uri in "\\PC{0,40}") {
            if redirect(&uri).is_none() {
                prop_assert!(uri.starts_with("http") && !uri.contains(char::is_whitespace));
            }
            if origin(&uri).is_none() {
                prop_assert_eq!(Url::parse(&uri).expect("a URL").origin().ascii_serialization(), uri);
            }
        }
    }
}
