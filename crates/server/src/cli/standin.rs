//! What `kakaw dev` and `kakaw run` have in common: a stand-in with its world files applied.

use std::net::SocketAddr;
use std::sync::Arc;

use kakaw_core::random::{self, Random};
use kakaw_core::secret::Secret;

use super::{Usage, dev, open, place};
use crate::config::{self, Config};
use crate::http::{self, control, demo, inspector, start};
use crate::snapshots;
use crate::world::Mode;
use crate::world_file::{self, WorldFile};
use crate::worlds::Worlds;

/// The token of control requests from other machines: what the environment says, or a new one.
fn token(random: &dyn Random) -> Secret {
    Secret::new(config::environment(place::TOKEN).unwrap_or_else(|| random::token(random)))
}

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
    let mut world = open::world(config, Mode::Dev).await?;
    if !address.ip().is_loopback() {
        world.control_token = Some(token(&*world.random));
    }
    let world = Arc::new(world);
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
