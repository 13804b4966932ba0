//! Use cases for the keys that sign ID tokens.

use kakaw_core::Millis;
use kakaw_core::wire::Expected;
use kakaw_store::{Error, Outcome, signing_keys};
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
    let kid = platform.signer.rotate(platform, record).await?;
    Ok(change(&kid))
}

/// A key, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub kid: String,
    pub created_at: Millis,
    /// From when on it signs no more.
    pub retired_at: Option<Millis>,
    /// Whether it signs now. The other keys are published: for the time to come, or for the tokens that they signed.
    pub signs: bool,
}

/// Lists the keys.
///
/// # Errors
/// The database failed.
pub async fn list(platform: &Platform) -> Result<Vec<SigningKey>, Error> {
    let stored = signing_keys::all(&platform.store).await?;
    let listed = stored.into_iter().enumerate().map(|(index, key)| SigningKey {
        signs: index == 0 && key.retired_at.is_none(),
        kid: key.kid,
        created_at: key.created_at,
        retired_at: key.retired_at,
    });
    Ok(listed.collect())
}

/// Lets the next key sign, which has long been published. The one before stays published.
///
/// # Errors
/// The database failed, or another process did the same at this moment.
pub async fn advance(platform: &Platform, actor: &Actor) -> Result<Change, Refused> {
    let Platform { store, signer, .. } = platform;
    let now = platform.now();
    // The next key exists, and other nodes have published it.
    signer.load(platform).await?;
    let all = signing_keys::all(store).await?;
    let has_rotated = all.iter().any(|key| key.retired_at.is_some());
    let next = all.iter().filter(|key| has_rotated && key.retired_at.is_none()).nth(1);
    if let Some(next) = next.filter(|next| now < next.created_at + platform.settings.keys.overlap) {
        let text = format!(
            "the next signing key {} was made at {}, and services may not know it yet; rotate again after keys.overlap ({} \
             seconds)",
            next.kid,
            next.created_at.rfc3339(),
            platform.settings.keys.overlap.as_seconds()
        );
        return Err(Error::Unusable(text).into());
    }
    let first = all.into_iter().next().ok_or_else(|| Error::Unusable("there is no signing key".to_owned()))?;
    let kid = first.kid;
    let (before, after) = (Some(json!({ "signs": true })), Some(json!({ "signs": false })));
    let change = Change::new(platform, actor, What::SigningKey { kid: kid.clone() }, before, after);
    let mut changes = vec![signing_keys::retire(&kid, now)];
    changes.extend(record::of_key(platform, &change));
    if store.commit(changes).await? != Outcome::Committed {
        return Err(Error::Unusable("another process rotated the signing keys at this moment".to_owned()).into());
    }
    // A new next key is made, and published long before it signs.
    signer.load(platform).await?;
    Ok(change)
}

/// Deletes a key that signs no more. ID tokens that it signed no longer verify.
///
/// # Errors
/// There is no such key, it still signs, or the database failed.
pub async fn retire(platform: &Platform, actor: &Actor, kid: &str) -> Result<Change, Refused> {
    let before = Some(json!({ "signs": false }));
    let change = Change::new(platform, actor, What::SigningKey { kid: kid.to_owned() }, before, None);
    let mut changes = vec![signing_keys::delete_retired(kid)];
    changes.extend(record::of_key(platform, &change));
    match platform.store.commit(changes).await? {
        Outcome::Committed => Ok(change),
        Outcome::Conflict { .. } => Err(Refused::problem("kid", kid, Expected::RetiredSigningKey {})),
    }
}
