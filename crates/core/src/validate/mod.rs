//! What every door refuses: the one place for the rules of texts, names, URLs, networks and secrets that people and
//! operators enter. World files, the control API, the command line and the pages all come here.
//!
//! A rule takes one value and returns what was expected instead. The settings that contain values
//! (`app/settings.rs`, `app/key_settings.rs`, `account/rules.rs`, `link/rules.rs`) collect all problems with their paths.

pub mod name;
pub mod network;
pub mod secret;
pub mod text;
pub mod url;

/// Limits that the operator sets for the teams of apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Whether webhooks may use private addresses and plain HTTP.
    pub private_networks: bool,
    /// The host of our own public URL, which webhooks may not call.
    pub own_host: Option<String>,
    /// Whether client secrets must have 128 bits and admin keys must not be guessable.
    pub strong_secrets: bool,
    /// A key that everybody knows, and that no app may have.
    pub public_key: Option<&'static str>,
}
