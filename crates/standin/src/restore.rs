//! Takes snapshots of a stand-in's world, and restores them.

use kakaw_store::{Error, snapshot};

use crate::snapshots::{Moment, START};
use crate::world::World;

/// Takes a snapshot under a name. A snapshot with the same name is replaced. Returns whether there was room.
///
/// # Errors
/// The database failed.
pub async fn take(world: &World, name: &str) -> Result<bool, Error> {
    let rows = snapshot::take(&world.platform.store).await?;
    let moment = Moment { rows, clock: world.place.clock.reading(), policy: world.platform.policy() };
    Ok(world.snapshots.put(name, moment))
}

/// Restores a snapshot. Returns whether there is one with this name.
///
/// # Errors
/// The database failed.
pub async fn restore(world: &World, name: &str) -> Result<bool, Error> {
    let Some(moment) = world.snapshots.get(name) else { return Ok(false) };
    snapshot::restore(&world.platform.store, &moment.rows).await?;
    world.place.clock.set(moment.clock);
    world.platform.set_policy(moment.policy);
    world.platform.transient_results.clear();
    Ok(true)
}

/// Restores the start, and deletes recorded requests and faults. Returns whether the start was kept.
///
/// # Errors
/// The database failed.
pub async fn reset(world: &World) -> Result<bool, Error> {
    let found = restore(world, START).await?;
    if found {
        world.requests.clear();
        world.place.faults.remove(None);
        world.platform.quotas.refill();
    }
    Ok(found)
}
