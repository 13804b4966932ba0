//! Opens a platform from a configuration.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use kakaw_core::crypto::seal::Sealer;
use kakaw_core::random::Random;
use kakaw_store::db::Url;
use kakaw_store::{Store, instance};
use tokio::sync::Notify;

use super::Usage;
use crate::config::{self, Config, Mode};
use kakaw_platform::audit::Audit;
use kakaw_platform::keys;
use kakaw_platform::outgoing;
use kakaw_platform::pages::words;
use kakaw_platform::password::{PLACES, Passwords};
use kakaw_platform::platform::{Platform, Settings};
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
    /// Creates it, if the database is unused.
    Make,
    /// Fails, and also if the database is missing or unused.
    Refuse,
}

/// Opens the database and the key file, and assembles a platform on its own.
pub async fn platform(config: &Config, mode: Mode, missing: Missing) -> anyhow::Result<Platform> {
    let public_url = config.public_url.clone().unwrap_or_else(|| DEFAULT_URL.to_owned());
    within(config, mode, missing, Arc::new(Alone::new(public_url))).await
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
    if let (Url::Sqlite(path), Missing::Refuse) = (&url, missing)
        && !path.exists()
    {
        bail!("there is no database {}; kakaw init, apply, dev or serve creates one", path.display());
    }
    if let Url::Sqlite(path) = &url
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    let key_file = config.keys_path().map_err(Usage::error)?;
    // Read first: if the key file cannot be read, no database is created.
    let found = key_file.as_deref().map(keys::load).transpose()?.flatten();
    let store = Store::open(&url).await.context("cannot open the database")?;
    let sealer = match &key_file {
        None => keys::ephemeral(&*random)?,
        Some(path) => {
            let sealer = match found {
                Some(_) if missing == Missing::Refuse && instance::is_unused(&store).await? => bail!(
                    "this database is not set up yet: kakaw init sets it up. Check that it is the right database. Nothing was changed"
                ),
                Some(sealer) => sealer,
                None => make(path, &store, &*random, missing).await?,
            };
            keys::prove(&store, &sealer, path).await?;
            sealer
        }
    };
    #[cfg(feature = "standin")]
    let notice = if mode == Mode::Dev { kakaw_standin::pages::words::banner } else { words::test_notice };
    #[cfg(not(feature = "standin"))]
    let notice = words::test_notice;
    Ok(Platform {
        store,
        sealer: Arc::new(sealer),
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
            own_host: config.public_url.as_deref().and_then(host),
        })),
        wake_deliveries: Notify::new(),
        transient_results: TransientResults::default(),
        used_forms: UsedForms::default(),
        throttle: Throttle::new(config.limits.guesses),
        policy: config.policy.into(),
        settings: Settings {
            access_token_in_query: config.access_token_in_query,
            sign_up: config.sign_up,
            behind_proxy: config.behind_proxy,
            host_cookies: config.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
            notice: config.pages.test_notice.then_some(notice),
            open_diagnosis: config.pages.open_diagnosis,
            strong_secrets: config.apps.strong_secrets,
            derived_keys: config.apps.derived_keys,
            legacy_properties: config.apps.legacy_properties,
            exportable_passwords: config.passwords.exportable,
        },
        surroundings,
    })
}

fn passwords(config: &config::Passwords) -> Passwords {
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

/// Returns the host of a URL, without its port.
fn host(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned))
}
