//! Opens a platform from a configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kakaw_core::crypto::seal::Sealer;
use kakaw_core::random::Random;
use kakaw_store::db::Url;
use kakaw_store::{Store, instance};
#[cfg(feature = "standin")]
use kakaw_wire::text::Lang;
use tokio::sync::Notify;

use super::Usage;
use crate::config::{self, Config, Mode};
use kakaw_platform::audit::Audit;
use kakaw_platform::clock;
use kakaw_platform::keys;
use kakaw_platform::manage::sealing;
use kakaw_platform::metrics::Metrics;
use kakaw_platform::origins::Origins;
use kakaw_platform::outgoing;
use kakaw_platform::pages::words;
use kakaw_platform::password::{PLACES, Passwords};
use kakaw_platform::platform::{Platform, Settings};
use kakaw_platform::private_file;
use kakaw_platform::quota::{PerMinute, Quotas};
use kakaw_platform::random;
use kakaw_platform::request::used_forms::UsedForms;
use kakaw_platform::signer::Signer;
use kakaw_platform::surroundings::{Alone, Surroundings};
use kakaw_platform::throttle::Throttle;
use kakaw_platform::tombstones::Tombstones;
use kakaw_platform::transient_results::TransientResults;

/// The base URL when neither a request nor the configuration gives one.
pub const DEFAULT_URL: &str = "http://localhost:7700";

/// What a command does if the key file is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Creates it, if the database is unused. A key file whose database is gone is an error in `serve`.
    Make,
    /// The same, and an existing key file gets a new database: `kakaw init`.
    Init,
    /// Fails, and also if the database is missing or unused.
    Refuse,
}

/// Opens the database and the key file, and assembles a platform on its own.
pub async fn platform(config: &Config, mode: Mode, missing: Missing) -> anyhow::Result<Platform> {
    within(config, mode, missing, Arc::new(Alone::new(origins(config)))).await
}

/// The same with other surroundings.
pub async fn within(
    config: &Config,
    mode: Mode,
    missing: Missing,
    surroundings: Arc<dyn Surroundings>,
) -> anyhow::Result<Platform> {
    let random: Arc<dyn Random> = Arc::new(random::System::new());
    let url = config.url().map_err(Usage::error)?;
    let key_file = config.keys_path().map_err(Usage::error)?;
    // Read first: if the key file cannot be read, no database is created.
    let found = key_file.as_deref().map(keys::load).transpose()?.flatten();
    if let Url::Sqlite(path) = &url {
        // The key file was read before: a process that starts at the same moment makes the database first.
        let of_gone = key_file.as_deref().filter(|_| found.is_some() && mode == Mode::Serve);
        prepare(path, missing, of_gone)?;
    }
    let store = Store::open(&url).await.context("cannot open the database")?;
    let sealer = match &key_file {
        None => keys::ephemeral(&*random)?,
        Some(path) => proven(&store, path, found, mode, missing, &*random).await?,
    };
    #[cfg(feature = "standin")]
    let (notice, notice_link) = match mode {
        Mode::Dev => (kakaw_standin::pages::words::banner as fn(Lang) -> _, Some(kakaw_standin::inspector::LINK)),
        Mode::Serve => (words::test_notice as _, None),
    };
    #[cfg(not(feature = "standin"))]
    let (notice, notice_link) = (words::test_notice, None);
    let sealer = Arc::new(sealer);
    store.seal_with(Arc::clone(&sealer));
    store.leave_unsealed(config.upgrade.older_nodes);
    sealing::load(&store, &sealer, clock::now()).await?;
    Ok(Platform {
        store,
        sealer,
        audit: audit(config, &*random),
        tombstones: tombstones(config, mode)?,
        random,
        signer: Signer::default(),
        passwords: Arc::new(passwords(&config.passwords)),
        quotas: Quotas {
            user_ids: PerMinute::new(config.quotas.user_ids),
            calls: PerMinute::new(config.quotas.calls),
            tokens: PerMinute::new(config.quotas.tokens),
        },
        webhooks: Arc::new(outgoing::Client::new(outgoing::Options {
            private_networks: config.webhooks.private_networks,
            ca_file: config.webhooks.ca_file.clone(),
            own_hosts: config.urls().into_iter().filter_map(host).collect(),
        })),
        wake_deliveries: Notify::new(),
        transient_results: TransientResults::default(),
        security_txt: config.security.file(),
        used_forms: UsedForms::default(),
        metrics: Metrics::default(),
        brand: Arc::new(config.brand.read(mode).map_err(Usage::error)?),
        throttle: Throttle::new(config.limits.guesses),
        policy: config.policy.into(),
        settings: Settings {
            access_token_in_query: config.access_token_in_query,
            sign_up: config.sign_up,
            behind_proxy: config.behind_proxy,
            https_only: config.tls.certificate.is_some(),
            host_cookies: config.is_https(),
            notice: config.pages.test_notice.then_some(notice),
            notice_link,
            open_diagnosis: config.pages.open_diagnosis,
            keys: config.keys.rotation(),
            strong_secrets: config.apps.strong_secrets,
            public_key: (mode == Mode::Serve).then_some(config::SAMPLE_KEY),
            derived_keys: config.apps.derived_keys,
            legacy_properties: config.apps.legacy_properties,
        },
        surroundings,
    })
}

