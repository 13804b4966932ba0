//! Cookies. Their names contain a hash of the instance, because cookies are not separated by port.

use axum::http::{HeaderMap, HeaderValue, header};
use kakaw_core::Span;
use kakaw_core::crypto::secret;
use kakaw_wire::url::split_origin;

use crate::Platform;

/// The names of this instance's cookies.
pub struct Names {
    pub session: String,
    pub browser: String,
    /// Proves to which accounts a browser has logged in before.
    pub known: String,
}

impl Names {
    /// Returns the cookie names of this platform.
    #[must_use]
    pub fn of(platform: &Platform) -> Self {
        Self { session: name(platform, 's'), browser: name(platform, 'b'), known: name(platform, 'k') }
    }
}

/// Returns the name of this platform's cookie of a kind, which a letter denotes.
#[must_use]
pub fn name(platform: &Platform, kind: char) -> String {
    let hash = secret::keyed_hash(platform.sealer.hash_key(), "cookie");
    let tag: String = hash.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    // Browsers do not allow a sibling domain to set a cookie with this prefix (RFC 6265bis §4.1.3.2).
    let prefix = if platform.settings.host_cookies { "__Host-" } else { "" };
    format!("{prefix}kakaw_{kind}_{tag}")
}

/// Returns the value of a cookie, if the browser sent exactly one, which is neither empty nor far too long.
#[must_use]
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    read_up_to(headers, name, 128)
}

/// Returns the value of a cookie, if the browser sent exactly one of at most `size` bytes.
#[must_use]
pub fn read_up_to(headers: &HeaderMap, name: &str, size: usize) -> Option<String> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty() && value.len() <= size).then(|| value.to_owned())
}

/// Returns `Set-Cookie` for a value with this lifetime, under a base URL. Zero deletes the cookie.
#[must_use]
pub fn set(url: &str, name: &str, value: &str, lifetime: Span) -> Option<HeaderValue> {
    let secure = if url.starts_with("https://") { "; Secure" } else { "" };
    let path = Some(split_origin(url).1).filter(|path| !path.is_empty()).unwrap_or("/");
    HeaderValue::from_str(&format!(
        "{name}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        lifetime.as_seconds()
    ))
    .ok()
}
