//! Why something that a stand-in was asked for was not done.

use kakaw_platform::manage;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was received, what was expected.
    #[error("{0}")]
    Wrong(String),
    /// The platform refused a change of settings or people.
    #[error(transparent)]
    Change(#[from] manage::Refused),
    #[error(transparent)]
    Store(#[from] kakaw_store::Error),
}
