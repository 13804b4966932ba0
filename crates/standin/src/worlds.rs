//! The worlds of a stand-in: the one that it was started with, and those that tests make.
//!
//! Each has its own base URL, clock, keys and people. The others are in memory and are lost with the process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use kakaw_store::Store;
use kakaw_store::db::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, OnceCell};
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::intercept::authority::{self, Authority};
use crate::intercept::upstream::Upstream;
use crate::intercept::{self, Listening};
use crate::key_pool::KeyPool;
use crate::refused::Refused;
use crate::restore;
use crate::snapshots;
use crate::world::{DEFAULT, Place, World};
use crate::world::{KAKAO_HOSTS, WORLDS};
use kakaw_core::crypto::signing_key::SigningKey;
use kakaw_platform::audit::Audit;
use kakaw_platform::jobs;
use kakaw_platform::keys;
use kakaw_platform::manage::Actor;
use kakaw_platform::manage::world_file::{self, Secrets, WorldFile};
use kakaw_platform::metrics::Metrics;
use kakaw_platform::platform::Platform;
use kakaw_platform::request::used_forms::UsedForms;
use kakaw_platform::signer::Signer;
use kakaw_platform::surroundings::Surroundings;
use kakaw_platform::throttle::Throttle;
use kakaw_platform::tombstones::Tombstones;
use kakaw_platform::transient_results::TransientResults;

/// Maximum number of worlds.
const MOST: usize = 10_000;
/// Maximum length of a name, in characters: it becomes a label of a host name.
const NAME: usize = 63;

/// A request to create a world. By default, the world is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CreateWorld {
    /// Name: a–z, 0–9 and `-`; default: a generated name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// World to copy: apps, people, links and clock. The new world has its own keys, so tokens are not copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// World file (TOML) to apply to the new world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world_file: Option<String>,
}

/// A world and its endpoints.
pub struct Running {
    pub world: Arc<World>,
    pub app: Router,
    /// Its background tasks, which end with it.
    work: Vec<AbortHandle>,
    /// Its listeners for interception, once somebody requested it.
    intercepted: Mutex<Option<Arc<Listening>>>,
}

impl Running {
    fn new(world: Arc<World>, app: Router, work: Vec<AbortHandle>) -> Arc<Self> {
        Arc::new(Self { world, app, work, intercepted: Mutex::const_new(None) })
    }

    /// Returns its listeners for interception, if there are any.
    pub async fn listening(&self) -> Option<Arc<Listening>> {
        self.intercepted.lock().await.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.work.iter().for_each(AbortHandle::abort);
    }
}

/// Every world of a process.
pub struct Worlds {
    first: Arc<Running>,
    others: RwLock<BTreeMap<String, Arc<Running>>>,
    keys: Arc<KeyPool>,
    named: AtomicU64,
    port: u16,
    interception: Interception,
    endpoints: fn(Arc<World>) -> Router,
}

/// What the interception of all worlds has in common.
pub struct Interception {
    /// Folder of the certificate authority. `None` if it ends with the process.
    folder: Option<PathBuf>,
    /// The proxy for other hosts, or why it cannot be used. An error matters only to who intercepts.
    upstream: Result<Option<Upstream>, String>,
    authority: OnceCell<Authority>,
}

impl Interception {
    /// Keeps the certificate authority in a folder, and uses a proxy.
    #[must_use]
    pub const fn new(folder: Option<PathBuf>, upstream: Result<Option<Upstream>, String>) -> Self {
        Self { folder, upstream, authority: OnceCell::const_new() }
    }
}

impl Default for Interception {
    fn default() -> Self {
        Self::new(None, Ok(None))
    }
}

impl Worlds {
    /// Makes the worlds of a process that listens on this port. The first has the endpoints of `app`, the others those
    /// of `endpoints`.
    #[must_use]
    pub fn new(
        first: Arc<World>,
        app: Router,
        endpoints: fn(Arc<World>) -> Router,
        port: u16,
        interception: Interception,
    ) -> Arc<Self> {
        let first = Running::new(first, app, Vec::new());
        let (others, keys, named) = (RwLock::default(), Arc::default(), AtomicU64::new(0));
        Arc::new(Self { first, others, keys, named, port, interception, endpoints })
    }

    /// Intercepts the traffic of a world's clients to Kakao's hosts from now on, and passes it to `app`. Requesting the
    /// same again has no effect.
    ///
    /// # Errors
    /// There is no such world, or an address cannot be listened on.
    pub async fn intercept(
        &self,
        name: &str,
        app: Router,
        request: &intercept::Options,
    ) -> Result<Arc<Listening>, Refused> {
        let running = self.get(name).ok_or_else(|| Refused::Wrong(format!("there is no world {name:?}")))?;
        let mut intercepted = running.intercepted.lock().await;
        let wrong = |error: &dyn std::fmt::Display| Refused::Wrong(format!("{error:#}"));
        if let Some(listening) = intercepted.as_ref() {
            listening.also(request).await.map_err(|error| wrong(&error))?;
            return Ok(Arc::clone(listening));
        }
        // Clients compare it with the real time, whatever the world's clock says.
        let now = Clock::default().now();
        let make = async || match &self.interception.folder {
            Some(folder) => authority::load_or_make(folder, now),
            None => authority::make(now),
        };
        let authority = self.interception.authority.get_or_try_init(make).await.map_err(|error| wrong(&error))?;
        let upstream = self.interception.upstream.clone().map_err(Refused::Wrong)?;
        let lasting = self.interception.folder.is_some();
        let started =
            Listening::start(app, authority, lasting, upstream, request).await.map_err(|error| wrong(&error))?;
        running.world.place.set_home(format!("https://{}", KAKAO_HOSTS[0]));
        Ok(Arc::clone(intercepted.insert(Arc::new(started))))
    }

