//! `kakaw keys` — lists, rotates and retires the keys that seal and the keys that sign. Running servers follow by themselves.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::open::{self, Missing};
use super::{Usage, listen};
use crate::config::{self, Mode};
use kakaw_platform::Platform;
use kakaw_platform::manage::retire_sealing::{self, Tokens};
use kakaw_platform::manage::{Actor, What, sealing, signing};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// List the sealing keys and the signing keys.
    List,
    /// Rotate keys. Nobody is logged out, and no token ends.
    Rotate {
        #[command(subcommand)]
        what: Rotate,
    },
    /// Delete a key that is no longer used.
    ///
    /// ID tokens that a signing key has signed no longer verify. What a sealing key has sealed in the database is sealed
    /// again first, with the key that seals now.
    Retire {
        /// The id of a signing key (`kid`), or the number of a sealing key.
        id: String,
        /// Retire a sealing key before the refresh tokens that it sealed have expired. They end: their people log in
        /// again.
        #[arg(long)]
        end_tokens: bool,
    },
}

#[derive(Subcommand, Clone, Copy)]
enum Rotate {
    /// Make a new sealing key. It seals after `keys.overlap`, when every node knows it.
    Sealing,
    /// Let the next signing key sign. It was published long before; the old one stays published for a week.
    Signing,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let file = args.config.ok_or_else(|| Usage::error("--config FILE is missing: the configuration of kakaw serve"))?;
    let config = config::load(Mode::Serve, Some(&file), Vec::new()).map_err(Usage::error)?.config;
    if config.upgrade.older_nodes && !matches!(args.command, Command::List) {
        return Err(Usage::error(
            "upgrade.older_nodes is set: nodes of the version before do not know new keys. Upgrade them, remove the \
             setting, restart every node, and try again. Nothing was changed",
        ));
    }
    listen::block_on(async {
        let platform = open::platform(&config, Mode::Serve, Missing::Refuse).await?;
        let said = match args.command {
            Command::List => list(&platform).await?,
            Command::Rotate { what: Rotate::Sealing } => {
                let overlap = platform.settings.keys.overlap;
                let change = sealing::rotate(&platform, &Actor::CommandLine, overlap).await.map_err(refused)?;
                let What::SealingKey { id } = change.what else { return Ok(()) };
                format!("sealing key {id} seals in {} seconds; the others still open\n", overlap.as_seconds())
            }
            Command::Rotate { what: Rotate::Signing } => {
                let change = signing::advance(&platform, &Actor::CommandLine).await.map_err(refused)?;
                let What::SigningKey { kid } = change.what else { return Ok(()) };
                format!("signing key {kid} signs no more, and stays published for a week\n{}", list(&platform).await?)
            }
            Command::Retire { id, end_tokens } => match id.parse() {
                Ok(id) => {
                    let tokens = if end_tokens { Tokens::End } else { Tokens::Keep };
                    let retired = retire_sealing::retire(&platform, &Actor::CommandLine, id, tokens).await;
                    let (_, count) = retired.map_err(refused)?;
                    format!("sealed {count} texts again\nsealing key {id} is deleted\n")
                }
                Err(_) => {
                    signing::retire(&platform, &Actor::CommandLine, &id).await.map_err(refused)?;
                    format!("signing key {id} is deleted\n")
                }
            },
        };
        std::io::stdout().write_all(said.as_bytes())?;
        Ok(())
    })
}

fn refused(refused: kakaw_platform::manage::Refused) -> anyhow::Error {
    super::people::refusal_text(refused)
}

async fn list(platform: &Platform) -> anyhow::Result<String> {
    let mut text = String::new();
    for key in sealing::list(platform).await? {
        let state = match (key.seals, key.seals_from) {
            (true, _) => "seals".to_owned(),
            (false, Some(at)) if at > platform.now() => format!("seals from {}", at.rfc3339()),
            (false, _) => "opens".to_owned(),
        };
        let place = if key.seals_from.is_some() { "database" } else { "key file" };
        let _ = writeln!(text, "sealing  {:<24} {state:<34} {place}", key.id);
    }
    for key in signing::list(platform).await? {
        let state = match (key.signs, key.retired_at) {
            (true, _) => "signs".to_owned(),
            (false, None) => "next, published".to_owned(),
            (false, Some(at)) => format!("published, signed until {}", at.rfc3339()),
        };
        let _ = writeln!(text, "signing  {:<24} {state:<34} made {}", key.kid, key.created_at.rfc3339());
    }
    Ok(text)
}
