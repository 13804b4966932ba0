//! Moments of a stand-in's world to go back to: its rows, its clock and its rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kakaw_core::policy::Policy;
use kakaw_store::{Error, snapshot};

use crate::clock::Reading;
use crate::world::World;

/// The moment at which the world was made; [`reset`] goes back to it.
pub const START: &str = "start";

/// Snapshots of a world at most.
const KEPT: usize = 100;

/// A world's moments by name.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Moment>>);

#[derive(Clone)]
struct Moment {
    rows: snapshot::Snapshot,
    clock: Reading,
    policy: Policy,
}

impl Snapshots {
    /// The names, and how many rows each holds.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, usize> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(name, moment)| (name.clone(), moment.rows.rows())).collect()
    }

    fn get(&self, name: &str) -> Option<Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Keeps this moment under a name; a moment of the same name is replaced. Returns whether there was room.
///
/// # Errors
/// The database failed.
pub async fn take(world: &World, name: &str) -> Result<bool, Error> {
    let moment =
        Moment { rows: snapshot::take(&world.store).await?, clock: world.clock.reading(), policy: world.policy() };
    let mut kept = world.snapshots.0.lock().unwrap_or_else(PoisonError::into_inner);
    let room = kept.len() < KEPT || kept.contains_key(name);
    if room {
        kept.insert(name.to_owned(), moment);
    }
    Ok(room)
}

/// Goes back to a moment; returns whether there is one of this name.
///
/// # Errors
/// The database failed.
pub async fn restore(world: &World, name: &str) -> Result<bool, Error> {
    let Some(moment) = world.snapshots.get(name) else { return Ok(false) };
    snapshot::restore(&world.store, &moment.rows).await?;
    world.clock.set(moment.clock);
    world.set_policy(moment.policy);
    Ok(true)
}

/// Goes back to the start, and forgets requests and faults. Returns whether the start was kept.
///
/// # Errors
/// The database failed.
pub async fn reset(world: &World) -> Result<bool, Error> {
    let found = restore(world, START).await?;
    if found {
        world.requests.clear();
        world.faults.remove(None);
        world.quotas.refill();
    }
    Ok(found)
}