/// Returns the keys of the key file, or of a new one, once they are proven to be the database's.
async fn proven(
    store: &Store,
    path: &Path,
    found: Option<Sealer>,
    mode: Mode,
    missing: Missing,
    random: &dyn Random,
) -> anyhow::Result<Sealer> {
    let made = found.is_none() && !path.exists();
    let sealer = match found {
        Some(_) if missing == Missing::Refuse && instance::is_unused(store).await? => bail!(
            "this database is not set up yet: kakaw init sets it up. Check that it is the right database. Nothing was changed"
        ),
        Some(sealer) => {
            if mode == Mode::Serve && missing == Missing::Make {
                wait_for_use(store, path).await?;
            }
            sealer
        }
        None => make(path, store, random, missing).await?,
    };
    let proof = keys::prove(store, &sealer, path).await;
    if proof.is_err() && made {
        // Another process has set the database up with another key file. Nothing is sealed under this one.
        let _ = std::fs::remove_file(path);
    }
    proof?;
    Ok(sealer)
}

fn passwords(config: &config::Passwords) -> Passwords {
    if config.exportable.is_some() {
        tracing::warn!(
            "passwords.exportable has no effect any more, and will be removed in the next release: passwords are hashed \
             before they are stored, except in memory"
        );
    }
    if config.queue.is_some() {
        tracing::warn!(
            "passwords.queue will be removed in the next release; set passwords.longest_wait (milliseconds) instead"
        );
    }
    Passwords::new(config.cost(), config.workers, config.queue.unwrap_or(PLACES))
        .waiting_at_most(config.longest_wait.as_duration())
}

/// Opens the tombstone file, if there is to be one.
fn tombstones(config: &Config, mode: Mode) -> anyhow::Result<Tombstones> {
    let Some(path) = config.tombstones_path(mode) else { return Ok(Tombstones::default()) };
    Tombstones::open(&path).with_context(|| format!("cannot write the tombstone file {}", path.display()))
}

/// Returns the audit trail of this machine.
fn audit(config: &Config, random: &dyn Random) -> Audit {
    if !config.audit.record {
        return Audit::default();
    }
    let name = rustix::system::uname();
    Audit::on(&name.nodename().to_string_lossy(), config.audit.keep, random)
}

/// Prepares the file of a SQLite database. `of_gone` is a key file whose database must exist.
fn prepare(path: &Path, missing: Missing, of_gone: Option<&Path>) -> anyhow::Result<()> {
    let shown = path.display();
    match (path.exists(), missing, of_gone) {
        (true, ..) | (false, Missing::Init, _) | (false, Missing::Make, None) => {}
        (false, Missing::Refuse, _) => {
            bail!("there is no database {shown}; kakaw init, apply, dev or serve creates one")
        }
        (false, Missing::Make, Some(key_file)) => bail!(
            "there is no database {shown}, but its key file {} exists: the database was moved or deleted. Restore it from a \
             backup, or set data or database to its path; kakaw init creates a new, empty database. Nothing was changed",
            key_file.display()
        ),
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_file::folder(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    // A command that only reads changes no modes.
    for file in private_file::of_sqlite(path).iter().filter(|_| missing != Missing::Refuse) {
        if private_file::close_to_others(file).map_err(Usage::error)? {
            tracing::warn!("others could read {}; its mode is now 600", file.display());
        }
    }
    Ok(())
}

/// How long a start waits for another one that has made the key file.
const FIRST_START: Duration = Duration::from_secs(3);

/// Waits until the database of an existing key file is in use. During several first starts, one makes the key file and
/// then writes its proof.
async fn wait_for_use(store: &Store, path: &Path) -> anyhow::Result<()> {
    let in_use = async {
        while instance::is_unused(store).await? {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(FIRST_START, in_use).await.unwrap_or_else(|_| {
        bail!(
            "the key file {} exists, but the database is empty: it is not the database of this key file, or its data is \
             gone. Restore it from a backup, or set data or database to the right one; kakaw init sets up this database. \
             Nothing was changed",
            path.display()
        )
    })
}

/// Creates the key file of an unused database.
async fn make(path: &Path, store: &Store, random: &dyn Random, missing: Missing) -> anyhow::Result<Sealer> {
    if !instance::is_unused(store).await? {
        // Another process may have created both in the meantime.
        if let Some(sealer) = keys::load(path)? {
            return Ok(sealer);
        }
        bail!(
            "the key file {} is missing, but the database is in use: a new key file could not open anything that is sealed in \
             it. Restore the file from a backup, or set key_file to the right path; on another node, copy the file from \
             the first. Nothing was changed",
            path.display()
        );
    }
    if missing == Missing::Refuse {
        bail!("there is no key file {} yet: kakaw init creates it, and the database's tables", path.display());
    }
    let sealer = keys::create(path, random)?;
    tracing::info!("created the key file {}; back it up, separately from the database", path.display());
    Ok(sealer)
}

/// Returns the origins of the surfaces.
fn origins(config: &Config) -> Origins {
    Origins::new(|surface| config.url_of(surface).unwrap_or(DEFAULT_URL).to_owned())
}

/// Returns the host of a URL, without its port.
fn host(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned))
}
