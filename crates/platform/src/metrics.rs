//! Figures for Prometheus. No label contains personal data.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::Platform;
use crate::http::error::Explained;
use crate::server::Connections;

/// Statuses with a counter that is found without a search.
const COMMON: [u16; 12] = [200, 204, 302, 303, 400, 401, 403, 404, 421, 429, 500, 503];

/// The figures of a platform.
pub struct Metrics {
    endpoints: Endpoints,
    requests: Family<Request, Counter>,
    refusals: Family<Refusal, Counter>,
    logins: Family<Login, Counter>,
    deliveries: Family<Delivery, Counter>,
    sweeps: Counter,
}

/// The place of an endpoint among the counters.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint(usize);

#[derive(Default)]
struct Endpoints {
    by_path: HashMap<String, usize>,
    /// The last one is for all other paths.
    all: Vec<Counters>,
}

struct Counters {
    path: String,
    common: [OnceLock<Counter>; COMMON.len()],
}

impl Counters {
    fn new(path: &str) -> Self {
        Self { path: path.to_owned(), common: [const { OnceLock::new() }; COMMON.len()] }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    endpoint: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Login {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivery {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut endpoints = Endpoints::default();
        for endpoint in crate::http::endpoints() {
            if !endpoints.by_path.contains_key(&endpoint.path) {
                endpoints.by_path.insert(endpoint.path.clone(), endpoints.all.len());
                endpoints.all.push(Counters::new(&endpoint.path));
            }
        }
        endpoints.all.push(Counters::new("other"));
        Self {
            endpoints,
            requests: Family::default(),
            refusals: Family::default(),
            logins: Family::default(),
            deliveries: Family::default(),
            sweeps: Counter::default(),
        }
    }
}

impl Metrics {
    /// Returns the endpoint with this path.
    pub(crate) fn endpoint(&self, path: &str) -> Endpoint {
        Endpoint(self.endpoints.by_path.get(path).copied().unwrap_or(self.endpoints.all.len() - 1))
    }

    /// Counts a reply.
    pub(crate) fn answered(&self, endpoint: Endpoint, response: &Response) {
        let status = response.status().as_u16();
        if let Some(counters) = self.endpoints.all.get(endpoint.0) {
            let make = || {
                let labels = Request { endpoint: counters.path.clone(), status };
                self.requests.get_or_create_owned(&labels)
            };
            let common = COMMON.iter().position(|common| *common == status);
            match common.and_then(|index| counters.common.get(index)) {
                Some(counter) => counter.get_or_init(make).inc(),
                None => make().inc(),
            };
        }
        if let Some(explained) = response.extensions().get::<Explained>() {
            self.refusals.get_or_create(&Refusal { code: explained.code }).inc();
        }
    }

    /// Counts an attempt to log in: `ok`, `wrong`, `throttled` or `busy`.
    pub(crate) fn logged_in(&self, result: &'static str) {
        self.logins.get_or_create(&Login { result }).inc();
    }

    /// Counts the result of sending a webhook: `delivered`, `failed` or `given_up`.
    pub(crate) fn delivered(&self, result: &'static str) {
        self.deliveries.get_or_create(&Delivery { result }).inc();
    }

    /// Counts a sweep of expired rows.
    pub(crate) fn swept(&self) {
        self.sweeps.inc();
    }

    /// Returns the text that Prometheus reads (OpenMetrics).
    #[must_use]
    pub fn render(&self, platform: &Platform, connections: Option<&Connections>) -> String {
        let mut registry = Registry::with_prefix("kakaw");
        let gauge = |value: usize| {
            let gauge: Gauge = Gauge::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            gauge
        };
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build", "The running version", build);
        registry.register("requests", "Replies by endpoint and status", self.requests.clone());
        registry.register("refusals", "Refused requests by code", self.refusals.clone());
        registry.register("logins", "Attempts to log in by result", self.logins.clone());
        registry.register("deliveries", "Webhooks sent, by result", self.deliveries.clone());
        registry.register("sweeps", "Sweeps of expired rows", self.sweeps.clone());
        let (hashing, waiting) = platform.passwords.load();
        registry.register("hashing", "Passwords that are hashed now", gauge(hashing));
        registry.register("hashing_waiting", "Log-ins that wait for a hash", gauge(waiting));
        let times = platform.store.times();
        let (query, commit) = (times.query.clone(), times.commit.clone());
        registry.register_with_unit("storage_query", "Time of reads of the database", Unit::Seconds, query);
        registry.register_with_unit("storage_commit", "Time of commits to the database", Unit::Seconds, commit);
        if let Some((open, idle)) = platform.store.pool() {
            registry.register("pool_connections", "Connections to PostgreSQL", gauge(open));
            registry.register("pool_idle", "Connections to PostgreSQL that are not in use", gauge(idle));
        }
        if let Some(connections) = connections {
            let closed: Counter<u64, AtomicU64> = Counter::default();
            closed.inner().store(connections.closed(), std::sync::atomic::Ordering::Relaxed);
            registry.register("connections", "Open connections of clients", gauge(connections.open()));
            registry.register("connections_closed", "Connections that a limit closed or refused", closed);
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
