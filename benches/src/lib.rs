//! The parts of the benchmark: a load generator that treats both servers alike, and the servers as processes.

#![expect(clippy::disallowed_methods, clippy::indexing_slicing, reason = "a benchmark times, and may stop")]

pub mod load;
pub mod process;
pub mod walk;
