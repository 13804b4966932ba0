//! The keys of ID tokens: loaded or made in the background, so that no start waits for them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use kakaw_core::crypto::seal::{Purpose, Sealer};
use kakaw_core::crypto::secret::Secret;
use kakaw_core::crypto::signing_key::SigningKey;
use kakaw_core::{Millis, Span};
use kakaw_store::{Error, Outcome, Statement, Store, signing_keys};
use kakaw_wire::oidc::{Jwk, Jwks};
use tokio::sync::{Notify, watch};

/// How many keys are published: the one that signs, and the next.
const KEYS: usize = 2;
/// Between two looks at the store.
const AGAIN: Duration = Duration::from_secs(30);
/// The same after a failure.
const SOON: Duration = Duration::from_secs(2);
/// How long a request waits for a key: the first may have to be made.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Nothing is made so soon after the start unless somebody asks: others begin first, and a key takes a core for a tenth of
/// a second.
const PATIENCE: Duration = Duration::from_millis(300);

/// Hands out keys that were made before.
pub type Source = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Option<SigningKey>> + Send>> + Send + Sync>;

/// Signing keys, once there are any.
pub struct Signer {
    keys: watch::Sender<Arc<Vec<SigningKey>>>,
    /// Where the only key comes from when it is first needed; without it, keys are made here.
    source: Option<Source>,
    /// How long nothing is made unless somebody asks.
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
    /// A signer that has no key until one is asked for.
    #[must_use]
    pub fn drawing_from(source: Source) -> Self {
        Self { source: Some(source), patience: Duration::MAX, ..Self::default() }
    }

    /// A signer whose requests wait for a key no longer than this.
    #[must_use]
    pub fn waiting_at_most(longest_wait: Duration) -> Self {
        Self { longest_wait, ..Self::default() }
    }

    /// Loads the keys again and again, for other nodes may make some: when they are first asked for, or it is time.
    pub async fn work(&self, store: &Store, sealer: &Sealer, now: impl Fn() -> Millis) {
        // Whether the time is over or somebody asked.
        let _ = tokio::time::timeout(self.patience, self.wanted.notified()).await;
        loop {
            let next = match self.load(store, sealer, now()).await {
                Ok(()) => AGAIN,
                Err(error) => {
                    tracing::error!(%error, "signing keys");
                    // Who needs a key is refused meanwhile.
                    SOON
                }
            };
            tokio::time::sleep(next).await;
        }
    }

    /// Puts a new key before the others; returns its id. What the old ones signed still verifies.
    ///
    /// # Errors
    /// The store failed, or no key could be made.
    pub async fn rotate(&self, store: &Store, sealer: &Sealer, now: Millis) -> Result<String, Error> {
        // The others are there first, so that the new one is not made instead of them.
        self.keys().await?;
        let key = self.make().await?;
        let first = signing_keys::first(store).await?.unwrap_or(now);
        let created = first - Span::milliseconds(1);
        let Outcome::Committed = store.commit(vec![insert(&key, sealer, created)?]).await? else {
            return Err(Error::Unusable("a key of the same id was made meanwhile".to_owned()));
        };
        self.load(store, sealer, now).await?;
        Ok(key.jwk.kid)
    }

    async fn make(&self) -> Result<SigningKey, Error> {
        let made = match &self.source {
            Some(next) => next().await,
            None => tokio::task::spawn_blocking(SigningKey::generate).await.ok().flatten(),
        };
        made.ok_or_else(|| Error::Unusable("no RSA key could be made".to_owned()))
    }

    /// The keys; the first asks wait until they are there.
    ///
    /// # Errors
    /// None is there in time: the log says why.
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

    /// The keys, if they are there already.
    #[must_use]
    pub fn try_keys(&self) -> Option<Arc<Vec<SigningKey>>> {
        Some(Arc::clone(&self.keys.borrow())).filter(|keys| !keys.is_empty())
    }

    /// The key set as it is published.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn jwks(&self) -> Result<Jwks, Error> {
        Ok(Jwks { keys: self.keys().await?.iter().map(|key| key.jwk.clone()).collect::<Vec<Jwk>>() })
    }

    /// Reads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// The store failed, or a key could not be opened: another sealing key made it.
    pub async fn load(&self, store: &Store, sealer: &Sealer, now: Millis) -> Result<(), Error> {
        let mut keys = read(store, sealer).await?;
        while keys.len() < if self.source.is_some() { 1 } else { KEYS } {
            let key = self.make().await?;
            let created = now + Span::seconds(keys.len() as i64);
            let Outcome::Committed = store.commit(vec![insert(&key, sealer, created)?]).await? else { continue };
            // Another node may have made keys meanwhile: what is stored counts.
            keys = read(store, sealer).await?;
        }
        let known = self.keys.borrow().iter().map(|key| key.jwk.kid.clone()).collect::<Vec<_>>();
        if known != keys.iter().map(|key| key.jwk.kid.clone()).collect::<Vec<_>>() {
            self.keys.send_replace(Arc::new(keys));
        }
        Ok(())
    }
}

fn insert(key: &SigningKey, sealer: &Sealer, created: Millis) -> Result<Statement, Error> {
    let text = key.to_text().ok_or_else(|| Error::Unusable("the RSA key has no text form".to_owned()))?;
    let sealed = sealer.seal(Purpose::Keep, text.expose().as_bytes());
    Ok(signing_keys::insert(&key.jwk.kid, &sealed, created))
}

async fn read(store: &Store, sealer: &Sealer) -> Result<Vec<SigningKey>, Error> {
    let mut keys = Vec::new();
    for sealed in signing_keys::all(store).await? {
        let open = sealer.open(Purpose::Keep, &sealed).and_then(|plain| String::from_utf8(plain).ok());
        let key = open.and_then(|text| SigningKey::from_text(&Secret::new(text)));
        keys.push(key.ok_or_else(|| {
            Error::Unusable("a signing key was sealed under another key: is this the right key file?".to_owned())
        })?);
    }
    Ok(keys)
}
