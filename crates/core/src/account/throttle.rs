//! How guesses are slowed down. Failures are counted per subject (an account, a network, a browser with an account);
//! each further one doubles the wait before the next attempt.
//!
//! Sources: NIST SP 800-63B §5.2.2, OWASP Authentication Cheat Sheet ("Device cookies").

use crate::{Millis, Span};

/// The failed attempts against one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    /// When the last one failed.
    pub last_at: Millis,
}

impl Failures {
    /// None.
    pub const NONE: Self = Self { count: 0, last_at: Millis(0) };

    /// Returns the failures that two observers counted: the higher count. Equal counts are the same failures.
    #[must_use]
    pub const fn or_more(self, other: Self) -> Self {
        if other.count > self.count { other } else { self }
    }
}

/// How failures slow the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Failures without a wait: people mistype.
    pub free: u32,
    /// The first wait. It doubles with each further failure.
    pub first: Span,
    /// The longest wait.
    pub longest: Span,
    /// Failures are forgotten when none was added for this long.
    pub forgotten_after: Span,
}

/// Attempts on an account from all browsers that have not logged in to it before. The wait stays short, so that the
/// owner can always log in with a new browser.
pub const ACCOUNT: Rule =
    Rule { free: 10, first: Span::seconds(1), longest: Span::seconds(15), forgotten_after: Span::hours(1) };

/// Attempts on one account from one network.
pub const ACCOUNT_FROM_NETWORK: Rule =
    Rule { free: 5, first: Span::seconds(1), longest: Span::hours(1), forgotten_after: Span::days(1) };

/// Attempts on one account from a browser that has logged in to it before.
pub const ACCOUNT_FROM_KNOWN_BROWSER: Rule =
    Rule { free: 10, first: Span::seconds(1), longest: Span::hours(1), forgotten_after: Span::hours(1) };

/// Attempts on all accounts from one network. Many people may share it.
pub const NETWORK: Rule =
    Rule { free: 30, first: Span::seconds(1), longest: Span::seconds(30), forgotten_after: Span::minutes(10) };

/// Wrong credentials of one client (client secrets, admin keys) from one network.
pub const CLIENT: Rule =
    Rule { free: 10, first: Span::milliseconds(100), longest: Span::seconds(10), forgotten_after: Span::minutes(10) };

/// Unknown codes and refresh tokens from one network. Services send expired ones in good faith.
pub const GRANT: Rule =
    Rule { free: 20, first: Span::milliseconds(50), longest: Span::seconds(1), forgotten_after: Span::minutes(1) };

impl Rule {
    /// Whether failures no longer count.
    #[must_use]
    pub fn is_forgotten(&self, failures: Failures, now: Millis) -> bool {
        failures.count == 0 || now >= failures.last_at + self.forgotten_after
    }

    /// Returns how long the next attempt must wait from now; zero if it may be made.
    #[must_use]
    pub fn wait(&self, failures: Failures, now: Millis) -> Span {
        if self.is_forgotten(failures, now) || failures.count < self.free {
            return Span::ZERO;
        }
        let doublings = (failures.count - self.free).min(40);
        let wait = self.first.as_milliseconds().saturating_mul(1 << doublings).min(self.longest.as_milliseconds());
        // A clock that was set back must not make the wait longer.
        let over = (failures.last_at + Span::milliseconds(wait)).0.saturating_sub(now.0);
        Span::milliseconds(over.clamp(0, wait))
    }

    /// Adds a failure.
    #[must_use]
    pub fn add(&self, failures: Failures, now: Millis) -> Failures {
        let count = if self.is_forgotten(failures, now) { 0 } else { failures.count };
        Failures { count: count.saturating_add(1), last_at: now }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: Rule =
        Rule { free: 3, first: Span::seconds(1), longest: Span::seconds(10), forgotten_after: Span::minutes(1) };

    fn failed(count: u32) -> Failures {
        Failures { count, last_at: Millis(1_000_000) }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_failures_are_forgotten() {
        let at = |count, after: i64| RULE.wait(failed(count), Millis(1_000_000 + after)).as_milliseconds();
        let table = [
            (0, 0, 0),
            (2, 0, 0),
            (3, 0, 1000),
            (4, 0, 2000),
            (4, 1500, 500),
            (4, 2000, 0),
            (6, 0, 8000),
            (7, 0, 10_000),
            (u32::MAX, 0, 10_000),
            (u32::MAX, 60_000, 0),
            // The clock was set back by an hour.
            (7, -3_600_000, 10_000),
        ];
        for (count, after, wait) in table {
            assert_eq!(at(count, after), wait, "{count} failures, {after} ms later");
        }
        assert_eq!(RULE.add(failed(7), Millis(1_059_999)).count, 8);
        assert_eq!(RULE.add(failed(7), Millis(1_060_000)).count, 1, "forgotten");
        assert_eq!(RULE.add(Failures::NONE, Millis(5)), Failures { count: 1, last_at: Millis(5) });
    }

    #[test]
    fn the_higher_of_two_counts_stays() {
        let (own, same) = (Failures { count: 9, last_at: Millis(1) }, Failures { count: 9, last_at: Millis(2) });
        assert_eq!(own.or_more(same), own, "another reading of the same failures does not begin the wait again");
        assert_eq!(own.or_more(Failures { count: 10, ..same }).count, 10);
        assert_eq!(own.or_more(Failures::NONE), own);
    }

    #[test]
    fn an_account_never_waits_longer_than_its_owner_would() {
        for count in 0..100 {
            assert!(ACCOUNT.wait(Failures { count, last_at: Millis(0) }, Millis(0)) <= Span::seconds(15));
        }
    }

    proptest! {
        #[test]
        fn a_wait_ends_and_never_exceeds_the_longest(count in 0..u32::MAX, last in 0..i64::MAX / 2, after in -1_000_000..1_000_000_i64) {
            let failures = Failures { count, last_at: Millis(last) };
            let wait = RULE.wait(failures, Millis(last + after));
            prop_assert!(wait >= Span::ZERO && wait <= RULE.longest);
            prop_assert_eq!(RULE.wait(failures, Millis(last.max(last + after)) + RULE.longest), Span::ZERO);
        }
    }
}
