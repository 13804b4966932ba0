//! Tests of the binary, run as a user runs it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests; clippy.toml knows only what stands in a test itself"
)]

mod at_rest;
mod bad_day;
mod bad_days;
mod base_backup;
mod canary;
mod client;
mod clock_jumps;
mod command_line;
mod connections;
mod database_tls;
mod docs;
mod doors;
mod durable;
mod faults;
mod full_disk;
mod guesses;
mod keeping;
mod key_file;
mod keys;
mod kill;
mod log;
mod look;
mod management;
mod newer;
mod origins;
mod own_names;
#[path = "../../../store/tests/tls/server.rs"]
mod postgres_server;
mod prose;
mod proxy;
mod run;
mod running;
mod sdk;
mod shop;
mod site;
mod slow_database;
mod standin;
mod upgrade;
mod walls;
mod words;
