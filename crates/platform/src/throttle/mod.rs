//! Slows down guesses of passwords, client secrets, admin keys, codes and refresh tokens. What is remembered is bounded,
//! whatever the rate. Failures on accounts that exist are also in the database, so that all nodes count together.

mod bounded;
mod gate;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kakaw_core::account::LoginId;
use kakaw_core::account::throttle::{
    ACCOUNT_FROM_KNOWN_BROWSER, ACCOUNT_FROM_NETWORK, CLIENT, Failures, GRANT, NETWORK,
};
use kakaw_core::{Millis, Span};
use tokio::sync::Semaphore;

use self::bounded::Bounded;
use self::gate::Gate;
use crate::clock;
use crate::request::network::Network;

/// Maximum number of accounts with a gate. Beyond it, the gates of those whose last failure is the oldest go.
const GATES: usize = 1 << 16;

/// How long a refusal is held back, and how many at most: a client that guesses in a loop waits for each reply.
const HOLD: Span = Span::seconds(1);
const HELD: usize = 512;

/// A subject, as a hash with a key of this process: nobody can choose subjects that collide.
type Subject = u64;

/// Counts failures and says who must wait.
pub struct Throttle {
    is_on: bool,
    began: Instant,
    hasher: RandomState,
    state: Mutex<State>,
    held: Semaphore,
}

struct State {
    networks: Bounded<Network>,
    /// An account from a network.
    pairs: Bounded<(Network, Subject)>,
    /// An account from a browser that has logged in to it.
    browsers: Bounded<Subject>,
    clients: Bounded<(Network, Subject)>,
    grants: Bounded<Network>,
    gates: HashMap<Subject, Gate>,
}

/// Who tries to log in.
#[derive(Debug, Clone, Copy)]
pub struct Guest<'a> {
    pub login: &'a LoginId,
    pub network: Network,
    /// Identifies the browser and the account, if the browser has logged in to it before.
    pub known: Option<&'a str>,
}

/// An attempt that may be verified. When it is dropped without a result, nothing is counted.
pub struct Attempt {
    throttle: Arc<Throttle>,
    who: Who,
}

#[derive(Clone, Copy)]
enum Who {
    /// The throttle is off.
    Anybody,
    Known(Subject),
    Stranger(Network, Subject),
}

impl Throttle {
    /// Makes a throttle that has counted nothing. If it is off, it never makes anybody wait.
    #[must_use]
    pub fn new(is_on: bool) -> Arc<Self> {
        Arc::new(Self {
            is_on,
            began: clock::monotonic(),
            hasher: RandomState::new(),
            state: Mutex::new(State {
                networks: Bounded::new(NETWORK),
                pairs: Bounded::new(ACCOUNT_FROM_NETWORK),
                browsers: Bounded::new(ACCOUNT_FROM_KNOWN_BROWSER),
                clients: Bounded::new(CLIENT),
                grants: Bounded::new(GRANT),
                gates: HashMap::new(),
            }),
            held: Semaphore::new(HELD),
        })
    }

