//! Pending results of requests without a session. Anybody can cause them at any rate, so they are kept in memory, a few
//! for each caller, and never written to the database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kakaw_core::Millis;

use crate::request::network::Network;

/// Maximum number of results.
const MOST: usize = 4096;
/// Maximum number of results of one caller. After that, the oldest is removed.
const OF_CALLER: usize = 16;

/// Results by the hash of their transaction.
#[derive(Default)]
pub struct TransientResults(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    /// Increases with every result, to find the oldest.
    count: u64,
}

struct Entry {
    number: u64,
    caller: Network,
    answer: String,
    expires_at: Millis,
}

impl TransientResults {
    /// Keeps a result until it expires. The first result of a transaction stays. If there is no room, nothing is kept.
    pub fn put(&self, id: &str, address: &str, answer: String, now: Millis, expires_at: Millis) {
        let caller = Network::parse(address);
        let mut kept = self.lock();
        let Kept { entries, count } = &mut *kept;
        entries.retain(|_, entry| now < entry.expires_at);
        let of_caller = entries.iter().filter(|(_, entry)| entry.caller == caller);
        if of_caller.clone().count() >= OF_CALLER
            && let Some(oldest) = of_caller.min_by_key(|(_, entry)| entry.number).map(|(id, _)| id.clone())
        {
            entries.remove(&oldest);
        }
        if entries.len() < MOST {
            *count += 1;
            entries.entry(id.to_owned()).or_insert(Entry { number: *count, caller, answer, expires_at });
        }
    }

    /// Returns the result of a transaction.
    #[must_use]
    pub fn get(&self, id: &str, now: Millis) -> Option<String> {
        self.lock().entries.get(id).filter(|entry| now < entry.expires_at).map(|entry| entry.answer.clone())
    }

    /// Forgets every result.
    pub fn clear(&self) {
        *self.lock() = Kept::default();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(results: &TransientResults, id: usize, address: &str, at: i64) {
        results.put(&id.to_string(), address, format!("answer {id}"), Millis(at), Millis(at + 600));
    }

    #[test]
    fn a_caller_has_a_few_places_and_everybody_together_a_bounded_number() {
        let results = TransientResults::default();
        for id in 0..1000 {
            // The addresses of one IPv6 network count as one caller.
            put(&results, id, &format!("2001:db8::{id:x}"), i64::try_from(id).expect("small"));
        }
        assert_eq!(results.lock().entries.len(), OF_CALLER);
        assert_eq!(results.get("999", Millis(999)).as_deref(), Some("answer 999"), "the newest stay");
        assert_eq!(results.get("1", Millis(999)), None);
        let results = TransientResults::default();
        for id in 0..MOST + 100 {
            put(&results, id, &format!("10.{}.{}.1", id / 250, id % 250), 0);
        }
        assert_eq!(results.lock().entries.len(), MOST);
        assert_eq!(results.get("0", Millis(600)), None, "its time is over");
        put(&results, 7777, "192.0.2.1", 700);
        assert_eq!(results.lock().entries.len(), 1, "what is over makes room");
    }

    #[test]
    fn the_first_outcome_of_a_transaction_stays() {
        let results = TransientResults::default();
        results.put("t", "192.0.2.1", "first".to_owned(), Millis(0), Millis(600));
        results.put("t", "192.0.2.9", "second".to_owned(), Millis(1), Millis(601));
        assert_eq!(results.get("t", Millis(2)).as_deref(), Some("first"));
    }
}
