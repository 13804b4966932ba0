//! Verifies every chain.

use kakaw_core::audit::chain::{Anchor, ChainKey, Finding};
use kakaw_store::{Error, audit};

use crate::Platform;

/// Batches that are read at once.
const PAGE: i64 = 100;
/// How often a chain is read again because old batches were deleted meanwhile.
const AGAIN: usize = 3;

/// A head from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub chain: String,
    pub batch: i64,
    pub head: String,
}

/// What was verified, and what does not fit.
#[derive(Debug, Default)]
pub struct Report {
    pub chains: usize,
    pub batches: usize,
    pub rows: usize,
    /// Rows that are in no batch yet.
    pub waiting: i64,
    pub findings: Vec<Finding>,
}

/// Verifies every chain, and that it has the heads of the log.
///
/// # Errors
/// The database failed.
pub async fn verify(platform: &Platform, heads: &[Head]) -> Result<Report, Error> {
    let key = ChainKey::derive(platform.sealer.hash_key());
    let mut report = Report::default();
    let mut names = audit::chains(&platform.store).await?;
    // A chain that only the log knows was removed as a whole.
    names.extend(heads.iter().map(|head| head.chain.clone()));
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of_chain: Vec<&Head> = heads.iter().filter(|head| head.chain == name).collect();
        let mut result = Report::default();
        for _ in 0..AGAIN {
            let before = audit::anchor(&platform.store, &name).await?;
            result = one(platform, &key, &name, before.as_ref(), &of_chain).await?;
            if audit::anchor(&platform.store, &name).await? == before {
                break;
            }
        }
        report.chains += 1;
        report.batches += result.batches;
        report.rows += result.rows;
        report.findings.extend(result.findings);
    }
    for claimed in audit::without_batch(&platform.store).await? {
        let finding = Finding::NoBatch { chain: claimed.chain, batch: claimed.batch };
        if !report.findings.contains(&finding) {
            report.findings.push(finding);
        }
    }
    report.waiting = audit::count_waiting(&platform.store).await?;
    Ok(report)
}

async fn one(
    platform: &Platform,
    key: &ChainKey,
    chain: &str,
    anchor: Option<&Anchor>,
    heads: &[&Head],
) -> Result<Report, Error> {
    let mut report = Report::default();
    report.findings.extend(anchor.and_then(|anchor| key.check_anchor(anchor)));
    let missing = |batch| Finding::NoBatch { chain: chain.to_owned(), batch };
    let (mut last, mut previous) = anchor.map_or((0, None), |anchor| (anchor.number, Some(anchor.head.clone())));
    let (start, mut read) = (last, last);
    let mut found = Vec::new();
    loop {
        let page = audit::batches(&platform.store, chain, read, PAGE).await?;
        let Some(end) = page.last() else { break };
        read = end.number;
        for batch in page {
            if batch.number != last + 1 {
                report.findings.push(missing(last + 1));
                // The head before it is unknown, so only its rows can be checked.
                previous = None;
            }
            let rows = audit::of_batch(&platform.store, &batch).await?;
            let gap = batch.number != last + 1;
            let wrong = key.check(&batch, previous.as_deref(), &rows);
            report
                .findings
                .extend(wrong.into_iter().filter(|finding| !(gap && matches!(finding, Finding::Batch { .. }))));
            (report.batches, report.rows) = (report.batches + 1, report.rows + rows.len());
            if heads.iter().any(|head| head.batch == batch.number && head.head != batch.head) {
                report.findings.push(Finding::NoHead { chain: chain.to_owned(), batch: batch.number });
            }
            found.push(batch.number);
            (last, previous) = (batch.number, Some(batch.head));
        }
    }
    let lost = heads.iter().filter(|head| head.batch > start && found.binary_search(&head.batch).is_err());
    let lost = lost.map(|head| Finding::NoHead { chain: chain.to_owned(), batch: head.batch });
    report.findings.extend(lost);
    Ok(report)
}
