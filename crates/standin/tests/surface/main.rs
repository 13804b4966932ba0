//! Tests of every row of the requirements through the HTTP surface, on every database.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests; clippy.toml knows only what stands in a test itself"
)]

mod address_selection;
mod admin;
mod attacks;
mod audit;
mod authorize;
mod bad_day;
mod catalogue;
mod code_polling;
mod consent;
mod consent_model;
mod control;
mod demonstration;
mod doors;
mod facts;
mod faults;
mod hostile;
mod kapi;
mod lifecycle;
mod manage;
mod overrides;
mod overrides_webhooks;
mod pages;
mod policy;
mod provoked;
mod receiver;
mod sdk_calls;
mod sdk_walks;
mod service_terms;
mod shipping;
mod signup;
mod sources;
mod strict;
mod support;
mod token;
mod twins;
mod unattended;
mod watch;
mod webhooks;
mod worlds;
