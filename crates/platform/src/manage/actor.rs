//! The actor of a change.

use serde::Serialize;

use crate::audit::by;

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

impl Actor {
    /// The name in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommandLine => by::COMMAND_LINE,
            Self::ControlApi => by::CONTROL_API,
            Self::Platform => by::PLATFORM,
        }
    }
}

/// The version of the changed thing. A change with a version is made only if the version is still current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(pub i64);
