//! Loads the keys again, because other processes may rotate them, and rotates them by schedule.

use std::time::Duration;

use kakaw_core::{Millis, Span};
use kakaw_store::{Error, sealing_keys, signing_keys};

use crate::Platform;
use crate::manage::{Actor, Refused, sealing, signing};

/// Maximum interval between two loads of the sealing keys. It is shorter when the overlap is short.
const LONGEST: Duration = Duration::from_secs(30);

/// The time after which every node seals with the next key, whatever its own overlap is.
pub(crate) const FOLLOWED: Span = Span::seconds(60);

/// How long a signing key that signs no more stays published. ID tokens live for hours.
const PUBLISHED: Span = Span::days(7);

/// Follows and rotates the keys, until it is aborted.
pub async fn work(platform: &Platform) {
    let interval = (platform.settings.keys.overlap.as_duration() / 3).min(LONGEST);
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = turn(platform).await {
            tracing::error!(%error, "keys");
        }
    }
}

async fn turn(platform: &Platform) -> Result<(), Refused> {
    let now = platform.now();
    sealing::load(&platform.store, &platform.sealer, now).await?;
    if platform.signer.try_keys().is_some() {
        platform.signer.load(platform).await?;
    }
    let is_due = |last: Option<Millis>, every: Option<Span>| match (last, every) {
        (Some(last), Some(every)) => last + every <= now,
        _ => false,
    };
    if platform.store.leaves_unsealed() {
        // Builds before keys were rotated would not open what a new key seals.
        return Ok(());
    }
    let settings = platform.settings.keys;
    if settings.sealing_every.is_some() && is_due(last_sealing_key(platform).await?, settings.sealing_every) {
        let change = sealing::rotate(platform, &Actor::Platform, settings.overlap).await?;
        tracing::info!(what = ?change.what, "made a new sealing key, by schedule");
    }
    let signing_keys = signing_keys::all(&platform.store).await?;
    let signs_since = signing_keys.iter().filter_map(|key| key.retired_at).max();
    let signs_since = signs_since.or_else(|| signing_keys.first().map(|key| key.created_at));
    if is_due(signs_since, settings.signing_every) {
        let change = signing::advance(platform, &Actor::Platform).await?;
        tracing::info!(what = ?change.what, "rotated the signing keys, by schedule");
    }
    for key in signing_keys.iter().filter(|key| key.retired_at.is_some_and(|at| at + PUBLISHED <= now)) {
        signing::retire(platform, &Actor::Platform, &key.kid).await?;
    }
    Ok(())
}

/// Returns when the last sealing key was made. The key file's own key is as old as the first signing key.
async fn last_sealing_key(platform: &Platform) -> Result<Option<Millis>, Error> {
    match sealing_keys::all(&platform.store).await?.iter().map(|key| key.created_at).max() {
        Some(last) => Ok(Some(last)),
        None => Ok(signing_keys::all(&platform.store).await?.iter().map(|key| key.created_at).min()),
    }
}
