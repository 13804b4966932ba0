//! `kakaw export` — writes a world as a world file on standard output.

use std::io::Write as _;

use clap::Args as ClapArgs;

use super::listen;
use super::place::{self, Place};
use kakaw_core::audit::Event;
use kakaw_platform::audit::{Entry, by};
use kakaw_platform::manage::world_file::{self, Secrets};
use serde_json::json;

#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: place::Options,
    /// Include the passwords (as Argon2id strings), client secrets and admin keys of `kakaw serve`; those of a stand-in are
    /// always included. Only a stand-in in memory exports plain passwords.
    #[arg(long)]
    with_secrets: bool,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let text = listen::block_on(async {
        Ok(match args.place.find().await? {
            Place::Running(running) => running.send("/control/v1/export", None).await?,
            Place::Local(world) => {
                let left_out = args.place.is_serve() && !args.with_secrets;
                let entry = Entry::new(Event::Export, by::COMMAND_LINE);
                entry.detail(json!({ "secrets": !left_out })).write(&world).await?;
                let secrets = if left_out { Secrets::LeftOut } else { Secrets::Written };
                let text = world_file::export_text(&world, secrets).await?;
                let warning = "# Secrets are left out: if you apply this file, client secrets are switched off. See --with-secrets.\n";
                if left_out { format!("{warning}{text}") } else { text }
            }
        })
    })?;
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}
