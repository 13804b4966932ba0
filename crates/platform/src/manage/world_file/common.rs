//! What apps and people of a world file have in common.

use anyhow::{Context as _, bail};
use aws_lc_rs::digest;
use kakaw_core::Millis;
use kakaw_store::{Outcome, Statement};

use crate::Platform;

/// Commits, or says that somebody was faster.
pub(super) async fn commit(platform: &Platform, changes: Vec<Statement>) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    match platform.store.commit(changes).await? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict(_) => bail!("a key or log-in id is taken already, or somebody changed it meanwhile"),
    }
}

/// A time of the file.
pub(super) fn moment(text: Option<&str>, key: &str) -> anyhow::Result<Option<Millis>> {
    let read = |text: &str| {
        Millis::from_rfc3339(text)
            .with_context(|| format!("{key} is {text:?}; expected RFC 3339, such as 2026-11-20T03:00:00Z"))
    };
    text.map(read).transpose()
}

/// 32 hexadecimal characters that hang on nothing but their name, so that fixtures are stable.
pub(super) fn derived(name: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("kakaw/{name}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
