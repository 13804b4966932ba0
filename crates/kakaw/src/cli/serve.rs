//! `kakaw serve` — the login platform for real people: no sample world, no demo, no unsafe settings.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::listen::{Listeners, Stop, block_on_logging, serve, server};
use super::open::{self, Missing};
use super::{Usage, check};
use crate::config::Mode;
use crate::config::{self, Config, Flag};
use kakaw_platform::audit;
use kakaw_platform::http;
use kakaw_platform::keys;

#[derive(ClapArgs)]
pub struct Args {
    /// Configuration file; `kakaw config --config FILE` lists its keys.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// sqlite:PATH or postgres://…; overrides the configuration file.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let flags = args.database.map(|value| Flag { key: "database", value });
    let loaded = config::load(Mode::Serve, Some(&args.config), flags.into_iter().collect()).map_err(Usage::error)?;
    let problems = config::unsafe_settings(&loaded.config);
    refuse(&problems)?;
    block_on_logging(loaded.config.log, start(loaded.config))
}

fn refuse(problems: &[String]) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let lines = problems.iter().map(|problem| format!("\n  - {problem}")).collect::<String>();
    Err(Usage::error(format!("serve refuses unsafe settings:{lines}")))
}

async fn start(config: Config) -> anyhow::Result<()> {
    let key_file = config.keys_path().map_err(Usage::error)?;
    refuse(&key_file.as_deref().and_then(keys::open_to_others).into_iter().collect::<Vec<_>>())?;
    let platform = Arc::new(open::platform(&config, Mode::Serve, Missing::Make).await?);
    refuse(&check::unsafe_secrets(&platform).await?)?;
    let listeners = Listeners::bind(config.listen, false).await?;
    let management = Listeners::bind(config.management_address(), false).await?;
    let server = server(&config, http::app(&platform))?;
    let hosts = config.management.hosts;
    let announcement = format!("management on http://{}\n", management.address);
    let listeners = listeners.with_management(management, hosts);
    let result = serve(Arc::clone(&platform), listeners, server, &announcement, Stop::OnSignal).await;
    // What this process has recorded is chained, also when no other process of this node comes.
    if let Err(error) = audit::close(&platform).await {
        tracing::error!(%error, "audit");
    }
    result
}
