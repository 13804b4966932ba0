//! `kakaw restore SRC` — replaces the database and its key file by a backup, and ends again what people ended since.

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use kakaw_core::audit::Event;
use kakaw_platform::Platform;
use kakaw_platform::audit::{self, Entry, by};
use kakaw_platform::manage::{self, Actor, EndLogins};
use kakaw_platform::private_file;
use kakaw_platform::tombstones::Ended;
use kakaw_store::db::{Url, copy};
use serde_json::json;

use super::backup::archive::{self, Key, Kind};
use super::backup::passphrase;
use super::open::{self, Missing};
use super::people::refusal_text;
use super::{Usage, listen};
use crate::config::{self, Config, Mode};

#[derive(ClapArgs)]
pub struct Args {
    /// The backup that `kakaw backup` wrote.
    #[arg(value_name = "SRC", required_unless_present = "replay", conflicts_with = "replay")]
    from: Option<PathBuf>,
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File with the age identity (AGE-SECRET-KEY-1…) that opens the backup; several are possible.
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// File with the passphrase of the backup; without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A further tombstone file, such as that of another node; that of the configuration is always read.
    #[arg(long, value_name = "FILE")]
    tombstones: Vec<PathBuf>,
    /// Only end again what the tombstones say, and all logins: for PostgreSQL, after pg_restore.
    #[arg(long)]
    replay: bool,
    /// Keep the sessions and tokens of the backup. Those that were ended since the backup are valid again.
    #[arg(long)]
    keep_sessions: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

/// What a restore loses.
const LOST: &str = "\
Lost is everything since then, also what people did to protect themselves:
  - unlinks and erasures: the tombstone file ends these again
  - logouts: every session and token is ended, unless --keep-sessions is given
  - password changes: the old passwords are valid again
Stop every kakaw serve of this database first.";

pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = config::load(Mode::Serve, Some(&args.config), Vec::new()).map_err(Usage::error)?.config;
    listen::block_on(async {
        let ended = tombstones(&config, &args.tombstones)?;
        match (&args.from, config.url().map_err(Usage::error)?) {
            (None, _) => replay(&config, args, &ended).await,
            (Some(from), Url::Sqlite(database)) => restore(&config, &database, from, args, &ended).await,
            (Some(_), Url::Postgres(_)) => Err(Usage::error(
                "this database is PostgreSQL: restore it with pg_restore, then run kakaw restore --replay \
                 (docs/guides/backup.md)",
            )),
            (Some(_), Url::Memory) => {
                Err(Usage::error("the database is in memory; set data or database in the configuration"))
            }
        }
    })
}

