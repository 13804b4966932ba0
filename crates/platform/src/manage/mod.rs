//! The use cases that change settings and people. Nothing else changes them, except people themselves, on their own
//! pages and through their apps. The world file, the command line and the control API call the same functions.
//!
//! A use case takes the platform, an [`Actor`] and, if the caller has one, the [`Version`] that it expects. It reads,
//! has `core` check the whole, and commits only if what it has read is unchanged. It returns a [`Change`], or
//! everything that is wrong ([`Refused`]).

pub mod accounts;
mod actor;
mod addresses;
pub mod apps;
pub mod at_rest;
mod change;
pub mod deliveries;
mod draft;
mod end_logins;
pub mod keys;
pub mod links;
mod record;
mod refused;
mod replay;
pub mod retire_sealing;
pub mod sealing;
pub mod signing;
pub mod webhooks;
pub mod world_file;

use aws_lc_rs::digest;
use kakaw_core::wire::Expected;

pub use accounts::{ChangeAccount, CreateAccount, DeleteAccount, Restrict};
pub use actor::{Actor, Version};
pub use apps::{ChangeApp, CreateApp};
pub use change::{Change, What};
pub use deliveries::{Deliveries, DeliveryStatus, Replay, Trigger};
pub use end_logins::EndLogins;
pub use keys::{AddKey, ChangeKey, DeleteKey, NewSecret, SetSecret};
pub use links::Unlink;
pub use refused::Refused;
pub use replay::{Replayed, replay};
pub use webhooks::{Resume, WebhookState, WebhookStatus, webhook_states};

/// Page size for reading all rows.
const PAGE: i64 = 100;
/// Maximum page size that a caller can request.
const LARGEST_PAGE: i64 = 1000;

/// Returns the page size that a caller requested.
///
/// # Errors
/// The size is zero or negative, or too large.
pub fn page_size(limit: Option<i64>) -> Result<i64, Refused> {
    match limit.unwrap_or(PAGE) {
        limit if limit < 1 => Err(Refused::problem("limit", limit, Expected::AtLeast { least: 1 })),
        limit => Ok(limit.min(LARGEST_PAGE)),
    }
}

/// Returns 32 hexadecimal characters that depend only on a name, so that fixtures are stable.
fn derived(name: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("kakaw/{name}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a number that depends only on a name, from this many hexadecimal digits.
fn number(name: &str, digits: usize) -> u64 {
    derived(name).get(..digits).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}
