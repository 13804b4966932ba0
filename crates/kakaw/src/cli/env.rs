//! `kakaw env` — prints environment variables that route a shell's programs to a running stand-in.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args as ClapArgs;

use super::entered::Entered;
use super::listen;
use crate::config;
use kakaw_standin::intercept::environment::{self, Target};

#[derive(ClapArgs)]
#[command(after_help = "Example: eval \"$(kakaw env)\" && npm start")]
pub struct Args {
    /// The stand-in, or one of its worlds [default: KAKAW_URL, else http://localhost:7700].
    #[arg(long)]
    url: Option<String>,
    /// Folder for the files that the variables name [default: a new folder in the system's temporary folder].
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Also create a trust store for Java.
    #[arg(long)]
    jvm: bool,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let Entered { url, entrance } = listen::block_on(Entered::at(args.url, &Default::default()))?;
    let folder = match args.folder {
        Some(folder) => folder,
        None => own_folder()?,
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let target = Target { entrance: &entrance, url: &url, folder: &folder, jvm: args.jvm };
    let mut out = std::io::stdout().lock();
    for (name, value) in environment::variables(&target, &config::environment)? {
        writeln!(out, "export {name}='{}'", value.replace('\'', r"'\''"))?;
    }
    Ok(())
}

/// Makes a folder that nobody else can write to, because its files are trusted.
fn own_folder() -> anyhow::Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix("kakaw-env-").disable_cleanup(true).tempdir()?.keep())
}
