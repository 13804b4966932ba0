//! The keys that sign ID tokens. They are loaded or generated in the background, so that no start waits for them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use kakaw_core::audit::Event;
use kakaw_core::crypto::seal::{Purpose, Sealer};
use kakaw_core::crypto::secret::Secret;
use kakaw_core::crypto::signing_key::SigningKey;
use kakaw_core::{Millis, Span};
use kakaw_store::signing_keys::Stored as StoredKey;
use kakaw_store::{Error, Outcome, Statement, instance, signing_keys};
use kakaw_wire::oidc::{Jwk, Jwks};
use serde_json::json;
use tokio::sync::{Notify, watch};

use crate::Platform;
use crate::audit::Entry;
use crate::manage::Actor;

/// Number of published keys: the signing one and the next.
const KEYS: usize = 2;
/// Interval at which keys are loaded again.
const AGAIN: Duration = Duration::from_secs(30);
/// The same after a failure.
const SOON: Duration = Duration::from_secs(2);
/// Maximum time that a request waits for a key, which may have to be generated first.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Unless a request needs a key, none is generated so soon after the start: that takes a core for a tenth of a second.
const PATIENCE: Duration = Duration::from_millis(300);

/// A source of keys that were generated before.
pub type Source = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Option<SigningKey>> + Send>> + Send + Sync>;

/// The signing keys, once there are any.
pub struct Signer {
    keys: watch::Sender<Arc<Vec<SigningKey>>>,
    /// The source of the only key, when it is first needed. Without a source, keys are generated here.
    source: Option<Source>,
    /// How long key generation waits, unless a request needs a key.
    patience: Duration,
    longest_wait: Duration,
    wanted: Notify,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            keys: watch::Sender::new(Arc::default()),
            source: None,
            patience: PATIENCE,
            longest_wait: LONGEST_WAIT,
            wanted: Notify::new(),
        }
    }
}

impl Signer {
    /// Makes a signer that takes its key from a source when one is needed.
    #[must_use]
    pub fn drawing_from(source: Source) -> Self {
        Self { source: Some(source), patience: Duration::MAX, ..Self::default() }
    }

    /// Makes a signer whose requests wait at most this long for a key.
    #[must_use]
    pub fn waiting_at_most(longest_wait: Duration) -> Self {
        Self { longest_wait, ..Self::default() }
    }

    /// Loads the keys repeatedly, because other nodes may generate some: when a request needs them, or after an
    /// interval.
    pub async fn work(&self, platform: &Platform) {
        // The result does not matter: the time is over, or a request needs a key.
        let _ = tokio::time::timeout(self.patience, self.wanted.notified()).await;
        loop {
            let next = match self.load(platform).await {
                Ok(()) => AGAIN,
                Err(error) => {
                    tracing::error!(%error, "signing keys");
                    // Requests that need a key are refused meanwhile.
                    SOON
                }
            };
            tokio::time::sleep(next).await;
        }
    }

    /// Puts a new key before the others, in one commit with what `record` makes of its id. Returns the id. Signatures of
    /// the old keys still verify.
    ///
    /// # Errors
    /// The store failed, or no key could be made.
    pub async fn rotate(
        &self,
        platform: &Platform,
        record: impl FnOnce(&str) -> Vec<Statement> + Send,
    ) -> Result<String, Error> {
        let Platform { store, sealer, .. } = platform;
        // Make sure that the others exist, so that the new key is not made in their place.
        self.keys().await?;
        let key = self.make().await?;
        let first = signing_keys::first(store).await?.unwrap_or_else(|| platform.now());
        let created = first - Span::milliseconds(1);
        let mut changes = vec![insert(&key, sealer, created)?];
        changes.extend(record(&key.jwk.kid));
        let Outcome::Committed = store.commit(changes).await? else {
            return Err(Error::Unusable("a key of the same id was made meanwhile".to_owned()));
        };
        self.load(platform).await?;
        Ok(key.jwk.kid)
    }

    async fn make(&self) -> Result<SigningKey, Error> {
        let made = match &self.source {
            Some(next) => next().await,
            None => tokio::task::spawn_blocking(SigningKey::generate).await.ok().flatten(),
        };
        made.ok_or_else(|| Error::Unusable("no RSA key could be made".to_owned()))
    }

