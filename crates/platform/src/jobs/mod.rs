//! What goes on in a world while nobody asks.

use std::sync::Arc;
use std::time::Duration;

use crate::platform::World;
use crate::jobs::unlink;
use crate::deliver;

/// Between two sweeps.
const SWEEP: Duration = Duration::from_secs(30);

/// Loads or makes the signing keys, delivers webhooks and removes what time has ended, until it is aborted.
pub async fn work(world: Arc<World>) {
    let signing = world.signer.work(&world.store, &world.sealer, || world.now());
    tokio::join!(signing, webhooks::work(Arc::clone(&world)), sweep_again_and_again(&world));
}

async fn sweep_again_and_again(world: &World) {
    loop {
        match sweep(world).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => tokio::time::sleep(SWEEP).await,
            Err(error) => {
                tracing::error!(%error, "sweep");
                tokio::time::sleep(SWEEP).await;
            }
        }
    }
}

/// Ends what time has ended. Returns whether there may be more.
///
/// # Errors
/// The database failed.
pub async fn sweep(world: &World) -> Result<bool, kakaw_store::Error> {
    let overdue = unlink::overdue(world).await?;
    Ok(kakaw_store::sweep::batch(&world.store, world.now()).await? || overdue)
}
