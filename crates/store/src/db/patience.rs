//! Time limits for the database: a few seconds in total for a request, a long time for everything else.

use std::cell::Cell;
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use super::{Error, Result};

/// Limit for one statement or commit outside requests, so that a database that does not answer cannot block it for
/// ever.
const UNHURRIED: Duration = Duration::from_secs(120);

tokio::task_local! {
    /// The time that the request has left.
    static LEFT: Cell<Duration>;
}

/// Runs work with a limit on the total time that it may spend on the database, over all reads and commits.
pub async fn patient<F: Future>(patience: Duration, work: F) -> F::Output {
    LEFT.scope(Cell::new(patience), work).await
}

/// Runs work with the limit for work outside requests.
pub(super) async fn unhurried<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(UNHURRIED, work).await.unwrap_or(Err(Error::Slow))
}

/// Runs one statement or commit, which must end before the given instant, and observes how long it took.
pub(super) async fn spend<T>(times: &Histogram, work: impl AsyncFnOnce(Instant) -> Result<T>) -> Result<T> {
    let left = LEFT.try_with(Cell::get).unwrap_or(UNHURRIED);
    if left.is_zero() {
        return Err(Error::Slow);
    }
    let began = Instant::now();
    let done = work(began + left).await;
    let took = began.elapsed();
    times.observe(took.as_secs_f64());
    let _ = LEFT.try_with(|left| left.set(left.get().saturating_sub(took)));
    done
}