    /// Returns the world that the process was started with.
    #[must_use]
    pub fn first(&self) -> &Arc<Running> {
        &self.first
    }

    /// Returns the keys that the worlds take.
    #[must_use]
    pub fn keys(&self) -> &KeyPool {
        &self.keys
    }

    /// Returns the port of the process.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the world with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Running>> {
        if name == DEFAULT {
            return Some(Arc::clone(&self.first));
        }
        self.others.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns every world, starting with the first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Running>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.first).chain(others.values()).cloned().collect()
    }

    /// Deletes a world. Returns whether there was one.
    ///
    /// # Errors
    /// It is the first, which ends with the process.
    pub fn delete(&self, name: &str) -> Result<bool, Refused> {
        if name == DEFAULT {
            return Err(Refused::Wrong(
                "the default world cannot be deleted: it ends with the process. To restore its initial state, use reset".to_owned(),
            ));
        }
        Ok(self.others.write().unwrap_or_else(PoisonError::into_inner).remove(name).is_some())
    }

    /// Makes a world.
    ///
    /// # Errors
    /// The request is invalid, or the database failed.
    pub async fn create(&self, request: &CreateWorld) -> Result<Arc<Running>, Refused> {
        // Somebody who makes one world makes more, and each needs a key.
        self.keys.fill();
        let name =
            request.name.clone().unwrap_or_else(|| format!("w{}", self.named.fetch_add(1, Ordering::SeqCst) + 1));
        self.check(&name)?;
        let file = request.world_file.as_deref().map(|text| world_file::parse(text, "world_file")).transpose();
        let file = file.map_err(Refused::Wrong)?;
        let copied = match &request.copy_of {
            None => None,
            Some(other) => {
                let found = self.get(other).ok_or_else(|| Refused::Wrong(format!("there is no world {other:?}")))?;
                let file = world_file::export(&found.world.platform, Secrets::Written).await?;
                Some((file, found.world.place.clock.reading()))
            }
        };
        let world = Arc::new(self.empty(name.clone()).await?);
        if let Some((file, reading)) = copied {
            world.place.clock.set(reading);
            apply(&world, &file).await?;
        }
        if let Some(file) = file {
            apply(&world, &file).await?;
        }
        restore::take(&world, snapshots::START).await?;
        let app = (self.endpoints)(Arc::clone(&world));
        let work = vec![tokio::spawn(jobs::work(Arc::clone(&world.platform))).abort_handle()];
        let running = Running::new(world, app, work);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have used the same name meanwhile.
        if others.contains_key(&name) {
            return Err(taken(&name));
        }
        others.insert(name, Arc::clone(&running));
        Ok(running)
    }

    fn check(&self, name: &str) -> Result<(), Refused> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > NAME || !name.bytes().all(allowed) {
            return Err(Refused::Wrong(format!("name: {name:?}; expected 1 to {NAME} of a–z, 0–9 and -")));
        }
        if self.get(name).is_some() {
            return Err(taken(name));
        }
        if self.others.read().unwrap_or_else(PoisonError::into_inner).len() >= MOST {
            return Err(Refused::Wrong(format!("there are already {MOST} worlds: delete some")));
        }
        Ok(())
    }

    /// Makes an empty world.
    async fn empty(&self, name: String) -> Result<World, Refused> {
        let first = &self.first.world;
        let home = format!("http://localhost:{}{WORLDS}{name}", self.port);
        let place = Arc::new(Place::new(name, first.place.public_url.clone(), Clock::default(), home));
        let keys = Arc::clone(&self.keys);
        let next_key = move || -> Pin<Box<dyn Future<Output = Option<SigningKey>> + Send>> {
            let keys = Arc::clone(&keys);
            Box::pin(async move { keys.take().await })
        };
        let sealer = keys::ephemeral(&*first.platform.random);
        let sealer = Arc::new(sealer.map_err(|error| Refused::Wrong(error.to_string()))?);
        let store = Store::open(&Url::Memory).await?;
        store.seal_with(Arc::clone(&sealer));
        let platform = Platform {
            store,
            sealer,
            random: Arc::clone(&first.platform.random),
            signer: Signer::drawing_from(Box::new(next_key)),
            passwords: Arc::clone(&first.platform.passwords),
            quotas: first.platform.quotas.fresh(),
            webhooks: Arc::clone(&first.platform.webhooks),
            wake_deliveries: Notify::new(),
            transient_results: TransientResults::default(),
            security_txt: first.platform.security_txt.clone(),
            audit: Audit::default(),
            tombstones: Tombstones::default(),
            used_forms: UsedForms::default(),
            metrics: Metrics::default(),
            brand: Arc::clone(&first.platform.brand),
            throttle: Throttle::new(first.platform.throttle.is_on()),
            policy: first.platform.policy().into(),
            settings: first.platform.settings,
            surroundings: Arc::clone(&place) as Arc<dyn Surroundings>,
        };
        Ok(World {
            control_token: first.control_token.clone(),
            real_sdk: first.real_sdk.clone(),
            ..World::new(platform, place)
        })
    }
}

fn taken(name: &str) -> Refused {
    Refused::Wrong(format!("there is already a world {name:?}"))
}

async fn apply(world: &World, file: &WorldFile) -> Result<(), Refused> {
    world_file::apply(&world.platform, &Actor::ControlApi, file).await?;
    Ok(())
}