    /// Returns the keys. The first requests wait until there are keys.
    ///
    /// # Errors
    /// There is no key in time. The log says why.
    pub async fn keys(&self) -> Result<Arc<Vec<SigningKey>>, Error> {
        self.wanted.notify_one();
        let mut keys = self.keys.subscribe();
        match tokio::time::timeout(self.longest_wait, keys.wait_for(|keys| !keys.is_empty())).await {
            Ok(Ok(keys)) => Ok(Arc::clone(&keys)),
            Ok(Err(_)) | Err(_) => {
                Err(Error::Unusable(format!("no signing key after {:?}; the log says why", self.longest_wait)))
            }
        }
    }

    /// Returns the keys, if there are any.
    #[must_use]
    pub fn try_keys(&self) -> Option<Arc<Vec<SigningKey>>> {
        Some(Arc::clone(&self.keys.borrow())).filter(|keys| !keys.is_empty())
    }

    /// Returns the published key set.
    ///
    /// # Errors
    /// As for [`Self::keys`].
    pub async fn jwks(&self) -> Result<Jwks, Error> {
        Ok(Jwks { keys: self.keys().await?.iter().map(|key| key.jwk.clone()).collect::<Vec<Jwk>>() })
    }

    /// Makes the keys at these places, unless keys were made since `before`. Of several nodes that miss them, one makes
    /// them all in one commit; the others load them. So no node publishes or uses a key that another one does not know.
    async fn make_missing(
        &self,
        platform: &Platform,
        places: std::ops::Range<usize>,
        before: Option<&str>,
    ) -> Result<(), Error> {
        let Platform { store, sealer, .. } = platform;
        let (now, mut changes) = (platform.now(), Vec::new());
        for place in places {
            let key = self.make().await?;
            if changes.is_empty() {
                changes.push(instance::make_keys(&key.jwk.kid, before));
            }
            changes.push(insert(&key, sealer, now + Span::seconds(place as i64))?);
            let created = Entry::new(Event::SigningKeyCreated, Actor::Platform.name());
            changes.extend(created.detail(json!({ "kid": key.jwk.kid })).statement(platform));
        }
        match store.commit(changes).await? {
            Outcome::Committed => {}
            Outcome::Conflict { .. } => tracing::debug!("another node made the signing keys"),
        }
        Ok(())
    }

    /// Loads the keys, and generates those that are missing.
    ///
    /// # Errors
    /// The store failed, or a key could not be opened because another sealing key sealed it.
    pub async fn load(&self, platform: &Platform) -> Result<(), Error> {
        let Platform { store, sealer, .. } = platform;
        let wanted = if self.source.is_some() { 1 } else { KEYS };
        let stored = loop {
            // Read first: what is missing is made only if nobody has made keys since.
            let made = instance::made_keys(store).await?;
            let stored = signing_keys::all(store).await?;
            if in_use(&stored) >= wanted {
                break stored;
            }
            self.make_missing(platform, in_use(&stored)..wanted, made.as_deref()).await?;
        };
        let known = Arc::clone(&self.keys.borrow());
        // Opening them takes longer than everything else. Mostly they are the same.
        if !known.iter().map(|key| &key.jwk.kid).eq(stored.iter().map(|key| &key.kid)) {
            self.keys.send_replace(Arc::new(open(stored, sealer)?));
        }
        Ok(())
    }
}

fn insert(key: &SigningKey, sealer: &Sealer, created: Millis) -> Result<Statement, Error> {
    let text = key.to_text().ok_or_else(|| Error::Unusable("the RSA key has no text form".to_owned()))?;
    let sealed = sealer.seal(Purpose::Keep, text.expose().as_bytes());
    Ok(signing_keys::insert(&key.jwk.kid, &sealed, created))
}

/// Returns how many keys are in use. Those are first.
fn in_use(stored: &[StoredKey]) -> usize {
    stored.iter().filter(|key| key.retired_at.is_none()).count()
}

fn open(stored: Vec<StoredKey>, sealer: &Sealer) -> Result<Vec<SigningKey>, Error> {
    let open = |StoredKey { sealed, .. }: StoredKey| {
        let open = sealer.open(Purpose::Keep, &sealed).and_then(|plain| String::from_utf8(plain).ok());
        open.and_then(|text| SigningKey::from_text(&Secret::new(text))).ok_or_else(|| {
            Error::Unusable("a signing key was sealed under another key: is this the right key file?".to_owned())
        })
    };
    stored.into_iter().map(open).collect()
}
