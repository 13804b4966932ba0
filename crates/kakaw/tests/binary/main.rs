//! The binary itself, as a user runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod bad_day;
mod client;
mod command_line;
mod docs;
mod durable;
mod key_file;
mod kill;
mod log;
mod proxy;
mod run;
mod running;
mod sdk;
mod standin;
mod upgrade;
mod walls;
