//! Use cases for the keys that seal tokens, secrets and personal data. New keys are kept in the database, wrapped under the
//! key file's first key. Every node knows a new key before any node seals with it.

use kakaw_core::crypto::seal::{MasterKey, Sealer};
use kakaw_core::random;
use kakaw_core::{Millis, Span};
use kakaw_store::sealing_keys::{self, Wrapped};
use kakaw_store::{Error, Outcome, Store};
use serde_json::json;

use super::change::{Change, What};
use super::{Actor, Refused, record};
use crate::Platform;

/// A key, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingKey {
    pub id: u8,
    /// From when on it seals. None for the keys of the key file.
    pub seals_from: Option<Millis>,
    /// Whether it seals now. The other keys only open.
    pub seals: bool,
}

/// Loads the keys of the database.
///
/// # Errors
/// The database failed, or a key was wrapped under another key file.
pub async fn load(store: &Store, sealer: &Sealer, now: Millis) -> Result<(), Error> {
    let stored = sealing_keys::all(store).await?;
    let seals = stored.iter().rfind(|key| key.seals_from <= now).map(|key| key.id);
    let mut keys = Vec::new();
    for Wrapped { id, wrapped, .. } in stored {
        keys.push(sealer.unwrap(id, &wrapped).ok_or_else(|| {
            Error::Unusable(format!("sealing key {id} was wrapped under another key file: is this the right key file?"))
        })?);
    }
    if !keys.is_empty() {
        sealer.use_keys(&keys, seals);
    }
    Ok(())
}

/// Lists the keys.
///
/// # Errors
/// The database failed.
pub async fn list(platform: &Platform) -> Result<Vec<SealingKey>, Error> {
    load(&platform.store, &platform.sealer, platform.now()).await?;
    let sealing = platform.sealer.sealing_key();
    let stored = sealing_keys::all(&platform.store).await?;
    let root = platform.sealer.root_keys().into_iter().map(|id| (id, None));
    let all = root.chain(stored.into_iter().map(|key| (key.id, Some(key.seals_from))));
    Ok(all.map(|(id, seals_from)| SealingKey { id, seals_from, seals: id == sealing }).collect())
}

/// Returns the number of the next key: the one after the last, or one that a retired key had.
fn free_number(used: &[u8]) -> Option<u8> {
    let next = used.iter().max().map_or(Some(1), |last| last.checked_add(1));
    next.or_else(|| (1..=u8::MAX).find(|number| !used.contains(number)))
}

/// Makes a new key, which seals after `overlap`. The others still open what they have sealed.
///
/// # Errors
/// The database failed, all numbers are used, or another process made a key at this moment.
pub async fn rotate(platform: &Platform, actor: &Actor, overlap: Span) -> Result<Change, Refused> {
    let now = platform.now();
    let stored = sealing_keys::all(&platform.store).await?;
    let used: Vec<u8> = stored.iter().map(|key| key.id).chain(platform.sealer.root_keys()).collect();
    let id = free_number(&used).ok_or_else(|| {
        let text = "all 255 numbers of sealing keys are used; retire old ones: kakaw keys retire NUMBER";
        Error::Unusable(text.to_owned())
    })?;
    let key = MasterKey { id, bytes: random::bytes(&*platform.random) };
    let row = Wrapped { id, wrapped: platform.sealer.wrap(&key), created_at: now, seals_from: now + overlap };
    let after = Some(json!({ "seals_from": row.seals_from.rfc3339() }));
    let change = Change::new(platform, actor, What::SealingKey { id }, None, after);
    let mut changes = vec![sealing_keys::insert(&row)];
    changes.extend(record::of_key(platform, &change));
    match platform.store.commit(changes).await? {
        Outcome::Committed => {}
        Outcome::Conflict { .. } => {
            return Err(Error::Unusable("another process made a sealing key at this moment".to_owned()).into());
        }
    }
    load(&platform.store, &platform.sealer, now).await?;
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_up_and_those_of_retired_keys_are_used_again() {
        assert_eq!((free_number(&[]), free_number(&[1]), free_number(&[1, 7])), (Some(1), Some(2), Some(8)));
        let all: Vec<u8> = (1..=u8::MAX).collect();
        assert_eq!(free_number(&all), None);
        let without_3: Vec<u8> = all.into_iter().filter(|number| *number != 3).collect();
        assert_eq!(free_number(&without_3), Some(3));
    }
}
