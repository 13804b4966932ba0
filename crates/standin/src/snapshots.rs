//! Moments of a stand-in's world to go back to: its rows, its clock and its rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kakaw_core::policy::Policy;
use kakaw_store::snapshot::Snapshot;

use crate::clock::Reading;

/// The moment at which the world was made; [`crate::restore::reset`] goes back to it.
pub const START: &str = "start";

/// Snapshots of a world at most.
const KEPT: usize = 100;

/// A world's moments by name.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Moment>>);

/// A moment.
#[derive(Clone)]
pub struct Moment {
    pub rows: Snapshot,
    pub clock: Reading,
    pub policy: Policy,
}

impl Snapshots {
    /// The names, and how many rows each holds.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, usize> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(name, moment)| (name.clone(), moment.rows.rows())).collect()
    }

    /// The moment of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Keeps a moment; one of the same name is replaced. Returns whether there was room.
    pub fn put(&self, name: &str, moment: Moment) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kept.len() < KEPT || kept.contains_key(name);
        if room {
            kept.insert(name.to_owned(), moment);
        }
        room
    }
}