/// Reads the tombstone files.
fn tombstones(config: &Config, more: &[PathBuf]) -> anyhow::Result<Ended> {
    let mut ended = Ended::default();
    let mut add = |path: &Path, text: &str| {
        let wrong = ended.read(text);
        if wrong > 0 {
            tracing::warn!("{}: {wrong} lines could not be read", path.display());
        }
    };
    if let Some(path) = config.tombstones_path(Mode::Serve) {
        match std::fs::read_to_string(&path) {
            Ok(text) => add(&path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!("there is no tombstone file {}: nothing is ended again", path.display());
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    for path in more {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Usage::error(format!("cannot read {}: {error}", path.display())))?;
        add(path, &text);
    }
    Ok(ended)
}

/// Asks, unless the answer was given.
fn confirm(args: &Args, what: &str) -> anyhow::Result<()> {
    let _ = writeln!(std::io::stderr(), "{what}\n{LOST}");
    if args.yes {
        return Ok(());
    }
    let _ = write!(std::io::stderr(), "Type yes to continue: ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { bail!("nothing was changed") }
}

fn key(from: &Path, args: &Args) -> anyhow::Result<Option<Key>> {
    Ok(match archive::kind(from)? {
        Kind::Open => None,
        Kind::Passphrase => Some(Key::Passphrase(passphrase::for_reading(args.passphrase_file.as_deref())?)),
        Kind::Recipients if args.identity.is_empty() => {
            return Err(Usage::error(
                "the backup is encrypted to age recipients: give the file of one with --identity",
            ));
        }
        Kind::Recipients => {
            let mut all = Vec::new();
            for path in &args.identity {
                let wrong =
                    |error: &dyn std::fmt::Display| Usage::error(format!("cannot read {}: {error}", path.display()));
                let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
                let file = age::IdentityFile::from_buffer(BufReader::new(file)).map_err(|error| wrong(&error))?;
                all.extend(file.into_identities().map_err(|error| wrong(&error))?);
            }
            Some(Key::Identities(all))
        }
    })
}

async fn restore(config: &Config, database: &Path, from: &Path, args: &Args, ended: &Ended) -> anyhow::Result<()> {
    let key_file = config.keys_path().map_err(Usage::error)?.context("there is no key file")?;
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_file::folder(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // On the same disk, so that the files can be moved into their places.
    let new = tempfile::Builder::new().prefix(".kakaw-restore-").tempdir_in(folder)?;
    let (new_database, new_keys) = (new.path().join("kakaw.db"), new.path().join("keys.toml"));
    let manifest = archive::read(from, key(from, args)?, &new_database, &new_keys)?;
    copy::verify(new_database.clone()).await.context("the backup's database cannot be used")?;
    let (at, accounts) = (&manifest.made_at, manifest.accounts);
    confirm(args, &format!("This replaces {} by the backup of {at} with {accounts} accounts.", database.display()))?;
    if database.exists() {
        let busy = "the present database is in use: stop kakaw serve first. Nothing was changed";
        copy::settle(database.to_owned()).await.context(busy)?;
    }
    let of_new = Config {
        data: None,
        database: Some(format!("sqlite:{}", new_database.display())),
        key_file: Some(new_keys.clone()),
        ..config.clone()
    };
    let platform = open::platform(&of_new, Mode::Serve, Missing::Refuse).await?;
    let done = finish(&platform, args, ended, at).await?;
    let stamp = platform.now().rfc3339().replace(':', "");
    drop(platform);
    copy::settle(new_database.clone()).await?;
    let mut out = std::io::stdout().lock();
    for (path, new) in [(&*key_file, new_keys), (database, new_database)] {
        if let Some(aside) = replace(path, &new, &stamp)? {
            writeln!(out, "kept {}", aside.display())?;
        }
    }
    std::fs::File::open(folder)?.sync_all()?;
    writeln!(out, "restored {} as of {at}: {accounts} accounts; {done}", database.display())?;
    Ok(())
}

/// Ends again what was ended, and all logins, and records the restore.
async fn finish(platform: &Platform, args: &Args, ended: &Ended, of: &str) -> anyhow::Result<String> {
    let actor = Actor::CommandLine;
    let replayed = manage::replay(platform, &actor, ended).await.map_err(refusal_text)?;
    if !args.keep_sessions {
        EndLogins::Everybody.run(platform, &actor).await.map_err(refusal_text)?;
    }
    let (unlinked, erased, kept) = (replayed.unlinked, replayed.erased, args.keep_sessions);
    let entry = Entry::new(Event::Restore, by::COMMAND_LINE);
    let detail = json!({ "of": of, "unlinked": unlinked, "erased": erased, "kept_sessions": kept });
    entry.detail(detail).write(platform).await?;
    audit::close(platform).await?;
    let logins = if kept { "sessions and tokens were kept" } else { "all sessions and tokens were ended" };
    Ok(format!("{unlinked} links and {erased} accounts were ended again; {logins}"))
}

/// Moves a new file into its place. The file that was there is kept under another name, which is returned.
fn replace(path: &Path, new: &Path, stamp: &str) -> anyhow::Result<Option<PathBuf>> {
    let mut aside = None;
    if path.exists() {
        if std::fs::read(path)? == std::fs::read(new)? {
            return Ok(None);
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".replaced-{stamp}"));
        let to = path.with_file_name(name);
        std::fs::rename(path, &to).with_context(|| format!("cannot move {}", path.display()))?;
        aside = Some(to);
    }
    if std::fs::rename(new, path).is_err() {
        // The key file can be on another disk.
        archive::copy_private(new, path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(aside)
}

async fn replay(config: &Config, args: &Args, ended: &Ended) -> anyhow::Result<()> {
    confirm(args, "This ends again what the tombstones say, in a database that was restored.")?;
    let platform = open::platform(config, Mode::Serve, Missing::Refuse).await?;
    let done = finish(&platform, args, ended, "a database that was restored by its own tools").await?;
    writeln!(std::io::stdout(), "{} tombstones; {done}", ended.len())?;
    Ok(())
}
