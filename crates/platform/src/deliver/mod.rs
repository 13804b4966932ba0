//! Webhooks: stored notices are signed and delivered, retried, paused and given up.

pub mod events;
mod send;
mod worker;

pub use worker::{deliver_due, resume, work};
