//! The parts of the benchmark: one load generator for both servers, and the servers as processes.

#![expect(clippy::disallowed_methods, clippy::indexing_slicing, reason = "a benchmark times, and may stop")]

pub mod load;
pub mod process;
pub mod walk;
