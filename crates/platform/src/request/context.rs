//! The context of a request: base URL, language, cookies, device, address.

use kakaw_core::Span;
use kakaw_core::account::session::SessionId;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use kakaw_core::random;
use kakaw_wire::Problem;
use kakaw_wire::text::Lang;

use crate::Platform;
use crate::request::network::Network;
use crate::request::settled::{Settled, Unattended};
use crate::request::{cookie, current};

/// Where a request arrived, and who sent it.
pub struct RequestContext {
    pub platform: Arc<Platform>,
    /// Public base URL without a trailing slash. Absolute URLs and the issuer are made from it.
    pub base: String,
    /// From `lang` or `Accept-Language`.
    pub lang: Lang,
    /// Value of the browser cookie, which is set before any log-in.
    pub browser: Option<String>,
    /// Value of the session cookie.
    pub session: Option<String>,
    /// Value of the cookie that proves earlier log-ins.
    pub known: Option<String>,
    /// `User-Agent`.
    pub device: String,
    /// Address of the caller: the peer, or what the configured proxy reports.
    pub address: String,
    /// Path and query of the request, if they can be a link: `//host` would be another site.
    pub own_url: Option<String>,
    /// What a layer in front decided about the request.
    pub settled: Option<Settled>,
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext
where
    Arc<Platform>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let platform = &Arc::<Platform>::from_ref(state);
        let headers = &parts.headers;
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let query = parts.uri.query().unwrap_or_default();
        let lang = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        let names = cookie::Names::of(platform);
        Ok(Self {
            base: self::base(platform, headers),
            lang: Lang::preferred(lang, header(header::ACCEPT_LANGUAGE)),
            browser: cookie::read(headers, &names.browser),
            session: cookie::read(headers, &names.session),
            known: cookie::read(headers, &names.known),
            device: header(header::USER_AGENT).unwrap_or_default().chars().take(300).collect(),
            address: text(current::address()),
            own_url: parts
                .uri
                .path_and_query()
                .map(|url| url.as_str().to_owned())
                .filter(|url| url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')),
            settled: parts.extensions.get().cloned(),
            platform: Arc::clone(platform),
        })
    }
}

impl RequestContext {
    /// Refuses the request if a layer in front decided so.
    ///
    /// # Errors
    /// What the layer decided.
    pub(crate) fn admitted(&self) -> Result<(), Problem> {
        match &self.settled {
            Some(Settled::Refused(problem)) => Err(problem.clone()),
            _ => Ok(()),
        }
    }

    /// Returns the network of the caller.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::parse(&self.address)
    }

    /// Returns the hash of the session cookie, which is the session's key.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.session.as_deref().map(SessionId::of_cookie)
    }

    /// Returns the person who answers without pages, if a layer in front named one.
    #[must_use]
    pub const fn unattended(&self) -> Option<&Unattended> {
        match &self.settled {
            Some(Settled::Subject(unattended)) => Some(unattended),
            _ => None,
        }
    }

    /// Returns the browser cookie's value. Makes one if the browser has none.
    pub(crate) fn ensure_browser(&mut self) -> (String, Option<HeaderValue>) {
        if let Some(browser) = &self.browser {
            return (browser.clone(), None);
        }
        let browser = random::token(&*self.platform.random);
        self.browser = Some(browser.clone());
        let cookie = cookie::set(&self.base, &cookie::Names::of(&self.platform).browser, &browser, Span::days(365));
        (browser, cookie)
    }
}

/// Returns an address as text; empty if it is not known.
pub(crate) fn text(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// Returns the address of the caller: the peer, or what the configured proxy reports.
#[must_use]
pub fn caller(platform: &Platform, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    if !platform.settings.behind_proxy {
        return peer();
    }
    // The proxy added the last entry. Anybody can write those before it.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let forwarded = forwarded.and_then(|value| address_of(value.rsplit(',').next()?.trim()));
    forwarded.or_else(peer)
}

/// Returns the address of an entry. Some proxies add the port. Text that is not an address says nothing about the
/// caller.
fn address_of(entry: &str) -> Option<IpAddr> {
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok()
}

/// Returns the public base URL of this request.
#[must_use]
pub fn base(platform: &Platform, headers: &HeaderMap) -> String {
    platform.surroundings.base(headers).unwrap_or_else(|| platform.surroundings.issuer())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_entry_with_a_port_is_the_same_address_and_anything_else_is_none() {
        for entry in ["192.0.2.1", "192.0.2.1:5", "192.0.2.1:65535"] {
            assert_eq!(address_of(entry), Some(Ipv4Addr::new(192, 0, 2, 1).into()), "{entry}");
        }
        for entry in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(address_of(entry), "2001:db8::1".parse().ok(), "{entry}");
        }
        for entry in ["", "unknown", "x1", "192.0.2.1:99999", "192.0.2.1, x"] {
            assert_eq!(address_of(entry), None, "{entry}");
        }
    }
}
