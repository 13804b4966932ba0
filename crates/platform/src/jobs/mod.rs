//! Background jobs: signing keys, deliveries, deletion of expired rows, the chains of the audit trail.

pub(crate) mod keys;

use std::sync::Arc;
use std::time::Duration;

use kakaw_core::account::throttle::ACCOUNT;
use kakaw_core::policy::{CODES_KEPT, DELIVERIES_KEPT, GRANTS_KEPT};
use kakaw_store::sweep;

use crate::Platform;
use crate::audit;
use crate::deliver;
use crate::manage::{at_rest, links};

/// How long expired rows are kept.
const KEPT: sweep::Kept = sweep::Kept {
    codes: CODES_KEPT,
    grants: GRANTS_KEPT,
    deliveries: DELIVERIES_KEPT,
    failed_logins: ACCOUNT.forgotten_after,
};

/// Interval between sweeps.
const SWEEP: Duration = Duration::from_secs(30);

/// Loads or generates the signing keys, delivers webhooks and deletes expired rows, until it is aborted.
pub async fn work(platform: Arc<Platform>) {
    let signing = platform.signer.work(&platform);
    let others = async { tokio::join!(deliver::work(Arc::clone(&platform)), sweep_again_and_again(&platform)) };
    tokio::join!(signing, others, keys::work(&platform), catch_up(&platform), audit::work(&platform));
}

/// Hashes and seals what an earlier version stored otherwise.
async fn catch_up(platform: &Platform) {
    while let Err(error) = at_rest::catch_up(platform).await {
        tracing::error!(%error, "hashing and sealing what an earlier version stored");
        tokio::time::sleep(SWEEP).await;
    }
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

/// Deletes expired rows and ends overdue sign-ups. Returns whether there may be more.
///
/// # Errors
/// The database failed.
pub async fn sweep(platform: &Platform) -> Result<bool, kakaw_store::Error> {
    platform.metrics.swept();
    let overdue = links::end_overdue(platform).await?;
    Ok(sweep::batch(&platform.store, KEPT, platform.now()).await? || overdue)
}
