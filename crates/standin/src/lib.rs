//! The stand-in: what it adds around the login platform.

mod bad_signature;
pub mod cdn;
pub mod clock;
pub mod control;
pub mod demo;
pub mod dispatch;
pub mod durations;
pub mod endpoints;
pub mod faults;
pub mod inject;
pub mod inspector;
pub mod intercept;
mod json;
pub mod key_pool;
pub mod pages;
pub mod presets;
pub mod record;
pub mod refused;
pub mod request_log;
pub mod restore;
pub mod schedule;
pub mod snapshots;
pub mod start;
pub mod talk;
pub mod unattended;
pub mod world;
pub mod worlds;
