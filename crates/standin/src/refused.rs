//! Why a stand-in refused a control request.

use kakaw_platform::manage;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was received and what was expected.
    #[error("{0}")]
    Wrong(String),
    /// The platform refused a change of settings or people.
    #[error(transparent)]
    Change(#[from] manage::Refused),
    #[error(transparent)]
    Store(#[from] kakaw_store::Error),
}
