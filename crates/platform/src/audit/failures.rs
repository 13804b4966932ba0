//! Failed log-ins, counted in memory for each account and minute.
//!
//! They are written when their minute is over and not by the request: a failure for an account that exists would
//! otherwise take longer than one for an account that does not, and show which exist. What is stored for them is
//! bounded too, whatever the rate. If the process is killed, the counts of the last two minutes are lost; the log has
//! a line for each.

use std::collections::HashMap;
use std::mem;

use kakaw_core::audit::Event;
use kakaw_core::{AccountId, Millis};
use kakaw_store::Error;
use serde_json::json;

use super::{Entry, by, people};
use crate::Platform;
use crate::request::network::Network;

/// Maximum number of accounts that get a row of their own in a minute. Further failures are counted together.
const ACCOUNTS: usize = 100;
/// Maximum number of networks in a row.
const NETWORKS: usize = 5;
const MINUTE: i64 = 60_000;

/// The failures of a minute.
#[derive(Debug, Default)]
pub(super) struct Failures {
    minute: i64,
    accounts: HashMap<AccountId, Failed>,
    /// Failures for accounts beyond the maximum.
    others: i64,
    /// The minutes before, until they are written.
    over: Vec<Self>,
}

#[derive(Debug, Default)]
struct Failed {
    times: i64,
    last: Millis,
    networks: Vec<String>,
}

impl Failures {
    pub(super) fn add(&mut self, account: AccountId, network: Network, now: Millis) {
        self.turn(now);
        if self.accounts.len() >= ACCOUNTS && !self.accounts.contains_key(&account) {
            self.others += 1;
            return;
        }
        let failed = self.accounts.entry(account).or_default();
        (failed.times, failed.last) = (failed.times + 1, now);
        let network = network.to_string();
        if failed.networks.len() < NETWORKS && !failed.networks.contains(&network) {
            failed.networks.push(network);
        }
    }

    /// Begins a new minute when the old one is over.
    fn turn(&mut self, now: Millis) {
        let minute = now.0.div_euclid(MINUTE);
        if self.minute != minute && (self.others > 0 || !self.accounts.is_empty()) {
            let over = Self {
                minute: self.minute,
                accounts: mem::take(&mut self.accounts),
                others: mem::take(&mut self.others),
                over: Vec::new(),
            };
            // Nobody writes them while the database is away. The newest are kept.
            if self.over.len() >= 10 {
                self.over.remove(0);
            }
            self.over.push(over);
        }
        self.minute = minute;
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&mut self, over: Vec<Self>) {
        self.over.splice(0..0, over);
    }

    /// Takes the minutes that are over, or all of them.
    pub(super) fn take(&mut self, now: Millis, all: bool) -> Vec<Self> {
        let now = if all { Millis(i64::MIN) } else { now };
        self.turn(now);
        mem::take(&mut self.over)
    }
}

/// Writes the failures of a minute.
pub(super) async fn write(platform: &Platform, failures: &Failures) -> Result<(), Error> {
    let mut rows = Vec::new();
    let end = Millis((failures.minute + 1).saturating_mul(MINUTE) - 1);
    for (account, failed) in &failures.accounts {
        let person = people::person(platform, *account).await?;
        let entry = Entry::new(Event::LoginFailed, by::STRANGER).counted(failed.last, failed.times);
        let networks = json!({ "networks": failed.networks });
        rows.extend(entry.person(person.as_ref()).private(networks).statement(platform));
    }
    if failures.others > 0 {
        let entry = Entry::new(Event::LoginFailed, by::STRANGER).counted(end, failures.others);
        rows.extend(entry.detail(json!({ "accounts": "others" })).statement(platform));
    }
    if rows.is_empty() { Ok(()) } else { crate::commit::commit(&platform.store, rows).await }
}

impl super::Audit {
    /// Counts a failed log-in of an account that exists.
    pub(crate) fn failed(&self, account: AccountId, network: Network, now: Millis) {
        if let Some(recording) = &self.recording {
            let mut failures = recording.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failures.add(account, network, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_one_count_for_each_account_and_one_for_those_beyond_the_maximum() {
        let mut failures = Failures::default();
        let now = Millis(MINUTE * 1000);
        for _ in 0..1000 {
            failures.add(AccountId(1), Network::parse("192.0.2.1"), now);
        }
        for account in 2..=300 {
            failures.add(AccountId(account), Network::parse(&format!("2001:db8::{account}")), now);
        }
        assert!(failures.take(now, false).is_empty(), "the minute is not over");
        let taken = failures.take(Millis(now.0 + MINUTE), false);
        assert_eq!((taken.len(), taken[0].accounts.len(), taken[0].others), (1, ACCOUNTS, 200));
        assert_eq!((taken[0].accounts[&AccountId(1)].times, failures.take(now, true).len()), (1000, 0));
    }

    #[test]
    fn networks_and_minutes_are_bounded_and_the_end_takes_everything() {
        let mut failures = Failures::default();
        for minute in 0..50 {
            for host in 0..20 {
                failures.add(AccountId(1), Network::parse(&format!("192.0.2.{host}")), Millis(minute * MINUTE));
            }
        }
        let taken = failures.take(Millis(49 * MINUTE), true);
        assert_eq!(taken.iter().map(|over| over.minute).collect::<Vec<_>>(), (40..50).collect::<Vec<_>>());
        assert_eq!(taken[0].accounts[&AccountId(1)].networks.len(), NETWORKS);
    }
}
