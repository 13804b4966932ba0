//! The parts of the benchmark: a load generator that both servers feel alike, and the servers as processes.

pub mod load;
pub mod process;
pub mod walk;
