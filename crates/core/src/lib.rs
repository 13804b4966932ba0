//! The rules of Kakaw: values in, decisions out.
//!
//! Nothing here knows HTTP, SQL, the time of day or chance: what a rule needs of them comes in as an argument.

pub mod account;
pub mod app;
pub mod authorize;
pub mod crypto;
pub mod diagnosis;
pub mod id;
pub mod link;
pub mod policy;
pub mod random;
#[cfg(test)]
mod samples;
pub mod text;
pub mod time;
pub mod token;
pub mod webhook;

pub use diagnosis::Refusal;
pub use id::{AccountId, AppId, GrantId, UserId};
pub use kakaw_wire as wire;
pub use kakaw_wire::Span;
pub use time::Millis;
