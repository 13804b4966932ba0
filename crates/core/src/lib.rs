//! The rules of Kakaw: pure functions that take values and return decisions.
//!
//! This crate has no HTTP, SQL, clock or randomness. A rule takes what it needs of them as an argument.

pub mod account;
pub mod app;
pub mod audit;
pub mod authorize;
pub mod crypto;
pub mod diagnosis;
pub mod id;
pub mod link;
pub mod policy;
pub mod random;
#[cfg(test)]
mod samples;
pub mod time;
pub mod token;
pub mod validate;
pub mod webhook;

pub use diagnosis::Refusal;
pub use id::{AccountId, AppId, GrantId, UserId};
pub use kakaw_wire as wire;
pub use kakaw_wire::Span;
pub use time::Millis;
