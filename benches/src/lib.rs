//! The parts of the benchmark: a load generator that both servers feel alike, and the servers as processes.

#![allow(clippy::disallowed_methods, reason = "a benchmark is told things by its environment")]

pub mod load;
pub mod process;
pub mod walk;
