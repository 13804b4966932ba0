//! `[upgrade]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[upgrade]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// Whether nodes of an earlier version run on the same database. Then this node writes what they can read: it leaves
    /// notices, shipping addresses and private attributes unsealed, and rotates no keys. Remove it when no older node runs any more; the
    /// next start seals.
    pub older_nodes: bool,
}
