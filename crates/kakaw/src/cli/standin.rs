//! The common part of `kakaw dev` and `kakaw run`: starts a stand-in and applies its world files.

use kakaw_core::AppId;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::random::{self, Random};

use super::Usage;
use super::open::{self, Missing};
use crate::config::Mode;
use crate::config::{self, Config};
use kakaw_platform::manage::world_file::{self, WorldFile};
use kakaw_platform::manage::{self, Actor};
use kakaw_standin::clock::Clock;
use kakaw_standin::demo;
use kakaw_standin::endpoints;
use kakaw_standin::intercept::upstream::Upstream;
use kakaw_standin::refused::Refused;
use kakaw_standin::restore;
use kakaw_standin::snapshots;
use kakaw_standin::world::{DEFAULT, Place, PublicUrl, World};
use kakaw_standin::worlds::{Interception, Worlds};

/// The token for control requests from other machines: from the environment, or a new one.
fn token(random: &dyn Random) -> Secret {
    Secret::new(config::environment(config::CONTROL_TOKEN).unwrap_or_else(|| random::token(random)))
}

/// A stand-in that is ready to serve.
pub struct StandIn {
    pub worlds: Arc<Worlds>,
    /// The world files that were applied.
    pub files: Vec<WorldFile>,
}

/// Opens the first world of a process that listens on `address`, and applies the files, or else the sample world.
/// `home` is its base URL when there is no request to take one from.
pub async fn start(
    config: &Config,
    mut files: Vec<WorldFile>,
    address: SocketAddr,
    home: String,
    real_sdk: Option<PathBuf>,
) -> anyhow::Result<StandIn> {
    let public_url = config.public_url.clone().map_or(PublicUrl::FollowLoopback, PublicUrl::Fixed);
    let place = Arc::new(Place::new(DEFAULT.to_owned(), public_url, Clock::default(), home));
    let platform = open::within(config, Mode::Dev, Missing::Make, Arc::clone(&place) as _).await?;
    let mut world = World::new(platform, place);
    if !address.ip().is_loopback() {
        world.control_token = Some(token(&*world.platform.random));
    }
    if let Some(folder) = real_sdk {
        if !folder.is_dir() {
            return Err(Usage::error(format!("--real-sdk: {} is not a folder", folder.display())));
        }
        world.real_sdk = Some(folder);
    }
    let world = Arc::new(world);
    if files.is_empty() {
        files.extend(sample(&world, address.port()).await?);
    }
    for file in &files {
        world_file::apply(&world.platform, &Actor::CommandLine, file)
            .await
            .map_err(|refused| Usage::error(refused.to_string()))?;
    }
    // A reset must not delete what is kept on disk.
    if config.in_memory() {
        restore::take(&world, snapshots::START).await?;
    }
    let app = endpoints::with(Arc::clone(&world), demo::routes(address));
    let upstream = Upstream::of_environment(&config::environment);
    let folder = config.data.as_ref().map(|data| data.join("intercept"));
    let worlds = Worlds::new(world, app, endpoints::of, address.port(), Interception::new(folder, upstream));
    Ok(StandIn { worlds, files })
}

/// Reads world files.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<WorldFile>> {
    let one = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Usage::error(format!("cannot read {}: {error}", path.display())))?;
        world_file::parse(&text, &path.display().to_string()).map_err(Usage::error)
    };
    paths.iter().map(one).collect()
}

/// Returns the sample world, unless the database has apps of its own.
async fn sample(world: &World, port: u16) -> anyhow::Result<Option<WorldFile>> {
    let mut file = world_file::parse(include_str!("../../assets/sample_world.toml"), "the sample world")
        .map_err(anyhow::Error::msg)?;
    let app = file.apps.first_mut().context("the sample world has an app")?;
    let stored = manage::apps::all(&world.platform).await?;
    if !stored.is_empty() && !stored.iter().any(|stored| stored.id == AppId(app.id) && stored.settings.name == app.name)
    {
        return Ok(None);
    }
    // The sample service is registered under every name of this machine that a browser may use.
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        app.logout_redirect_uris.push(format!("http://{host}:{port}/demo"));
        if let Some(key) = app.rest_api_keys.first_mut() {
            key.redirect_uris.push(format!("http://{host}:{port}{}", demo::CALLBACK));
        }
    }
    Ok(Some(file))
}

/// A refusal is a mistake in the command, unless the database failed.
pub(super) fn refusal_text(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::Store(error) => error.into(),
        Refused::Change(refused) => super::people::refusal_text(refused),
        wrong @ Refused::Wrong(_) => Usage::error(wrong.to_string()),
    }
}
