//! Who changes settings or people.

use serde::Serialize;

/// Who changes something, and by which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An operator at the command line, with the database and its key file.
    CommandLine,
    /// Whoever may use the control API.
    ControlApi,
    /// The platform itself: at its start, or because time has passed.
    Platform,
}

/// The version of what is changed. A change that names it happens only to what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(pub i64);
