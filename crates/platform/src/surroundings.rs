//! The surroundings of a platform: its clock, its own name, and the schedule of deliveries.

use axum::http::{HeaderMap, header};
use kakaw_core::random::Random;
use kakaw_core::{Millis, Span};
use kakaw_store::deliveries::Delivery;
use kakaw_wire::url::authority;

use crate::clock;

/// The surroundings of a platform. [`Alone`] is the implementation for a login service on its own.
pub trait Surroundings: Send + Sync {
    /// Returns the time that rules use.
    fn now(&self) -> Millis;

    /// Returns the base URL that a request used, without a trailing slash. `None` when its `Host` is not ours.
    fn base(&self, headers: &HeaderMap) -> Option<String>;

    /// Returns the base URL when there is no request.
    fn issuer(&self) -> String;

    /// Whether ID tokens are issued under this name.
    fn is_issuer(&self, name: &str) -> bool;

    /// Returns when a due delivery is sent.
    fn schedule(&self, delivery: &Delivery, random: &dyn Random) -> Schedule {
        let _ = (delivery, random);
        Schedule::Now { then: Vec::new() }
    }

    /// Returns the requests of a delivery, in their order. The reply to the last one counts.
    fn outgoing(&self, delivery: &Delivery, request: reqwest::Request) -> Vec<reqwest::Request> {
        let _ = delivery;
        vec![request]
    }
}

/// When a delivery is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Now. The deliveries in `then` become due once it has ended.
    Now { then: Vec<i64> },
    /// So much later. The reason is stored.
    Later { by: Span, why: &'static str },
}

/// One login service with one public URL and the real clock.
#[derive(Debug, Clone)]
pub struct Alone {
    public_url: String,
    /// Where the host begins in the URL. Each request asks for it.
    host: usize,
}

impl Alone {
    /// Makes the surroundings for a public URL: scheme and host, without a trailing slash.
    #[must_use]
    pub fn new(public_url: String) -> Self {
        let host = authority(&public_url).map_or(0, |host| public_url.len() - host.len());
        Self { public_url, host }
    }
}

impl Surroundings for Alone {
    fn now(&self) -> Millis {
        clock::now()
    }

    fn base(&self, headers: &HeaderMap) -> Option<String> {
        self.public_url
            .get(self.host..)
            .is_some_and(|own| is_same_host(own, sent_host(headers)))
            .then(|| self.public_url.clone())
    }

    fn issuer(&self) -> String {
        self.public_url.clone()
    }

    fn is_issuer(&self, name: &str) -> bool {
        name == self.public_url
    }
}

/// Whether the request's `Host` is the one of this URL. A page of another site must not reach us by DNS rebinding.
#[must_use]
pub fn is_host_of(url: &str, headers: &HeaderMap) -> bool {
    authority(url).is_some_and(|own| is_same_host(own, sent_host(headers)))
}

/// Returns the `Host` of a request. Two of them are none (RFC 9112 §3.2).
fn sent_host(headers: &HeaderMap) -> &str {
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

    fn base(url: &str, hosts: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        Alone::new(url.to_owned()).base(&headers)
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
}
