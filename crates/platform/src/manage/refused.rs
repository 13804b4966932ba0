//! Why a change was not made.

use std::fmt;

use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_wire::text::Lang;

use super::Version;

/// Why a change was not made. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// All invalid values.
    #[error("{}", Lines(.0))]
    Problems(Vec<SettingProblem>),
    /// Somebody else has changed it since the caller read it.
    #[error("version: received {}; expected {}: it was changed meanwhile, so look at it again", .expected.0, .found.0)]
    Changed {
        /// The version that the caller expects.
        expected: Version,
        /// The version that it has.
        found: Version,
    },
    /// Every attempt conflicted with another change.
    #[error("it was changed again and again meanwhile: try again")]
    Contention,
    #[error(transparent)]
    Store(#[from] kakaw_store::Error),
}

impl Refused {
    /// Refuses one invalid value.
    pub fn problem(path: &str, received: impl fmt::Display, expected: Expected) -> Self {
        Self::Problems(vec![SettingProblem::new(path, &received.to_string(), expected)])
    }
}

impl From<Vec<SettingProblem>> for Refused {
    fn from(problems: Vec<SettingProblem>) -> Self {
        Self::Problems(problems)
    }
}

struct Lines<'a>(&'a [SettingProblem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(|problem| problem.text(Lang::En)).collect();
        f.write_str(&lines.join("\n"))
    }
}
