//! Redirect URIs: which of them can be registered, and which differ only in their port. Kakao Login compares exactly; a
//! stand-in can be configured to ignore the port.

use kakaw_wire::Expected;
use url::Url;

use crate::text::is_hidden;

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
pub fn wrong(uri: &str) -> Option<Expected> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    // Check the text itself before parsing, because the parser repairs unusual text.
    if uri.chars().any(|c| c.is_whitespace() || c == '\\' || is_hidden(c)) {
        return Some(Expected::NoHiddenCharacters {});
    }
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
    (authority.is_empty() || !Url::parse(uri).is_ok_and(|url| shows(authority, &url))).then_some(Expected::HttpUrl {})
}

/// Whether the authority shows the host that the URL points to. `0x7f.1` and `%65xample.com` show another one.
fn shows(authority: &str, url: &Url) -> bool {
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return false };
    if authority.starts_with('[') {
        return true;
    }
    let shown = authority.split(':').next().unwrap_or_default();
    !shown.is_ascii() || shown.eq_ignore_ascii_case(host)
}

/// Returns the expectation that a Web origin does not meet. Browsers send origins, and they are compared exactly.
#[must_use]
pub(crate) fn wrong_origin(origin: &str) -> Option<Expected> {
    let same = |url: Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == origin;
    (origin.contains('*') || !Url::parse(origin).is_ok_and(same)).then_some(Expected::Origin {})
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
        ] {
            assert_eq!(wrong(right), None, "{right}");
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
        ] {
            assert_eq!(wrong(uri), Some(expected), "{uri:?}");
        }
        assert_eq!(wrong(&format!("https://example.com/{}", "x".repeat(LENGTH))), Some(Expected::HttpUrl {}));
    }

    #[test]
    fn an_origin_is_spelled_as_browsers_send_it() {
        for right in ["https://example.com", "http://localhost:3000", "https://[::1]:8443", "https://xn--hq1bm8jm9l.kr"]
        {
            assert_eq!(wrong_origin(right), None, "{right}");
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
            assert_eq!(wrong_origin(text), Some(Expected::Origin {}), "{text:?}");
        }
    }

    proptest! {
        /// Whatever is registered, a browser that follows it reaches the host that the text shows.
        #[test]
        fn what_is_registered_has_the_host_that_it_shows(uri in "https?:[/\\\\]{0,3}[a-z0-9.@:*#?%\u{200b} -]{0,12}[/?#@][a-z@:/]{0,8}") {
            if wrong(&uri).is_none() {
                let url = Url::parse(&uri).expect("it was parsed");
                let shown = uri.split(['/', '?']).nth(2).unwrap_or_default();
                prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
                prop_assert_eq!(shown.split(':').next(), url.host_str(), "{}", uri);
            }
        }

        /// The rule handles every text. What it accepts has no white space and no second authority.
        #[test]
        fn no_text_stops_the_rule(uri in "\\PC{0,40}") {
            if wrong(&uri).is_none() {
                prop_assert!(uri.starts_with("http") && !uri.contains(char::is_whitespace));
            }
            if wrong_origin(&uri).is_none() {
                prop_assert_eq!(Url::parse(&uri).expect("a URL").origin().ascii_serialization(), uri);
            }
        }
    }
}
