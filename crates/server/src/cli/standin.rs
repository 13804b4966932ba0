//! What `kakaw dev` and `kakaw run` have in common: a stand-in with its world files applied.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Usage, dev, open};
use crate::config::Config;
use crate::http::{self, control, demo, inspector, start};
use crate::snapshots;
use crate::world::Mode;
use crate::world_file::{self, WorldFile};
use crate::worlds::Worlds;

/// A stand-in that is ready to answer.
pub struct StandIn {
    pub worlds: Arc<Worlds>,
    /// What was applied.
    pub files: Vec<WorldFile>,
}

/// Opens the first world of a process that listens on `address`, and applies the files, or else the sample world.
/// `home` is where it says to be when no request tells.
pub async fn start(
    config: &Config,
    mut files: Vec<WorldFile>,
    address: SocketAddr,
    home: String,
) -> anyhow::Result<StandIn> {
    let world = Arc::new(open::world(config, Mode::Dev).await?);
    let _ = world.home.set(home);
    if files.is_empty() {
        files.extend(dev::sample(&world, address.port()).await?);
    }
    for file in &files {
        world_file::apply(&world, file).await.map_err(|error| Usage::error(format!("{error:#}")))?;
    }
    // Going back to the start must not take away what somebody keeps on a disk.
    if config.in_memory() {
        snapshots::take(&world, snapshots::START).await?;
    }
    let more = demo::routes(address).merge(start::routes()).merge(control::routes()).merge(inspector::routes());
    let app = http::app_with(Arc::clone(&world), more);
    Ok(StandIn { worlds: Worlds::new(world, app, address.port()), files })
}
