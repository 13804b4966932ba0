//! The open connections of a server, and their limits: how many there are, and how long each may wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::clock;
use crate::request::network::Network;

/// Interval at which late connections are closed. Times are measured in this unit.
const TICK: Duration = Duration::from_millis(100);

/// When all places are taken, this part of the waiting connections is closed at once, so that looking for them costs
/// little for each new connection.
const PART: usize = 16;

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of connections.
    pub connections: usize,
    /// Maximum number of connections of one network.
    pub of_network: usize,
    /// Time from the first byte of a request, or from the start of the connection, to the end of its header.
    pub header: Duration,
    /// Time that a connection may wait for the next request, or for the client to read a reply.
    pub idle: Duration,
    /// Time in which the body of a request must arrive.
    pub body: Duration,
    /// Time from the end of a header to the reply, body included. Without a reply the connection is closed.
    pub request: Duration,
}

impl Limits {
    /// No limits of time, for clients on the same machine.
    #[must_use]
    pub const fn lenient(connections: usize) -> Self {
        Self {
            connections,
            of_network: connections,
            header: Duration::MAX,
            idle: Duration::MAX,
            body: Duration::MAX,
            request: Duration::MAX,
        }
    }
}

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for a request, or sends a reply.
    Idle,
    /// It reads the header of a request.
    Header,
    /// A request is handled. Its body is part of this.
    Request,
}

/// The open connections.
pub struct Connections {
    limits: Limits,
    began: Instant,
    /// Time since the start, in ticks.
    now: AtomicU32,
    open: Mutex<Open>,
    /// Connections that were closed because of a limit, and new ones that found no place.
    closed: AtomicU64,
}

#[derive(Default)]
struct Open {
    last_id: u64,
    all: HashMap<u64, Arc<Connection>>,
    of_network: HashMap<Network, usize>,
}

/// An open connection.
pub struct Connection {
    network: Network,
    /// The phase and the tick at which it began.
    state: AtomicU64,
    task: OnceLock<AbortHandle>,
}

impl Connection {
    fn new(network: Network, now: u32) -> Self {
        let connection = Self { network, state: AtomicU64::new(0), task: OnceLock::new() };
        connection.set(Phase::Header, now);
        connection
    }

    fn set(&self, phase: Phase, now: u32) {
        let phase = match phase {
            Phase::Idle => 0,
            Phase::Header => 1,
            Phase::Request => 2,
        };
        self.state.store(u64::from(now) << 2 | phase, Ordering::Relaxed);
    }

    fn state(&self) -> (Phase, u32) {
        let state = self.state.load(Ordering::Relaxed);
        let phase = match state & 3 {
            0 => Phase::Idle,
            1 => Phase::Header,
            _ => Phase::Request,
        };
        (phase, (state >> 2) as u32)
    }

    fn close(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Connections {
    /// Makes the register of a server without connections.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            began: clock::monotonic(),
            now: AtomicU32::new(0),
            open: Mutex::default(),
            closed: AtomicU64::new(0),
        })
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the number of open connections.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().all.len()
    }

    /// Returns how many connections a limit has closed, or refused, since the start.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.closed.load(Ordering::Relaxed)
    }

    /// Closes late connections, until it is aborted.
    pub(super) async fn watch(&self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.now.store(ticks_in(self.began.elapsed()), Ordering::Relaxed);
            self.close_late();
        }
    }

    fn close_late(&self) {
        let now = self.now();
        for connection in self.lock().all.values() {
            let (phase, since) = connection.state();
            let limit = match phase {
                Phase::Idle => self.limits.idle,
                Phase::Header => self.limits.header,
                Phase::Request => self.limits.request,
            };
            if now.saturating_sub(since) > ticks_in(limit) {
                self.closed.fetch_add(1, Ordering::Relaxed);
                connection.close();
            }
        }
    }

    /// Gives a new connection a place. When all are taken, connections that have waited longest are closed. Returns
    /// `None` if none waits, or if its network has all its places: the new connection is closed then.
    pub(super) fn admit(self: &Arc<Self>, network: Network) -> Option<Place> {
        let mut open = self.lock();
        let places = open.all.len();
        let admitted = open.of_network.get(&network).copied().unwrap_or_default() < self.limits.of_network
            && (places < self.limits.connections || self.make_room(&open));
        if !admitted {
            self.closed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        open.last_id += 1;
        let id = open.last_id;
        let connection = Arc::new(Connection::new(network, self.now()));
        open.all.insert(id, Arc::clone(&connection));
        *open.of_network.entry(network).or_default() += 1;
        Some(Place { connections: Arc::clone(self), connection, id })
    }

    /// Closes a part of the connections that wait. Returns whether there were any. They give their places back a moment
    /// later, so that the limit is exceeded by a few for this moment.
    fn make_room(&self, open: &Open) -> bool {
        let mut waiting: Vec<_> = open
            .all
            .values()
            .filter_map(|connection| match connection.state() {
                (Phase::Request, _) => None,
                (_, since) => Some((since, connection)),
            })
            .collect();
        waiting.sort_unstable_by_key(|(since, _)| *since);
        let part = waiting.len().div_ceil(PART);
        for (_, connection) in waiting.iter().take(part) {
            connection.close();
        }
        self.closed.fetch_add(part as u64, Ordering::Relaxed);
        part > 0
    }

    fn now(&self) -> u32 {
        self.now.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ticks_in(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX)
}

/// The place of a connection. It is given back at the end.
pub(super) struct Place {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
    id: u64,
}

impl Place {
    /// Sets the task that is aborted to close the connection.
    pub(super) fn set_task(connection: &Connection, task: AbortHandle) {
        let _ = connection.task.set(task);
    }

    pub(super) fn limits(&self) -> &Limits {
        self.connections.limits()
    }

    pub(super) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Bytes have arrived. They begin a request if none is in progress.
    pub(super) fn received(&self) {
        if self.connection.state().0 == Phase::Idle {
            self.connection.set(Phase::Header, self.connections.now());
        }
    }

    /// Bytes were sent: the client reads.
    pub(super) fn sent(&self) {
        if self.connection.state().0 == Phase::Idle {
            self.connection.set(Phase::Idle, self.connections.now());
        }
    }

    /// The header of a request is complete.
    pub(super) fn handling(&self) {
        self.connection.set(Phase::Request, self.connections.now());
    }

    /// The reply is ready.
    pub(super) fn handled(&self) {
        self.connection.set(Phase::Idle, self.connections.now());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.all.remove(&self.id);
        let network = self.connection.network;
        if let Some(count) = open.of_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                open.of_network.remove(&network);
            }
        }
    }
}
