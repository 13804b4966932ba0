//! Background jobs: signing keys, deliveries, deletion of expired rows.

use std::sync::Arc;
use std::time::Duration;

use kakaw_core::policy::{CODES_KEPT, DELIVERIES_KEPT, GRANTS_KEPT};
use kakaw_store::sweep;

use crate::Platform;
use crate::deliver;
use crate::manage::links;

/// What has ended is kept this long.
const KEPT: sweep::Kept = sweep::Kept { codes: CODES_KEPT, grants: GRANTS_KEPT, deliveries: DELIVERIES_KEPT };

/// Between two sweeps.
const SWEEP: Duration = Duration::from_secs(30);

/// Loads or makes the signing keys, delivers webhooks and removes what time has ended, until it is aborted.
pub async fn work(platform: Arc<Platform>) {
    let signing = platform.signer.work(&platform.store, &platform.sealer, || platform.now());
    tokio::join!(signing, deliver::work(Arc::clone(&platform)), sweep_again_and_again(&platform));
}

async fn sweep_again_and_again(platform: &Platform) {
    loop {
        match sweep(platform).await {
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
pub async fn sweep(platform: &Platform) -> Result<bool, kakaw_store::Error> {
    let overdue = links::end_overdue(platform).await?;
    Ok(sweep::batch(&platform.store, KEPT, platform.now()).await? || overdue)
}
