//! Use case for the keys that sign ID tokens.

use serde_json::json;

use super::change::{Change, What};
use super::{Actor, Refused};
use crate::Platform;

/// Makes a new signing key for ID tokens. The old ones stay in the key set.
///
/// # Errors
/// No key could be made, or the database failed.
pub async fn rotate(platform: &Platform, actor: &Actor) -> Result<Change, Refused> {
    let kid = platform.signer.rotate(&platform.store, &platform.sealer, platform.now()).await?;
    let after = Some(json!({ "signs": true }));
    Ok(Change::new(platform, actor, What::SigningKey { kid }, None, after))
}
