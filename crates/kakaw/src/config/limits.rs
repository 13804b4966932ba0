//! `[limits]`: how many connections there may be, and how long each may wait.

use std::time::Duration;

use kakaw_core::Span;
use kakaw_platform::server;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum number of connections, unless it is configured.
const CONNECTIONS: usize = 10_000;

/// Open files that are left for the database, webhooks, keys and the log.
const OTHER_FILES: usize = 256;

/// `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Maximum number of open connections. When all places are taken, the connections that have waited longest are closed.
    /// Default: 10000, or what the process's limit of open files leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// Maximum number of connections from one address (IPv6: from one /64 network). Further ones are closed at once.
    /// Default: a quarter of all; behind a proxy, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_address: Option<usize>,
    /// Seconds in which a TLS handshake and the header of a request must arrive. Later, the connection is closed.
    pub header: Span,
    /// Seconds in which the body of a request must arrive. Later, the request is refused.
    pub body: Span,
    /// Seconds that a connection may wait for its next request, or for its client to read. Default: 75; behind a proxy 300,
    /// so that the proxy closes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Span>,
    /// Seconds from the end of a request's header to the reply. Later, the connection is closed.
    pub request: Span,
    /// Whether repeated wrong passwords, client secrets, admin keys, codes and refresh tokens make the next attempt wait.
    /// `serve` accepts `false` only with `pages.test_notice`.
    pub guesses: bool,
}

impl Limits {
    /// The defaults. A stand-in waits longer: its clients may be stopped in a debugger.
    #[must_use]
    pub const fn defaults(dev: bool) -> Self {
        let (short, long) = if dev { (Span::hours(1), Span::hours(1)) } else { (Span::seconds(10), Span::seconds(30)) };
        let body = if dev { short } else { Span::seconds(15) };
        let idle = if dev { Some(long) } else { None };
        Self {
            connections: None,
            connections_per_address: None,
            header: short,
            body,
            idle,
            request: long,
            guesses: !dev,
        }
    }

    /// The limits that are zero or absurd, each with the most that is allowed.
    pub(super) fn impossible(&self) -> Vec<(&'static str, i64, i64)> {
        const MOST: i64 = 1_000_000;
        const DAY: i64 = 86_400;
        let seconds = |span: Span| span.as_seconds();
        let count = |count: Option<usize>| count.map_or(1, |count| i64::try_from(count).unwrap_or(i64::MAX));
        let all = [
            ("limits.connections", count(self.connections), MOST),
            ("limits.connections_per_address", count(self.connections_per_address), MOST),
            ("limits.header", seconds(self.header), DAY),
            ("limits.body", seconds(self.body), DAY),
            ("limits.idle", self.idle.map_or(1, seconds), DAY),
            ("limits.request", seconds(self.request), DAY),
        ];
        all.into_iter().filter(|(_, value, most)| !(1..=*most).contains(value)).collect()
    }

    /// The limits of a server whose process may open this many files.
    #[must_use]
    pub fn of_server(&self, open_files: usize, behind_proxy: bool) -> server::Limits {
        let room = open_files.saturating_sub(OTHER_FILES).max(open_files / 2);
        let connections = self.connections.unwrap_or(CONNECTIONS).min(room);
        let of_network = if behind_proxy { connections } else { connections.div_ceil(4) };
        let idle = self.idle.unwrap_or(Span::seconds(if behind_proxy { 300 } else { 75 }));
        server::Limits {
            connections,
            of_network: self.connections_per_address.unwrap_or(of_network),
            header: time(self.header),
            body: time(self.body),
            idle: time(idle),
            request: time(self.request),
        }
    }
}

fn time(span: Span) -> Duration {
    span.as_duration()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest_of_the_process() {
        let limits = Limits::defaults(false);
        let places = |files| limits.of_server(files, false).connections;
        assert_eq!(places(1_048_576), CONNECTIONS);
        assert_eq!(places(1024), 768);
        assert_eq!(places(256), 128, "a small process still serves");
        let asked = Limits { connections: Some(50_000), ..limits };
        assert_eq!(asked.of_server(1024, false).connections, 768, "more than there are files");
    }

    #[test]
    fn behind_a_proxy_all_connections_come_from_one_address_and_the_proxy_closes_first() {
        let (direct, proxied) =
            (Limits::defaults(false).of_server(1024, false), Limits::defaults(false).of_server(1024, true));
        assert_eq!((direct.of_network, proxied.of_network), (192, 768));
        assert!(proxied.idle > direct.idle);
    }
}
