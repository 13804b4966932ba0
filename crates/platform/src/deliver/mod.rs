//! Webhooks: what waits in the database is signed and delivered, tried again, held and given up.

pub mod events;
mod send;
mod worker;

pub use worker::{deliver_due, resume, work};