    /// Whether it makes anybody wait.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.is_on
    }

    /// Begins an attempt to log in. `shared` are the failures in the database, with the time that has passed since the
    /// last.
    ///
    /// # Errors
    /// How long the caller must wait.
    pub fn log_in(self: &Arc<Self>, guest: Guest<'_>, shared: Option<(u32, Span)>) -> Result<Attempt, Span> {
        if !self.is_on {
            return Ok(Attempt { throttle: Arc::clone(self), who: Who::Anybody });
        }
        let now = self.now();
        let mut state = self.lock();
        let State { networks, pairs, browsers, gates, .. } = &mut *state;
        if let Some(known) = guest.known {
            let browser = self.hasher.hash_one(known);
            at_once(browsers.wait(&browser, now))?;
            return Ok(Attempt { throttle: Arc::clone(self), who: Who::Known(browser) });
        }
        let subject = self.hasher.hash_one(guest.login.as_str());
        let pair = (guest.network, subject);
        at_once(networks.wait(&guest.network, now))?;
        at_once(pairs.wait(&pair, now))?;
        if gates.len() >= GATES && !gates.contains_key(&subject) {
            make_room(gates, now);
        }
        let gate = gates.entry(subject).or_default();
        if let Some((count, ago)) = shared {
            gate.learn(Failures { count, last_at: Millis(now.0.saturating_sub(ago.as_milliseconds().max(0))) });
        }
        gate.enter(guest.network, pairs.of(&pair).count, now).map_err(|not_yet| {
            if not_yet.too_early {
                pairs.add(pair, now);
            }
            not_yet.wait
        })?;
        Ok(Attempt { throttle: Arc::clone(self), who: Who::Stranger(guest.network, subject) })
    }

    /// Returns whether the credentials of a client may be checked now. If they may be soon, it waits until then.
    pub async fn admits_client(&self, network: Network, client: &str) -> bool {
        if !self.is_on {
            return true;
        }
        let subject = (network, self.hasher.hash_one(client));
        let left = || self.lock().clients.wait(&subject, self.now());
        let wait = left();
        wait == Span::ZERO || {
            self.hold(wait).await;
            left() == Span::ZERO
        }
    }

    /// Counts wrong credentials of a client.
    pub fn client_failed(&self, network: Network, client: &str) {
        if self.is_on {
            self.lock().clients.add((network, self.hasher.hash_one(client)), self.now());
        }
    }

    /// Counts an unknown code or token. Returns how long the reply is held back.
    #[must_use]
    pub fn grant_failed(&self, network: Network) -> Span {
        if !self.is_on {
            return Span::ZERO;
        }
        let (now, mut state) = (self.now(), self.lock());
        state.grants.add(network, now);
        state.grants.wait(&network, now)
    }

    /// Holds a refusal back for a moment. If too many are held already, it is not.
    pub async fn hold(&self, wait: Span) {
        if wait > Span::ZERO
            && let Ok(_place) = self.held.try_acquire()
        {
            tokio::time::sleep(wait.min(HOLD).as_duration()).await;
        }
    }

    fn now(&self) -> Millis {
        // Not the clock of the rules: it can be set back.
        Millis(i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn at_once(wait: Span) -> Result<(), Span> {
    if wait > Span::ZERO { Err(wait) } else { Ok(()) }
}

/// Removes the gates that are idle, and if that is not enough, the oldest half of the others.
fn make_room(gates: &mut HashMap<Subject, Gate>, now: Millis) {
    gates.retain(|_, gate| !gate.is_idle(now));
    if gates.len() < GATES {
        return;
    }
    let mut times: Vec<Millis> = gates.values().map(Gate::last_at).collect();
    let middle = times.len() / 2;
    let (_, last, _) = times.select_nth_unstable(middle);
    let last = *last;
    gates.retain(|_, gate| gate.last_at() > last);
}

impl Attempt {
    /// The password was right.
    pub fn succeeded(self) {
        let mut state = self.throttle.lock();
        match self.who {
            Who::Anybody => {}
            Who::Known(browser) => state.browsers.forget(&browser),
            // Only its own failures: others may still be guessing.
            Who::Stranger(network, subject) => state.pairs.forget(&(network, subject)),
        }
    }

    /// The password was wrong. Returns whether it counts for the account, on all nodes.
    #[must_use]
    pub fn failed(self) -> bool {
        let (now, mut state) = (self.throttle.now(), self.throttle.lock());
        match self.who {
            Who::Anybody => false,
            Who::Known(browser) => {
                state.browsers.add(browser, now);
                false
            }
            Who::Stranger(network, subject) => {
                state.networks.add(network, now);
                state.pairs.add((network, subject), now);
                if let Some(gate) = state.gates.get_mut(&subject) {
                    gate.count(now);
                }
                true
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Who::Stranger(_, subject) = self.who
            && let Some(gate) = self.throttle.lock().gates.get_mut(&subject)
        {
            gate.leave();
        }
    }
}
