//! Form tokens that were used. A form that makes the server work, such as the log-in form, can be sent once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use kakaw_core::policy::INTERACTION_LIFETIME;
use kakaw_core::{Millis, Span};

use crate::clock;

/// Browsers send a form twice when its button is clicked twice. The second request is the one whose reply they show.
const TWICE: Span = Span::seconds(5);

/// Maximum number of tokens that are remembered. When there is no room, the older half is forgotten.
const MOST: usize = 1 << 16;

/// The tokens that were used, until they expire.
pub struct UsedForms {
    began: std::time::Instant,
    hasher: RandomState,
    used: Mutex<HashMap<u64, Use>>,
}

#[derive(Clone, Copy)]
struct Use {
    first_at: Millis,
    again: bool,
}

impl Default for UsedForms {
    fn default() -> Self {
        Self { began: clock::monotonic(), hasher: RandomState::new(), used: Mutex::default() }
    }
}

impl UsedForms {
    /// Uses a token. Returns whether it may be used: the first time, and once more within five seconds.
    #[must_use]
    pub fn take(&self, token: &str) -> bool {
        self.take_at(token, Millis(i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)))
    }

    fn take_at(&self, token: &str, now: Millis) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let token = self.hasher.hash_one(token);
        if let Some(before) = used.get_mut(&token) {
            let twice = !before.again && now < before.first_at + TWICE;
            before.again = true;
            return twice;
        }
        if used.len() >= MOST {
            used.retain(|_, one| now < one.first_at + INTERACTION_LIFETIME);
            if used.len() >= MOST {
                let mut times: Vec<Millis> = used.values().map(|one| one.first_at).collect();
                let (_, middle, _) = times.select_nth_unstable(MOST / 2);
                let middle = *middle;
                used.retain(|_, one| one.first_at > middle);
            }
        }
        used.insert(token, Use { first_at: now, again: false });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once_and_for_a_double_click() {
        let used = UsedForms::default();
        assert!(used.take_at("a", Millis(0)));
        assert!(used.take_at("a", Millis(4_999)));
        assert!(!used.take_at("a", Millis(4_999)));
        assert!(used.take_at("b", Millis(0)));
        assert!(!used.take_at("b", Millis(5_000)));
        assert!(!used.take_at("b", Millis(5_001)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let used = UsedForms::default();
        for n in 0..MOST * 2 {
            assert!(used.take_at(&n.to_string(), Millis(i64::try_from(n).expect("small"))));
        }
        assert!(used.used.lock().expect("free").len() <= MOST);
        assert!(!used.take_at(&(MOST * 2 - 1).to_string(), Millis(10_000_000)), "the newest are remembered");
    }
}
