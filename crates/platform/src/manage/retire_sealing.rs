//! Retires a sealing key: what it has sealed in the database is sealed again with the key that seals now, and then it is
//! deleted.

use kakaw_core::Millis;
use kakaw_core::crypto::seal::Sealer;
use kakaw_core::policy::REFRESH_LIFETIME;
use kakaw_core::wire::Expected;
use kakaw_store::sealed::Column;
use kakaw_store::sealing_keys::{self, Wrapped};
use kakaw_store::{Error, Outcome};
use serde_json::json;

use super::change::{Change, What};
use super::{Actor, Refused, record, sealing};
use crate::Platform;
use crate::jobs::keys::FOLLOWED;

/// Number of rows that are read at once.
const BATCH: i64 = 200;

/// Passes over a column, at most: a row may be written again with its old text between two of them.
const PASSES: usize = 5;

/// What becomes of the refresh tokens that a key has sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// The key is kept until the last of them has expired.
    Keep,
    /// They end with the key.
    End,
}

/// Retires a key. Returns the change, and how many texts were sealed again.
///
/// # Errors
/// There is no such key, it still seals, tokens that it sealed have not expired, or the database failed.
pub async fn retire(platform: &Platform, actor: &Actor, id: u8, tokens: Tokens) -> Result<(Change, usize), Refused> {
    let stored = sealing_keys::all(&platform.store).await?;
    let until = sealed_until(&stored, id).ok_or_else(|| refused(id))?;
    // The overlap of a running node may be longer than the one that this process has read.
    let certain = until + platform.settings.keys.overlap.max(FOLLOWED);
    if platform.now() < certain {
        let text = format!("a node may still seal with key {id}; retire it after {}", certain.rfc3339());
        return Err(Error::Unusable(text).into());
    }
    let expired = certain + REFRESH_LIFETIME;
    if tokens == Tokens::Keep && platform.now() < expired {
        let text = format!(
            "refresh tokens that key {id} sealed live until {}; retire it after that, or with --end-tokens, which ends them \
             now: their people log in again",
            expired.rfc3339()
        );
        return Err(Error::Unusable(text).into());
    }
    sealing::load(&platform.store, &platform.sealer, platform.now()).await?;
    let mut count = 0;
    for column in Column::ALL {
        count += seal_again(platform, column, id).await?;
    }
    let before = Some(json!({ "seals_from": seals_from(&stored, id).map(Millis::rfc3339) }));
    let change = Change::new(platform, actor, What::SealingKey { id }, before, None);
    let mut changes = vec![sealing_keys::delete(id)];
    changes.extend(record::of_key(platform, &change));
    if platform.store.commit(changes).await? != Outcome::Committed {
        return Err(refused(id));
    }
    sealing::load(&platform.store, &platform.sealer, platform.now()).await?;
    Ok((change, count))
}

fn refused(id: u8) -> Refused {
    Refused::problem("id", id.to_string(), Expected::RetiredSealingKey {})
}

fn seals_from(keys: &[Wrapped], id: u8) -> Option<Millis> {
    keys.iter().find(|key| key.id == id).map(|key| key.seals_from)
}

/// Returns when the next key began to seal. `None` if there is no such key, or none after it.
fn sealed_until(keys: &[Wrapped], id: u8) -> Option<Millis> {
    let index = keys.iter().position(|key| key.id == id)?;
    keys.get(index + 1).map(|next| next.seals_from)
}

/// Seals the texts of a column again, until a pass finds none that the key has sealed. Returns their number.
async fn seal_again(platform: &Platform, column: Column, id: u8) -> Result<usize, Error> {
    let mut count = 0;
    for _ in 0..PASSES {
        let found = pass(platform, column, id).await?;
        if found == 0 {
            return Ok(count);
        }
        count += found;
    }
    Err(Error::Unusable(format!("rows of {column:?} are written again all the time; the key was not retired")))
}

async fn pass(platform: &Platform, column: Column, id: u8) -> Result<usize, Error> {
    let (mut count, mut after) = (0, None);
    loop {
        let (found, last) = column.some(&platform.store, after, BATCH).await?;
        let mut changes = Vec::new();
        for sealed in found.iter().filter(|sealed| Sealer::key_of(&sealed.text) == Some(id)) {
            let again = platform.sealer.seal_again(column.purpose(), &sealed.text).ok_or_else(|| {
                Error::Unusable(format!(
                    "a text of {column:?} that key {id} sealed is damaged; the key was not retired"
                ))
            })?;
            changes.push(sealed.replace(&again));
        }
        count += changes.len();
        if !changes.is_empty() {
            // A row that changed meanwhile is seen by the next pass.
            let _outcome = platform.store.commit(changes).await?;
        }
        match last {
            Some(last) => after = Some(last),
            None => return Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_sealed_until_the_next_began_and_the_last_one_seals() {
        let key = |id, at| Wrapped { id, wrapped: String::new(), created_at: Millis(0), seals_from: Millis(at) };
        let keys = [key(2, 10), key(3, 20)];
        assert_eq!(sealed_until(&keys, 2), Some(Millis(20)));
        assert_eq!(sealed_until(&keys, 3), None, "it seals, or will");
        assert_eq!(sealed_until(&keys, 1), None, "it is in the key file");
    }
}
