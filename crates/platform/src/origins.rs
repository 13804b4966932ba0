//! The surfaces of a platform, and the origin at which each of them is reached: one for all, or one for each.

use axum::http::{HeaderMap, header};
use kakaw_wire::url::authority;

/// A part of a platform that can have an origin of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// The authorization server. It reads no cookie if accounts has another origin.
    Kauth,
    /// The user API.
    Kapi,
    /// The account service. It alone reads the session, so the pages of an authorization request are its pages too.
    Accounts,
    /// The shipping address picker.
    Apps,
}

impl Surface {
    pub const ALL: [Self; 4] = [Self::Kauth, Self::Kapi, Self::Accounts, Self::Apps];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Kauth => "kauth",
            Self::Kapi => "kapi",
            Self::Accounts => "accounts",
            Self::Apps => "apps",
        }
    }
}

/// The origin of each surface. Surfaces can share an origin.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The different origins.
    all: Vec<Origin>,
    /// The place of each surface's origin in `all`, in the order of [`Surface::ALL`].
    places: [usize; 4],
}

/// Scheme and host, without a trailing slash.
#[derive(Debug, Clone)]
struct Origin {
    url: String,
    /// Where the host begins in the URL. Each request asks for it.
    host: usize,
}

impl Origins {
    /// Makes the origins from the URL of each surface: scheme and host, without a trailing slash.
    #[must_use]
    pub fn new(url_of: impl Fn(Surface) -> String) -> Self {
        let mut all: Vec<Origin> = Vec::new();
        let places = Surface::ALL.map(|surface| {
            let url = url_of(surface);
            all.iter().position(|origin| origin.url == url).unwrap_or_else(|| {
                let host = authority(&url).map_or(0, |host| url.len() - host.len());
                all.push(Origin { url, host });
                all.len() - 1
            })
        });
        Self { all, places }
    }

    /// Returns the URL of a surface.
    #[must_use]
    pub fn of(&self, surface: Surface) -> &str {
        let place = self.places.get(surface as usize).copied().unwrap_or_default();
        self.all.get(place).map_or("", |origin| &origin.url)
    }

    /// Returns the place of the origin that a request was sent to. `None` when its `Host` is not ours.
    pub(crate) fn place(&self, headers: &HeaderMap) -> Option<usize> {
        let sent = sent_host(headers);
        self.all.iter().position(|origin| origin.url.get(origin.host..).is_some_and(|own| is_same_host(own, sent)))
    }

    /// Returns the origin that a request was sent to.
    #[must_use]
    pub fn sent_to(&self, headers: &HeaderMap) -> Option<&str> {
        self.all.get(self.place(headers)?).map(|origin| origin.url.as_str())
    }

    /// Returns the surfaces of each origin, or `None` if all surfaces have the same one.
    pub(crate) fn separate(&self) -> Option<Vec<Vec<Surface>>> {
        let at = |place| Surface::ALL.into_iter().zip(self.places).filter(move |(_, p)| *p == place).map(|(s, _)| s);
        (self.all.len() > 1).then(|| (0..self.all.len()).map(|place| at(place).collect()).collect())
    }
}

/// Whether the request's `Host` is the one of this URL. A page of another site must not reach us by DNS rebinding.
#[must_use]
pub fn is_host_of(url: &str, headers: &HeaderMap) -> bool {
    authority(url).is_some_and(|own| is_same_host(own, sent_host(headers)))
}

/// Returns the `Host` of a request. Two of them are none (RFC 9112 §3.2).
pub(crate) fn sent_host(headers: &HeaderMap) -> &str {
    let mut all = headers.get_all(header::HOST).iter();
    match (all.next(), all.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => "",
    }
}

/// Compares hosts without regard to case (RFC 9110 §4.2.3). A client may send the default port.
fn is_same_host(own: &str, sent: &str) -> bool {
    let without = |host: &str| host.eq_ignore_ascii_case(own);
    without(sent)
        || (!own.contains(':') && [":443", ":80"].iter().any(|port| sent.strip_suffix(port).is_some_and(without)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn sent(hosts: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        headers
    }

    fn base(url: &str, hosts: &[&'static str]) -> Option<String> {
        Origins::new(|_| url.to_owned()).sent_to(&sent(hosts)).map(str::to_owned)
    }

    #[test]
    fn a_host_is_compared_without_case_and_with_the_default_port_and_must_be_one() {
        let url = "https://login.example.com";
        for host in ["login.example.com", "LOGIN.example.com", "login.example.com:443"] {
            assert_eq!(base(url, &[host]).as_deref(), Some(url), "{host}");
        }
        for hosts in [&["evil.example"][..], &["login.example.com:8443"], &["login.example.com", "evil.example"], &[]] {
            assert_eq!(base(url, hosts), None, "{hosts:?}");
        }
        let own_port = "http://localhost:7700";
        assert!(base(own_port, &["localhost:7700"]).is_some());
        assert!(base(own_port, &["localhost"]).is_none() && base(own_port, &["localhost:80"]).is_none());
    }

    #[test]
    fn surfaces_with_the_same_origin_are_together() {
        let origins = Origins::new(|surface| match surface {
            Surface::Kapi => "https://api.example.com".to_owned(),
            _ => "https://login.example.com".to_owned(),
        });
        assert_eq!(origins.of(Surface::Kapi), "https://api.example.com");
        assert_eq!(origins.of(Surface::Apps), "https://login.example.com");
        assert_eq!(origins.sent_to(&sent(&["API.example.com:443"])), Some("https://api.example.com"));
        let together = [vec![Surface::Kauth, Surface::Accounts, Surface::Apps], vec![Surface::Kapi]];
        assert_eq!(origins.separate().as_deref(), Some(&together[..]));
        assert_eq!(Origins::new(|_| "https://login.example.com".to_owned()).separate(), None);
    }
}
