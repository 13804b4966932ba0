//! Failures by subject, of a bounded number of subjects.

use std::collections::HashMap;
use std::hash::Hash;

use kakaw_core::account::throttle::{Failures, Rule};
use kakaw_core::{Millis, Span};

/// Maximum number of subjects. A stranger can cause no more than this, at any rate.
const MOST: usize = 1 << 16;

/// When there is no room, this part of the subjects is forgotten: those whose last failure is the oldest.
const PART: usize = 16;

pub(super) struct Bounded<K> {
    rule: Rule,
    all: HashMap<K, Failures>,
}

impl<K: Eq + Hash + Copy> Bounded<K> {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, all: HashMap::new() }
    }

    pub(super) fn of(&self, subject: &K) -> Failures {
        self.all.get(subject).copied().unwrap_or(Failures::NONE)
    }

    /// Returns how long the subject must wait.
    pub(super) fn wait(&self, subject: &K, now: Millis) -> Span {
        self.rule.wait(self.of(subject), now)
    }

    pub(super) fn add(&mut self, subject: K, now: Millis) {
        let failures = self.rule.add(self.of(&subject), now);
        if self.all.len() >= MOST && !self.all.contains_key(&subject) {
            self.make_room(now);
        }
        self.all.insert(subject, failures);
    }

    pub(super) fn forget(&mut self, subject: &K) {
        self.all.remove(subject);
    }

    fn make_room(&mut self, now: Millis) {
        let rule = self.rule;
        self.all.retain(|_, failures| !rule.is_forgotten(*failures, now));
        if self.all.len() < MOST {
            return;
        }
        let mut times: Vec<Millis> = self.all.values().map(|failures| failures.last_at).collect();
        let (_, last, _) = times.select_nth_unstable(MOST / PART);
        let last = *last;
        self.all.retain(|_, failures| failures.last_at > last);
    }
}

#[cfg(test)]
mod tests {
    use kakaw_core::account::throttle::NETWORK;

    use super::*;

    #[test]
    fn subjects_are_bounded_and_the_oldest_go_first() {
        let mut all = Bounded::new(NETWORK);
        let most = u32::try_from(MOST).expect("small");
        for subject in 0..most * 3 {
            all.add(subject, Millis(i64::from(subject) / 1000));
            assert!(all.all.len() <= MOST);
        }
        assert!(all.all.len() > MOST / 2);
        assert_eq!(all.of(&(most * 3 - 1)).count, 1, "the newest stays");
        assert_eq!(all.of(&0), Failures::NONE);
        // All fail at the same moment.
        let mut all = Bounded::new(NETWORK);
        for subject in 0..most * 2 {
            all.add(subject, Millis(0));
        }
        assert!(all.all.len() <= MOST);
    }
}
