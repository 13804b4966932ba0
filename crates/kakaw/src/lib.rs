//! The program `kakaw`: its command line and its configuration.

pub mod cli;
pub mod config;
