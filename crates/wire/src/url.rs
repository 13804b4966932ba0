//! Functions that split and build URLs as text. They decode and normalize nothing, because registered URIs are compared
//! character by character. They accept any text: a part that is missing is empty or `None`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Splits a URL into its scheme and what follows `://`.
#[must_use]
pub fn split_scheme(url: &str) -> Option<(&str, &str)> {
    url.split_once("://")
}

/// Splits a URL into its origin and the rest, which is empty or starts with `/`, `?` or `#`.
#[must_use]
pub fn split_origin(url: &str) -> (&str, &str) {
    let host = split_scheme(url).map_or(0, |(scheme, _)| scheme.len() + "://".len());
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    url.split_at(end)
}

/// Returns host and port as the URL spells them.
#[must_use]
pub fn authority(url: &str) -> Option<&str> {
    split_scheme(split_origin(url).0).map(|(_, authority)| authority)
}

/// Splits a URL into what precedes the query, and the query, which is empty if there is none.
#[must_use]
pub fn split_query(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

/// Splits `host:port`. An IPv6 address keeps its brackets.
#[must_use]
pub fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Percent-encodes text as the value of a parameter.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &UNRESERVED).to_string()
}

/// Appends the parameters that have a value. The URL may already have a query.
#[must_use]
pub fn with_query(url: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut url = url.to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, &UNRESERVED));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_an_origin_and_what_follows() {
        for (url, origin, rest, host) in [
            ("http://localhost:7700", "http://localhost:7700", "", Some("localhost:7700")),
            ("http://localhost:7700/w/a", "http://localhost:7700", "/w/a", Some("localhost:7700")),
            ("https://[::1]:5/?a=b://c", "https://[::1]:5", "/?a=b://c", Some("[::1]:5")),
            ("https://shop.example?a", "https://shop.example", "?a", Some("shop.example")),
            ("https://shop.example#a/b", "https://shop.example", "#a/b", Some("shop.example")),
            ("https://good@evil/", "https://good@evil", "/", Some("good@evil")),
            ("kakao123://oauth", "kakao123://oauth", "", Some("oauth")),
            ("/oauth/authorize?a", "", "/oauth/authorize?a", None),
            ("https://", "https://", "", Some("")),
            ("", "", "", None),
        ] {
            assert_eq!(split_origin(url), (origin, rest), "{url}");
            assert_eq!(authority(url), host, "{url}");
        }
        assert_eq!(split_scheme("http://a/b"), Some(("http", "a/b")));
        assert_eq!(split_scheme("a/b"), None);
    }

    #[test]
    fn a_port_is_what_follows_the_host() {
        for (authority, expected) in [
            ("localhost:7700", ("localhost", Some("7700"))),
            ("localhost", ("localhost", None)),
            ("[::1]:443", ("[::1]", Some("443"))),
            ("[::1]", ("[::1]", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split_port(authority), expected, "{authority}");
        }
    }

    #[test]
    fn parameters_are_added_encoded_to_what_is_there() {
        assert_eq!(split_query("/a?b=c?d"), ("/a", "b=c?d"));
        assert_eq!(split_query("/a"), ("/a", ""));
        let added = [("code", Some("a b&ü")), ("state", None), ("x", Some(""))];
        assert_eq!(with_query("https://a/cb", &added), "https://a/cb?code=a%20b%26%C3%BC&x=");
        assert_eq!(with_query("https://a/cb?own=1", &added[..1]), "https://a/cb?own=1&code=a%20b%26%C3%BC");
        assert_eq!(with_query("https://a/cb", &added[1..2]), "https://a/cb");
        assert_eq!(encoded("a-._~/?"), "a-._~%2F%3F");
    }
}
