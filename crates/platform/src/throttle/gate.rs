//! The gate of one account. After many failures, attempts of strangers take turns: one at a time, and whoever has failed
//! least on this account goes first. So somebody who guesses from many addresses cannot keep the owner out.

use kakaw_core::account::throttle::{ACCOUNT, Failures};
use kakaw_core::{Millis, Span};

use crate::request::network::Network;

/// Maximum number of networks that wait at a gate.
const WAITING: usize = 64;

/// A network that does not come back in this time has given up.
const PATIENCE: Span = Span::seconds(30);

#[derive(Default)]
pub(super) struct Gate {
    /// Failures of strangers, of all nodes as far as this one knows.
    failures: Option<Failures>,
    /// Attempts that are verified now. Until they are decided, they count as failures.
    pending: u32,
    waiting: Vec<Waiting>,
}

#[derive(Clone, Copy)]
struct Waiting {
    network: Network,
    /// Its own failures on this account.
    failures: u32,
    since: Millis,
    /// When it may try again.
    until: Millis,
}

/// An attempt must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotYet {
    pub wait: Span,
    /// The network came back before its time. This counts as a failure: otherwise whoever tries most often goes first.
    pub too_early: bool,
}

impl Waiting {
    const fn rank(&self) -> (u32, i64) {
        (self.failures, self.since.0)
    }
}

impl Gate {
    fn failures(&self) -> Failures {
        self.failures.unwrap_or(Failures::NONE)
    }

    /// Learns what other nodes have counted.
    pub(super) fn learn(&mut self, failures: Failures) {
        self.failures = Some(self.failures().or_more(failures));
    }

    /// Lets a network pass, or says how long it must wait. `failures` are its own on this account.
    pub(super) fn enter(&mut self, network: Network, failures: u32, now: Millis) -> Result<(), NotYet> {
        let shared = self.failures();
        let expected = if self.pending == 0 {
            shared
        } else {
            Failures { count: shared.count.saturating_add(self.pending), last_at: now }
        };
        self.waiting.retain(|waiting| now < waiting.until + PATIENCE);
        let before = self.waiting.iter().position(|waiting| waiting.network == network);
        let before = before.map(|index| self.waiting.swap_remove(index));
        let own = Waiting { network, failures, since: before.map_or(now, |before| before.since), until: now };
        let contested = shared.count >= ACCOUNT.free && !ACCOUNT.is_forgotten(shared, now);
        let wait = match ACCOUNT.wait(expected, now) {
            Span::ZERO if contested && self.waiting.iter().any(|other| other.rank() < own.rank()) => Span::seconds(1),
            wait => wait,
        };
        if wait == Span::ZERO {
            self.pending += 1;
            return Ok(());
        }
        self.waiting.push(Waiting { until: now + wait, ..own });
        if self.waiting.len() > WAITING {
            self.waiting.sort_unstable_by_key(Waiting::rank);
            self.waiting.truncate(WAITING);
        }
        Err(NotYet { wait, too_early: before.is_some_and(|before| now < before.until) })
    }

    /// An attempt that passed has failed.
    pub(super) fn count(&mut self, now: Millis) {
        self.failures = Some(ACCOUNT.add(self.failures(), now));
    }

    /// An attempt that passed has ended.
    pub(super) const fn leave(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// Whether nothing needs to be remembered.
    pub(super) fn is_idle(&self, now: Millis) -> bool {
        self.pending == 0 && ACCOUNT.is_forgotten(self.failures(), now)
    }

    /// When it was last used, as far as it matters for who is forgotten first.
    pub(super) fn last_at(&self) -> Millis {
        self.failures().last_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(n: u32) -> Network {
        Network::V4(n.into())
    }

    /// Attempts from this network until one passes; returns when. The gate is asked every 100 ms.
    fn passes_at(gate: &mut Gate, who: u32, failures: u32, from: i64) -> i64 {
        (from..).step_by(100).find(|now| gate.enter(network(who), failures, Millis(*now)).is_ok()).expect("it passes")
    }

    /// How long this network must wait, in milliseconds.
    fn wait(gate: &mut Gate, who: u32, failures: u32, now: i64) -> i64 {
        gate.enter(network(who), failures, Millis(now)).expect_err("it must wait").wait.as_milliseconds()
    }

    #[test]
    fn attempts_at_the_same_moment_count_before_they_are_decided() {
        let mut gate = Gate::default();
        let passed = (0..100).filter(|who| gate.enter(network(*who), 0, Millis(0)).is_ok()).count();
        assert_eq!(passed, ACCOUNT.free as usize);
        for _ in 0..passed {
            gate.count(Millis(0));
            gate.leave();
        }
        assert_eq!(wait(&mut gate, 200, 0, 0), 1000);
    }

    #[test]
    fn the_owner_passes_within_the_longest_wait_though_fifty_networks_guess_all_the_time() {
        let mut gate = Gate::default();
        gate.learn(Failures { count: 10_000, last_at: Millis(0) });
        // None of them has failed yet.
        let mut own = [0; 50];
        let (mut now, owner, came, mut again) = (0, 99, 5_000, 5_000);
        let mut guesses = 0;
        let passed = loop {
            // The guessers are always faster.
            for who in 0..50_u32 {
                let failures: &mut u32 = &mut own[who as usize];
                match gate.enter(network(who), *failures, Millis(now)) {
                    Ok(()) => {
                        gate.count(Millis(now));
                        gate.leave();
                        guesses += 1;
                        *failures += 1;
                    }
                    Err(not_yet) => *failures += u32::from(not_yet.too_early),
                }
            }
            // A person tries again when the page says so.
            if now >= again {
                match gate.enter(network(owner), 0, Millis(now)) {
                    Ok(()) => break now,
                    Err(NotYet { wait, too_early }) => {
                        assert!(!too_early);
                        again = now + wait.as_milliseconds();
                    }
                }
            }
            now += 10;
        };
        assert!(passed - came <= 20_000, "it took {} ms", passed - came);
        assert!(guesses <= 1, "one guess each 15 s: {guesses} in {passed} ms");
    }

    #[test]
    fn who_failed_least_goes_first_and_who_gave_up_holds_nobody_up() {
        let mut gate = Gate::default();
        gate.learn(Failures { count: 50, last_at: Millis(0) });
        assert!(gate.enter(network(1), 0, Millis(100)).is_err());
        assert!(gate.enter(network(2), 3, Millis(100)).is_err());
        assert_eq!(wait(&mut gate, 2, 3, 15_000), 1000, "the other has failed less");
        assert_eq!(passes_at(&mut gate, 1, 0, 15_100), 15_100);
        gate.leave();
        assert_eq!(passes_at(&mut gate, 2, 3, 15_300), 15_300, "and then this one");
        gate.count(Millis(15_300));
        gate.leave();
        let until = 15_400 + wait(&mut gate, 1, 0, 15_400);
        assert_eq!(passes_at(&mut gate, 2, 4, 15_500), until + 30_000, "after the patience of the first");
    }

    #[test]
    fn a_quiet_account_needs_no_memory() {
        let mut gate = Gate::default();
        assert!(gate.enter(network(1), 0, Millis(0)).is_ok());
        assert!(!gate.is_idle(Millis(0)));
        gate.leave();
        assert!(gate.is_idle(Millis(0)));
        assert!(gate.enter(network(1), 0, Millis(0)).is_ok());
        gate.count(Millis(0));
        gate.leave();
        assert!(!gate.is_idle(Millis(1)) && gate.is_idle(Millis(3_600_000)));
    }
}
