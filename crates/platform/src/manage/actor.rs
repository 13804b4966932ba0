//! The actor of a change.

use serde::Serialize;

/// Who makes a change, and through which interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An operator on the command line, who has the database and its key file.
    CommandLine,
    /// A client of the control API.
    ControlApi,
    /// The platform itself: at its start, or after a deadline.
    Platform,
}

/// The version of the changed thing. A change with a version is made only if the version is still current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(pub i64);
