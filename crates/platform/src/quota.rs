//! Quotas: calls per minute and app. They use the process's own clock, so that moving the clock in a test has no effect
//! on them.

use kakaw_core::AppId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::clock;

/// The quotas of an app, per minute.
pub struct Quotas {
    /// Calls of `/v1/user/ids`.
    pub user_ids: PerMinute,
    /// Calls of the user API.
    pub calls: PerMinute,
    /// Token requests.
    pub tokens: PerMinute,
}

impl Quotas {
    /// Makes quotas without limits.
    #[must_use]
    pub fn none() -> Self {
        Self { user_ids: PerMinute::new(0), calls: PerMinute::new(0), tokens: PerMinute::new(0) }
    }

    /// Returns the same limits with nothing counted.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let fresh = |quota: &PerMinute| PerMinute::new(quota.limit);
        Self { user_ids: fresh(&self.user_ids), calls: fresh(&self.calls), tokens: fresh(&self.tokens) }
    }

    /// Resets all counts.
    pub fn refill(&self) {
        for quota in [&self.user_ids, &self.calls, &self.tokens] {
            quota.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// Maximum number of calls of an app per minute.
pub struct PerMinute {
    limit: u32,
    started: Instant,
    calls: Mutex<HashMap<i64, (u64, u32)>>,
}

impl PerMinute {
    /// Makes a quota. Zero means no limit.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit, started: clock::monotonic(), calls: Mutex::default() }
    }

    /// Counts a call of the app. Returns whether it is within the limit; an app may have its own limit.
    pub(crate) fn admits(&self, app_id: AppId, own: Option<u32>) -> bool {
        let limit = own.unwrap_or(self.limit);
        if limit == 0 {
            return true;
        }
        let minute = self.started.elapsed().as_secs() / 60;
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = calls.entry(app_id.0).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count = count.saturating_add(1);
        *count <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_app_has_its_own_quota_and_zero_is_none() {
        let quota = PerMinute::new(2);
        assert_eq!([1, 1, 1, 2].map(|app| quota.admits(AppId(app), None)), [true, true, false, true]);
        assert!(
            quota.admits(AppId(1), Some(9)) && quota.admits(AppId(1), Some(0)) && !quota.admits(AppId(2), Some(1)),
            "an app's own"
        );
        let none = PerMinute::new(0);
        assert!((0..1000).all(|_| none.admits(AppId(1), None)));
    }
}
