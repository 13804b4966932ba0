//! Where a request arrived and who sent it: base URL, language, cookies, device.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use kakaw_core::random;
use kakaw_wire::Code;
use kakaw_wire::text::Lang;

use crate::request::base;
use crate::request::cookie;
use crate::platform::{PublicUrl, Platform};

/// Hosts of Kakao Login that reach us when a client's traffic is redirected here.
pub const KAKAO_HOSTS: [&str; 8] = [
    "kauth.kakao.com",
    "kapi.kakao.com",
    "accounts.kakao.com",
    "apps.kakao.com",
    "auth.kakao.com",
    "talk-apps.kakao.com",
    "developers.kakao.com",
    "t1.kakaocdn.net",
];

/// An error that a error rule of a stand-in asks the endpoint for. Only the layer of `observe` puts it into a request.
#[derive(Debug, Clone, Copy)]
pub struct Injected(pub Code);

/// The circumstances of a request.
pub struct Here {
    pub platform: Arc<Platform>,
    /// Public base URL, without a slash at its end. Absolute URLs and the issuer are made from it.
    pub base: String,
    /// From `lang` or `Accept-Language`.
    pub lang: Lang,
    /// Value of the browser cookie, set before any log-in.
    pub browser: Option<String>,
    /// Value of the session cookie.
    pub session: Option<String>,
    /// `User-Agent`.
    pub device: String,
    /// Address of the peer, or what the declared proxy says.
    pub address: String,
    /// Path and query of the request, if they can stand in a link: `//host` would lead elsewhere.
    pub own_url: Option<String>,
    /// The error that a error rule asks for.
    pub injected: Option<Code>,
}

impl FromRequestParts<Arc<Platform>> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Infallible> {
        let headers = &parts.headers;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let query = parts.uri.query().unwrap_or_default();
        let lang = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        let names = cookie::Names::of(platform);
        Ok(Self {
            base: self::base(platform, headers),
            lang: Lang::preferred(lang, text(header::ACCEPT_LANGUAGE)),
            browser: cookie::read(headers, &names.browser),
            session: cookie::read(headers, &names.session),
            device: text(header::USER_AGENT).unwrap_or_default().chars().take(300).collect(),
            address: address(platform, headers, &parts.extensions),
            own_url: parts
                .uri
                .path_and_query()
                .map(|url| url.as_str().to_owned())
                .filter(|url| url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')),
            injected: parts.extensions.get().map(|Injected(code)| *code),
            platform: Arc::clone(platform),
        })
    }
}

impl Here {
    /// The hash of the session cookie: the session's key.
    #[must_use]
    pub fn session_id(&self) -> Option<String> {
        self.session.as_deref().map(kakaw_core::secret::hash)
    }

    /// The browser cookie's value, made now if the browser has none.
    pub fn ensure_browser(&mut self) -> (String, Option<HeaderValue>) {
        if let Some(browser) = &self.browser {
            return (browser.clone(), None);
        }
        let browser = random::token(&*self.platform.random);
        self.browser = Some(browser.clone());
        let cookie = cookie::set(&self.base, &cookie::Names::of(&self.platform).browser, &browser, 365 * 86_400);
        (browser, cookie)
    }
}

/// Who sent the request: the address of the peer, or what the declared proxy says.
#[must_use]
pub fn address(platform: &Platform, headers: &HeaderMap, extensions: &Extensions) -> String {
    // The last entry is the proxy's own; what stands before it, anybody can write.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let forwarded = forwarded.and_then(|value| Some(value.rsplit(',').next()?.trim().chars().take(64).collect()));
    let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_string());
    forwarded.filter(|_| platform.behind_proxy).or_else(peer).unwrap_or_default()
}

/// What the path of a platform in a stand-in begins with, before its name.
pub const WORLDS: &str = "/w/";

/// Says below which path a platform is reached; set by [`kakaw_standin::dispatch`], and taken from requests that come with it.
pub const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The public base URL of this request.
#[must_use]
pub fn base(platform: &Platform, headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let prefix = text(PREFIX).filter(|_| platform.is_dev()).unwrap_or_default();
    match &platform.public_url {
        PublicUrl::Fixed(url) if platform.is_default() || !prefix.is_empty() => format!("{url}{prefix}"),
        _ => {
            let host = text(header::HOST).unwrap_or("localhost");
            let scheme = if KAKAO_HOSTS.contains(&host) { "https" } else { "http" };
            format!("{scheme}://{host}{prefix}")
        }
    }
}

/// Whether this platform issues ID tokens under the name: the configured one, or any under which it can be reached.
#[must_use]
pub fn is_issuer(platform: &Platform, issuer: &str) -> bool {
    let (origin, path) = base::split(issuer);
    let is_path = if path.is_empty() { true } else { path.strip_prefix(WORLDS) == Some(&platform.name) };
    let is_loopback = || {
        origin.split_once("://").is_some_and(|(scheme, host)| {
            is_loopback_name(host) && scheme == if KAKAO_HOSTS.contains(&host) { "https" } else { "http" }
        })
    };
    match &platform.public_url {
        PublicUrl::Fixed(url) if platform.is_default() => url == issuer,
        PublicUrl::Fixed(url) => is_path && (url == origin && !path.is_empty() || is_loopback()),
        PublicUrl::FollowLoopback => is_path && is_loopback(),
    }
}

/// Whether the request's `Host` is ours. A page of another site must not reach us by rebinding its name.
#[must_use]
pub fn is_our_host(platform: &Platform, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match &platform.public_url {
        PublicUrl::Fixed(url) => {
            url.split_once("://").is_some_and(|(_, rest)| rest.split('/').next() == Some(host))
                || (platform.is_dev() && is_loopback_name(host))
        }
        PublicUrl::FollowLoopback => is_loopback_name(host),
    }
}

fn is_loopback_name(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, port)) => (name, port.strip_prefix(':').or(port.is_empty().then_some("0"))),
        None => host.split_once(':').map_or((host, Some("0")), |(name, port)| (name, Some(port))),
    };
    port.is_some_and(|port| port.parse::<u16>().is_ok())
        && (matches!(name, "localhost" | "127.0.0.1" | "::1")
            || name.ends_with(".localhost")
            || KAKAO_HOSTS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_ours() {
        for ours in ["localhost", "localhost:7700", "127.0.0.1:1", "[::1]:7700", "a.localhost:7700", "kauth.kakao.com"]
        {
            assert!(is_loopback_name(ours), "{ours}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:7700",
            "evil.kakao.com",
            "localhost:1, evil.example",
            "[::1]evil.example",
            "localhost:",
            "::1",
        ] {
            assert!(!is_loopback_name(foreign), "{foreign}");
        }
    }
}
