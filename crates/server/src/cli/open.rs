//! Makes a world of a configuration.

use std::sync::Arc;

use anyhow::Context as _;
use kakaw_core::random::Random;
use kakaw_store::Store;
use kakaw_store::db::Url;

use super::Usage;
use crate::clock::Clock;
use crate::config::Config;
use crate::password::Passwords;
use crate::quota::{PerMinute, Quotas};
use crate::signer::Signer;
use crate::world::{Mode, PublicUrl, World};
use crate::{keys, random, webhooks, world};

/// Opens the database and the key file, and puts a world together.
pub async fn world(config: &Config, mode: Mode) -> anyhow::Result<World> {
    let random: Arc<dyn Random> = Arc::new(random::System::new());
    let url = config.url().map_err(Usage::error)?;
    if let Url::Sqlite(path) = &url
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let sealer = match config.keys_path() {
        Some(path) => keys::load_or_create(&path, &*random)?,
        None => keys::ephemeral(&*random)?,
    };
    let store = Store::open(&url).await.context("cannot open the database")?;
    Ok(World {
        name: world::DEFAULT.to_owned(),
        mode,
        store,
        sealer,
        clock: Clock::default(),
        random,
        signer: if mode == Mode::Dev { Signer::patient() } else { Signer::default() },
        passwords: Arc::new(Passwords::new(config.passwords.cost(), config.passwords.workers, config.passwords.queue)),
        policy: std::sync::RwLock::new(config.policy),
        public_url: config.public_url.clone().map_or(PublicUrl::FollowLoopback, PublicUrl::Fixed),
        access_token_in_query: config.access_token_in_query,
        quotas: Quotas {
            user_ids: PerMinute::new(config.quotas.user_ids),
            calls: PerMinute::new(config.quotas.calls),
            tokens: PerMinute::new(config.quotas.tokens),
        },
        webhooks: Arc::new(webhooks::Client::new(webhooks::Options {
            private_networks: config.webhooks.private_networks,
            ca_file: config.webhooks.ca_file.clone(),
            own_host: config.public_url.as_deref().and_then(host),
        })),
        wake_deliveries: tokio::sync::Notify::new(),
        requests: Default::default(),
        faults: Default::default(),
        held: Default::default(),
        sign_up: config.sign_up,
        snapshots: Default::default(),
        home: std::sync::Mutex::new("http://localhost:7700".to_owned()),
        control_token: None,
        real_sdk: None,
        behind_proxy: config.behind_proxy,
    })
}

/// The host of a URL, without its port.
fn host(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned))
}
