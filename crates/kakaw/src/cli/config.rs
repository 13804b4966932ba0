//! `kakaw config` — every setting, its effective value and the source of the value. Secrets are hidden.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Usage;
use crate::config;
use crate::config::Mode;

#[derive(ClapArgs)]
pub struct Args {
    /// Configuration file of `kakaw serve`; without it, the settings of `kakaw dev` are shown.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let mode = if args.config.is_some() { Mode::Serve } else { Mode::Dev };
    let loaded = config::load(mode, args.config.as_deref(), Vec::new()).map_err(Usage::error)?;
    let mut out = std::io::stdout().lock();
    for (key, value, source) in loaded.rows() {
        match value {
            Some(value) => writeln!(out, "{} = {value}  # {source}", key.name)?,
            None => writeln!(out, "# {} is not set", key.name)?,
        }
    }
    Ok(())
}
