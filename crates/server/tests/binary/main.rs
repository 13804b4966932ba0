//! The binary itself, as a user runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod command_line;
mod running;
