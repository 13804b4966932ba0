//! `kakaw apply FILE.toml` — applies a world file. Applying it twice changes nothing more.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::place::{self, Place};
use super::{Usage, listen};
use kakaw_platform::manage::{Actor, world_file};

#[derive(ClapArgs)]
pub struct Args {
    /// The world file.
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    #[command(flatten)]
    place: place::Options,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let name = args.file.display().to_string();
    let text =
        std::fs::read_to_string(&args.file).map_err(|error| Usage::error(format!("cannot read {name}: {error}")))?;
    listen::block_on(async {
        // Parsed before anything is opened, so that an error names its line.
        let file = world_file::parse(&text, &name).map_err(Usage::error)?;
        match args.place.find_or_make().await? {
            Place::Running(running) => drop(running.send("/control/v1/apply", Some(text)).await?),
            Place::Local(platform) => {
                let applied = world_file::apply(&platform, &Actor::CommandLine, &file).await;
                applied.map_err(|refused| Usage::error(world_file::with_lines(&refused, &text, &name)))?;
            }
        }
        writeln!(std::io::stdout(), "applied {name}: {} apps, {} people", file.apps.len(), file.people.len())?;
        Ok(())
    })
}
