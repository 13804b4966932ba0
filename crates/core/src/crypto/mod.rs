//! Secrets, sealed text and signing keys.

pub mod seal;
pub mod secret;
pub mod signing_key;
