//! The job that chains rows, and deletes those that are too old.

use std::time::Duration;

use kakaw_core::audit::chain::{Batch, ChainKey};
use kakaw_core::{Millis, Span};
use kakaw_store::{Error, Outcome, audit};

use super::{Recording, failures};
use crate::Platform;

/// Interval between rounds. Rows are in no chain for so long.
const INTERVAL: Duration = Duration::from_secs(10);
/// Rounds between two looks for old batches.
const PRUNE: usize = 60;
/// Maximum number of rows of a batch, so that no other commit waits long.
const ROWS: i64 = 200;
/// Rows of other nodes that waited so long are chained as well: those nodes are gone.
const ABANDONED: Span = Span::minutes(10);
/// Maximum number of batches that a round deletes.
const PRUNED: usize = 50;

/// Works until it is aborted.
pub(crate) async fn work(platform: &Platform) {
    if !platform.audit.is_on() {
        return;
    }
    for rounds in 0_usize.. {
        // Old rows are looked for at the start too: a process may never live long.
        if let Err(error) = round(platform, rounds % PRUNE == 0).await {
            tracing::error!(%error, "audit");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Writes the failed log-ins of minutes that are over, and chains every row of this node. With `prune`, also deletes
/// rows that are too old.
///
/// # Errors
/// The database failed.
pub async fn round(platform: &Platform, prune: bool) -> Result<(), Error> {
    let Some(recording) = &platform.audit.recording else { return Ok(()) };
    write_failures(platform, recording, false).await?;
    chain(platform, recording).await?;
    if prune {
        self::prune(platform, recording).await?;
    }
    Ok(())
}

/// The last round of a process: also writes the failed log-ins of the present minute.
///
/// # Errors
/// The database failed.
pub async fn close(platform: &Platform) -> Result<(), Error> {
    let Some(recording) = &platform.audit.recording else { return Ok(()) };
    write_failures(platform, recording, true).await?;
    chain(platform, recording).await
}

async fn write_failures(platform: &Platform, recording: &Recording, all: bool) -> Result<(), Error> {
    let failures = || recording.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut over = failures().take(platform.now(), all);
    while let Some(minute) = over.first() {
        if let Err(error) = failures::write(platform, minute).await {
            failures().put_back(over);
            return Err(error);
        }
        over.remove(0);
    }
    Ok(())
}

async fn chain(platform: &Platform, recording: &Recording) -> Result<(), Error> {
    let key = ChainKey::derive(platform.sealer.hash_key());
    let node = &recording.node;
    loop {
        let rows = audit::waiting(&platform.store, node, platform.now() - ABANDONED, ROWS).await?;
        let full = rows.len() as i64 == ROWS;
        if rows.is_empty() {
            return Ok(());
        }
        let (number, head) = end(platform, node).await?;
        let (batch, placed) = key.batch(node, number + 1, head.as_deref(), rows);
        let mut changes = vec![audit::insert_batch(&batch)];
        changes.extend(placed.iter().map(|placed| audit::place(&batch, placed)));
        match platform.store.commit(changes).await? {
            Outcome::Committed => announce(&batch),
            // Another process of this node was faster, and has chained what was read.
            Outcome::Conflict { .. } => {}
        }
        if !full {
            return Ok(());
        }
    }
}

/// Returns the number and the head of the last batch of a chain.
async fn end(platform: &Platform, chain: &str) -> Result<(i64, Option<String>), Error> {
    if let Some(last) = audit::last_batch(&platform.store, chain).await? {
        return Ok((last.number, Some(last.head)));
    }
    let anchor = audit::anchor(&platform.store, chain).await?;
    Ok(anchor.map_or((0, None), |anchor| (anchor.number, Some(anchor.head))))
}

/// Writes the head to the log, which is kept elsewhere: it shows what was removed from the end of a chain.
fn announce(batch: &Batch) {
    let Batch { chain, number, rows, head, .. } = batch;
    tracing::info!(target: "kakaw::audit", chain, batch = number, rows, head, "audit head");
}

async fn prune(platform: &Platform, recording: &Recording) -> Result<(), Error> {
    let key = ChainKey::derive(platform.sealer.hash_key());
    let before: Millis = platform.now() - recording.keep;
    for chain in audit::chains(&platform.store).await? {
        for _ in 0..PRUNED {
            let oldest = audit::batches(&platform.store, &chain, i64::MIN, 1).await?.pop();
            let Some(oldest) = oldest.filter(|oldest| oldest.until < before) else { break };
            let known = audit::anchor(&platform.store, &chain).await?;
            // What does not fit is left for `verify`: a new anchor would hide it.
            let intact = match &known {
                None => oldest.number == 1,
                Some(anchor) => key.check_anchor(anchor).is_none() && oldest.number == anchor.number + 1,
            };
            let rows = audit::of_batch(&platform.store, &oldest).await?;
            let previous = known.as_ref().map(|anchor| anchor.head.as_str());
            if !intact || !key.check(&oldest, previous, &rows).is_empty() {
                tracing::error!(
                    chain,
                    batch = oldest.number,
                    "an old batch of the audit trail does not fit and is kept: kakaw audit verify"
                );
                break;
            }
            let total = known.map_or(0, |anchor| anchor.rows) + oldest.rows;
            let changes = audit::prune(&oldest, &key.anchor(&oldest, total));
            let (Outcome::Committed | Outcome::Conflict { .. }) = platform.store.commit(changes).await?;
        }
    }
    Ok(())
}
