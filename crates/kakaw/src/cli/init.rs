//! `kakaw init` — creates the key file, the database's tables and the first signing keys of `kakaw serve`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use kakaw_store::db::Url;

use super::open::{self, Missing};
use super::{Usage, listen};
use crate::config::Mode;
use crate::config::{self, Config, Flag};
use kakaw_platform::keys;

#[derive(ClapArgs)]
pub struct Args {
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["data", "database"])]
    config: Option<PathBuf>,
    /// Folder for the database and the keys.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Path of the key file; with PostgreSQL it must be absolute.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let Args { config: file, data, database, key_file } = args;
    let mut flags = Vec::new();
    let mut flag = |key, value: Option<String>| flags.extend(value.map(|value| Flag { key, value }));
    flag("data", data.map(|folder| folder.display().to_string()));
    flag("database", database);
    flag("key_file", key_file.map(|path| path.display().to_string()));
    let config = config::load(Mode::Serve, file.as_deref(), flags).map_err(Usage::error)?.config;
    listen::block_on(init(config))
}

async fn init(config: Config) -> anyhow::Result<()> {
    let Some(key_file) = config.keys_path().map_err(Usage::error)? else {
        return Err(Usage::error("the database is in memory; set data or database in the configuration"));
    };
    let there = key_file.exists();
    let platform = open::platform(&config, Mode::Serve, Missing::Init).await?;
    platform.signer.load(&platform).await?;
    let path = std::path::absolute(&key_file)?;
    let path = path.display();
    let mut text = String::new();
    let made = if there { "existed already, and belongs to the database" } else { "created" };
    let _ = writeln!(text, "key file      {path}: {made}");
    let _ = writeln!(text, "database      {}: tables and signing keys are ready", database(&config)?);
    if let Some(problem) = keys::open_to_others(&key_file) {
        let _ = writeln!(text, "problem       {problem}");
    }
    let _ = writeln!(
        text,
        "\nBack up the key file, separately from the database: without it, nothing that is sealed can be opened."
    );
    if matches!(config.url(), Ok(Url::Postgres(_))) {
        let _ = writeln!(
            text,
            "A second node needs a copy of this file, with mode 600 and the same key_file in its configuration.\n\
             For example: scp -p {path} SECOND:{path}\n\
             Never create a second key file: kakaw refuses a key file that does not belong to the database."
        );
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// The database, without its password.
fn database(config: &Config) -> anyhow::Result<String> {
    Ok(match config.url().map_err(Usage::error)? {
        Url::Memory => "memory".to_owned(),
        Url::Sqlite(path) => path.display().to_string(),
        Url::Postgres(url) => Url::shown(&url),
    })
}
