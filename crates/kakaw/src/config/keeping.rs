//! `[audit]` and `[backup]`.

use std::path::PathBuf;

use kakaw_core::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::length;

/// `[audit]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Whether logins, consents, changes and operators' acts are recorded in the audit trail (`kakaw audit`).
    pub record: bool,
    /// How long rows of the audit trail are kept: a whole number and its unit (`s`, `m`, `h`, `d`), at least `1d`.
    #[serde(with = "length")]
    #[schemars(with = "String")]
    pub keep: Span,
}

/// `[backup]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// File in which every unlink and every erasure is recorded, so that `kakaw restore` can end again what people ended
    /// after a backup. It is not a part of backups. Default of `serve` with SQLite: `tombstones` next to the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstones: Option<PathBuf>,
}
