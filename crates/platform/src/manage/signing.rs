//! Use case for the keys that sign ID tokens.

use serde_json::json;

use super::change::{Change, What};
use super::{Actor, Refused, record};
use crate::Platform;

/// Makes a new signing key for ID tokens. The old ones stay in the key set.
///
/// # Errors
/// No key could be made, or the database failed.
pub async fn rotate(platform: &Platform, actor: &Actor) -> Result<Change, Refused> {
    let change = |kid: &str| {
        let after = Some(json!({ "signs": true }));
        Change::new(platform, actor, What::SigningKey { kid: kid.to_owned() }, None, after)
    };
    let record = |kid: &str| record::of_key(platform, &change(kid)).into_iter().collect();
    let kid = platform.signer.rotate(&platform.store, &platform.sealer, platform.now(), record).await?;
    Ok(change(&kid))
}
