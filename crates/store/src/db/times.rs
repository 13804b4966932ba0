//! How long reads and commits take.

use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds of the buckets, in seconds. A request spends at most three seconds on storage.
const BUCKETS: [f64; 12] = [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 10.0];

/// The times of a store, in seconds.
#[derive(Debug)]
pub struct Times {
    pub query: Histogram,
    pub commit: Histogram,
}

impl Default for Times {
    fn default() -> Self {
        Self { query: Histogram::new(BUCKETS), commit: Histogram::new(BUCKETS) }
    }
}
