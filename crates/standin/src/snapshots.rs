//! Snapshots of a stand-in's world: its rows, its clock and its rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kakaw_core::policy::Policy;
use kakaw_store::snapshot::Snapshot;

use crate::clock::Reading;

/// The snapshot of the new world. [`crate::restore::reset`] restores it.
pub const START: &str = "start";

/// Maximum number of snapshots of a world.
const KEPT: usize = 100;

/// A world's snapshots by name.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Moment>>);

/// A snapshot.
#[derive(Clone)]
pub struct Moment {
    pub rows: Snapshot,
    pub clock: Reading,
    pub policy: Policy,
}

impl Snapshots {
    /// Returns the names, each with its number of rows.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, usize> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(name, moment)| (name.clone(), moment.rows.rows())).collect()
    }

    /// Returns the snapshot with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Stores a snapshot. One with the same name is replaced. Returns whether there was room.
    pub fn put(&self, name: &str, moment: Moment) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kept.len() < KEPT || kept.contains_key(name);
        if room {
            kept.insert(name.to_owned(), moment);
        }
        room
    }
}
