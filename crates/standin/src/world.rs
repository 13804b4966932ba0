//! A world: a platform with a movable clock, a request log, and injected faults.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRef;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random::{self, Random};
use kakaw_core::{Millis, Span};
use kakaw_platform::Platform;
use kakaw_platform::origins::{Surface, is_host_of};
use kakaw_platform::surroundings::{Schedule, Surroundings};
use kakaw_store::deliveries::Delivery;
use kakaw_wire::url::{split_origin, split_scheme};

use crate::bad_signature::badly_signed;
use crate::clock::Clock;
use crate::faults::{Delivery as Injected, FaultRules};
use crate::request_log::RequestLog;
use crate::snapshots::Snapshots;

/// The name of the world that every process has.
pub const DEFAULT: &str = "default";

/// Hosts of Kakao Login that a client's intercepted traffic can be for.
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

/// The prefix of a world's path, before its name.
pub const WORLDS: &str = "/w/";

/// The header with the path prefix of a world. [`crate::dispatch`] sets it, and removes it from requests that arrive
/// with it.
pub const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// A platform, and what only a stand-in has.
pub struct World {
    pub platform: Arc<Platform>,
    pub place: Arc<Place>,
    /// The recorded exchanges.
    pub requests: RequestLog,
    /// The snapshots.
    pub snapshots: Snapshots,
    /// The token that a control request from another machine must contain. Without a token, no other machine may call.
    pub control_token: Option<Secret>,
    /// A folder with a copy of Kakao's JavaScript SDK, which is served instead of ours.
    pub real_sdk: Option<PathBuf>,
}

impl World {
    /// Makes a world from a platform whose surroundings are this place.
    #[must_use]
    pub fn new(platform: Platform, place: Arc<Place>) -> Self {
        Self {
            platform: Arc::new(platform),
            place,
            requests: RequestLog::default(),
            snapshots: Snapshots::default(),
            control_token: None,
            real_sdk: None,
        }
    }

    /// Returns its name: [`DEFAULT`], or the name that it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// Returns the world's time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.place.clock.now()
    }
}

/// The state of a world's routes, for handlers of the platform and of the stand-in.
#[derive(Clone)]
pub struct Shared(pub Arc<World>);

impl FromRef<Shared> for Arc<World> {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.0)
    }
}

impl FromRef<Shared> for Arc<Platform> {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.0.platform)
    }
}

/// The public URL of a world.
#[derive(Debug, Clone)]
pub enum PublicUrl {
    /// One configured URL, without a trailing slash.
    Fixed(String),
    /// The loopback name that the client used.
    FollowLoopback,
}

/// The place of a world: its names, its clock, and the faults of its deliveries.
pub struct Place {
    pub name: String,
    pub public_url: PublicUrl,
    pub clock: Clock,
    pub faults: FaultRules,
    /// Its URL when there is no request.
    home: Mutex<String>,
}

impl Place {
    #[must_use]
    pub fn new(name: String, public_url: PublicUrl, clock: Clock, home: String) -> Self {
        Self { name, public_url, clock, faults: FaultRules::default(), home: Mutex::new(home) }
    }

    /// Sets its URL when there is no request.
    pub fn set_home(&self, home: String) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = home;
    }

    /// Whether it is the world that every process has.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT
    }

    fn is_our_host(&self, headers: &HeaderMap) -> bool {
        let host = text(headers, header::HOST).unwrap_or_default();
        match &self.public_url {
            PublicUrl::Fixed(url) => is_host_of(url, headers) || is_loopback_name(host),
            PublicUrl::FollowLoopback => is_loopback_name(host),
        }
    }
}

impl Surroundings for Place {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn base(&self, headers: &HeaderMap) -> Option<String> {
        if !self.is_our_host(headers) {
            return None;
        }
        let prefix = text(headers, PREFIX).unwrap_or_default();
        Some(match &self.public_url {
            PublicUrl::Fixed(url) if self.is_default() || !prefix.is_empty() => format!("{url}{prefix}"),
            _ => {
                let host = text(headers, header::HOST).unwrap_or("localhost");
                let scheme = if KAKAO_HOSTS.contains(&host) { "https" } else { "http" };
                format!("{scheme}://{host}{prefix}")
            }
        })
    }

    fn issuer(&self) -> String {
        match &self.public_url {
            PublicUrl::Fixed(url) if self.is_default() => url.clone(),
            _ => self.home.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn is_issuer(&self, issuer: &str) -> bool {
        let (origin, path) = split_origin(issuer);
        let is_path = if path.is_empty() { true } else { path.strip_prefix(WORLDS) == Some(&self.name) };
        let is_loopback = || {
            split_scheme(origin).is_some_and(|(scheme, host)| {
                is_loopback_name(host) && scheme == if KAKAO_HOSTS.contains(&host) { "https" } else { "http" }
            })
        };
        match &self.public_url {
            PublicUrl::Fixed(url) if self.is_default() => url == issuer,
            PublicUrl::Fixed(url) => is_path && (url == origin && !path.is_empty() || is_loopback()),
            PublicUrl::FollowLoopback => is_path && is_loopback(),
        }
    }

    /// Under Kakao's own host names, each surface has its own host.
    fn surface(&self, base: &str, surface: Surface) -> String {
        let (origin, path) = split_origin(base);
        match split_scheme(origin) {
            Some((scheme, host)) if KAKAO_HOSTS.contains(&host) => {
                format!("{scheme}://{}.kakao.com{path}", surface.id())
            }
            _ => base.to_owned(),
        }
    }

    fn schedule(&self, delivery: &Delivery, random: &dyn Random) -> Schedule {
        let kind = delivery.notice.kind();
        if delivery.attempts == 1 && !self.faults.is_empty() {
            match self.faults.choose_delivery(kind, random::chance(random)) {
                None => {}
                Some(Injected::Late(by)) => return Schedule::Later { by, why: "delayed by a fault rule" },
                Some(Injected::OutOfOrder) => {
                    self.faults.let_overtake(delivery.app_id, kind, delivery.id);
                    return Schedule::Later {
                        by: Span::hours(1),
                        why: "delayed by a fault rule until after the next notice",
                    };
                }
                Some(sent @ (Injected::BadSignature | Injected::Twice)) => self.faults.keep_for(delivery.id, sent),
            }
        }
        Schedule::Now { then: self.faults.overtaken_by(delivery.app_id, kind, delivery.id) }
    }

    fn outgoing(&self, delivery: &Delivery, request: reqwest::Request) -> Vec<reqwest::Request> {
        match self.faults.kept_for(delivery.id) {
            Some(Injected::BadSignature) => vec![badly_signed(request)],
            Some(Injected::Twice) => request.try_clone().into_iter().chain([request]).collect(),
            _ => vec![request],
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
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
