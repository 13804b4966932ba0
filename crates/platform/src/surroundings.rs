//! The surroundings of a platform: its clock, its own name, and the schedule of deliveries.

use axum::http::HeaderMap;
use kakaw_core::random::Random;
use kakaw_core::{Millis, Span};
use kakaw_store::deliveries::Delivery;

use crate::clock;
use crate::origins::{Origins, Surface};

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

    /// Returns the base URL of a surface for a client that used `base`.
    fn surface(&self, base: &str, surface: Surface) -> String {
        let _ = surface;
        base.to_owned()
    }

    /// Returns the configured origins of the surfaces, if there are any.
    fn origins(&self) -> Option<&Origins> {
        None
    }

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

/// One login service with the real clock, at one public URL or with an origin for each surface.
#[derive(Debug, Clone)]
pub struct Alone {
    origins: Origins,
}

impl Alone {
    #[must_use]
    pub const fn new(origins: Origins) -> Self {
        Self { origins }
    }
}

impl Surroundings for Alone {
    fn now(&self) -> Millis {
        clock::now()
    }

    fn base(&self, headers: &HeaderMap) -> Option<String> {
        self.origins.sent_to(headers).map(str::to_owned)
    }

    fn issuer(&self) -> String {
        self.origins.of(Surface::Kauth).to_owned()
    }

    fn is_issuer(&self, name: &str) -> bool {
        name == self.origins.of(Surface::Kauth)
    }

    fn surface(&self, _: &str, surface: Surface) -> String {
        self.origins.of(surface).to_owned()
    }

    fn origins(&self) -> Option<&Origins> {
        Some(&self.origins)
    }
}
