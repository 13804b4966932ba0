//! How long work may wait for the database: a request for a few seconds in total, everything else for a long time.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::{Error, Result};

/// For one statement or commit of work that no request waits for: a database that does not answer must not hold it for ever.
const UNHURRIED: Duration = Duration::from_secs(120);

tokio::task_local! {
    /// What the request has left.
    static LEFT: Cell<Duration>;
}

/// Runs work that may spend this long on the database in total, over all that it reads and commits.
pub async fn patient<F: Future>(patience: Duration, work: F) -> F::Output {
    LEFT.scope(Cell::new(patience), work).await
}

/// Runs work that may take as long as it would if no request waited.
pub(super) async fn unhurried<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(UNHURRIED, work).await.unwrap_or(Err(Error::Slow))
}

/// Runs one statement or commit, which has to be over at the moment that it is given.
pub(super) async fn spend<T>(work: impl AsyncFnOnce(Instant) -> Result<T>) -> Result<T> {
    let left = LEFT.try_with(Cell::get).unwrap_or(UNHURRIED);
    if left.is_zero() {
        return Err(Error::Slow);
    }
    let began = Instant::now();
    let done = work(began + left).await;
    let _ = LEFT.try_with(|left| left.set(left.get().saturating_sub(began.elapsed())));
    done
}
