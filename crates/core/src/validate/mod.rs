//! What every door refuses: the one place for the rules of texts, names, URLs, networks and secrets that people and
//! operators enter. World files, the control API, the command line and the pages all come here.
//!
//! A rule takes one value and returns what was expected instead. The settings that contain values
//! (`app/settings.rs`, `app/key_settings.rs`, `account/rules.rs`, `link/rules.rs`) collect all problems with their paths.

mod limits;
pub mod name;
pub mod network;
pub mod secret;
pub mod text;
pub mod url;

pub use limits::Limits;
