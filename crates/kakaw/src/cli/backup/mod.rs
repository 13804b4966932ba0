//! `kakaw backup DEST` — writes an encrypted backup of a SQLite database and its key file, also while `kakaw serve` runs.

pub mod archive;
pub mod passphrase;
mod progress;

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use kakaw_core::audit::Event;
use kakaw_platform::audit::{Entry, by};
use kakaw_platform::keys;
use kakaw_store::db::{Url, copy};
use serde_json::json;

use self::archive::Lock;
use self::progress::{Progress, size};
use super::open::{self, Missing};
use super::{Usage, listen};
use crate::config::{self, Config, Mode};

#[derive(ClapArgs)]
pub struct Args {
    /// The file to write. It must not exist.
    #[arg(value_name = "DEST")]
    to: PathBuf,
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Encrypt to this age recipient (age1…); several are possible, and each can open it.
    #[arg(long, value_name = "AGE1", conflicts_with_all = ["passphrase_file", "unencrypted"])]
    recipient: Vec<String>,
    /// Encrypt with the passphrase in this file; without any of these options, it is asked for.
    #[arg(long, value_name = "FILE", conflicts_with = "unencrypted")]
    passphrase_file: Option<PathBuf>,
    /// Do not encrypt. The backup contains the keys and all personal data.
    #[arg(long)]
    unencrypted: bool,
}

/// What an operator of PostgreSQL does instead.
const POSTGRESQL: &str = "\
this database is PostgreSQL, whose own tools back it up; docs/guides/backup.md has each step. In short:
  pg_dump --format=custom --file=kakaw.dump DATABASE_URL     (also while kakaw runs)
  and once, kept apart from the dump: the key file and the configuration
For a restore to any moment, use a base backup with archived WAL (pg_basebackup).";

pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = config::load(Mode::Serve, Some(&args.config), Vec::new()).map_err(Usage::error)?.config;
    let database = match config.url().map_err(Usage::error)? {
        Url::Sqlite(path) => path,
        Url::Postgres(_) => return Err(Usage::error(POSTGRESQL)),
        Url::Memory => {
            return Err(Usage::error("the database is in memory; set data or database in the configuration"));
        }
    };
    // Before anything that takes long.
    if args.to.exists() {
        return Err(Usage::error(format!("{} exists already; a backup replaces no file", args.to.display())));
    }
    let lock = lock(args)?;
    listen::block_on(async { backup(&config, &database, &args.to, &lock).await })
}

fn lock(args: &Args) -> anyhow::Result<Lock> {
    if args.unencrypted {
        return Ok(Lock::Open);
    }
    if !args.recipient.is_empty() {
        return Ok(Lock::Recipients(archive::recipients(&args.recipient)?));
    }
    Ok(Lock::Passphrase(passphrase::for_writing(args.passphrase_file.as_deref())?))
}

async fn backup(config: &Config, database: &Path, to: &Path, lock: &Lock) -> anyhow::Result<()> {
    let platform = open::platform(config, Mode::Serve, Missing::Refuse).await?;
    let key_file = config.keys_path().map_err(Usage::error)?.context("there is no key file")?;
    // Beside the database, which protects the same data: it is not encrypted yet.
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new()
        .prefix(".kakaw-backup-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)?;
    let copied = folder.path().join("kakaw.db");
    let progress = Progress::new("copying", std::fs::metadata(database)?.len());
    copy::copy(database.to_owned(), copied.clone()).await.context("the database cannot be copied")?;
    progress.end();
    let verified = copy::verify(copied.clone()).await.context("the copy cannot be used")?;
    // The key file that goes into the backup opens what is sealed in the copy.
    let kept = folder.path().join("keys.toml");
    std::fs::copy(&key_file, &kept).with_context(|| format!("cannot read {}", key_file.display()))?;
    let sealer = keys::load(&kept)?.context("the key file is gone")?;
    keys::opens_proof(&sealer, verified.proof.as_deref(), &key_file)?;
    let made_at = platform.now().rfc3339();
    let manifest = archive::manifest(made_at, verified.version, verified.accounts, &copied, &kept)?;
    let bytes = archive::write(to, lock, &manifest, &copied, &kept)?;
    let entry = Entry::new(Event::Backup, by::COMMAND_LINE);
    entry.detail(json!({ "encrypted": lock.name(), "bytes": bytes })).write(&platform).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "wrote {}: {}, {} accounts, verified", to.display(), size(bytes), verified.accounts)?;
    if matches!(lock, Lock::Open) {
        writeln!(out, "It is not encrypted: whoever reads it has every key and all personal data.")?;
    }
    Ok(())
}
