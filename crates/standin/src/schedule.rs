//! Work that depends on the world's time. It is done when the clock is moved, in the order in which it is due.

use std::sync::Arc;

use kakaw_core::Millis;
use kakaw_store::{Error, deliveries, links};

use crate::world::World;
use kakaw_platform::deliver;
use kakaw_platform::jobs;

/// Moves the clock to `to`. On the way it stops at each due time, and does the due work first.
///
/// # Errors
/// The database failed.
pub async fn advance_to(world: &Arc<World>, to: Millis) -> Result<(), Error> {
    while let Some(due) = next_due(world).await?.filter(|due| *due <= to) {
        if due > world.now() {
            world.place.clock.move_to(due);
        }
        run_due(world).await?;
        // Work that failed is due later. Work that is still due now would stop the clock for ever.
        if next_due(world).await? == Some(due) {
            break;
        }
    }
    if to > world.now() {
        world.place.clock.move_to(to);
    }
    run_due(world).await
}

async fn next_due(world: &World) -> Result<Option<Millis>, Error> {
    let signup = links::next_signup_due(&world.platform.store).await?;
    let delivery = deliveries::next_due(&world.platform.store).await?;
    Ok([signup, delivery].into_iter().flatten().min())
}

/// Does everything that is due now.
async fn run_due(world: &Arc<World>) -> Result<(), Error> {
    while jobs::sweep(&world.platform).await? {}
    deliver::deliver_due(&world.platform).await?;
    Ok(())
}
