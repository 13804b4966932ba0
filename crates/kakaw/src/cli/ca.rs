//! `kakaw ca` — shows a stand-in's certificate authority, adds it to the system's trust store, or removes it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};

use super::entered::Entered;
use super::{Usage, listen};
use crate::config;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the authority's certificate.
    Show {
        #[command(flatten)]
        stand_in: StandIn,
    },
    /// Add it to the system's trust store, and to Chromium and Firefox if certutil is installed.
    Install {
        #[command(flatten)]
        stand_in: StandIn,
        #[command(flatten)]
        system: System,
    },
    /// Remove it again.
    Remove {
        #[command(flatten)]
        system: System,
    },
}

#[derive(ClapArgs)]
struct StandIn {
    /// The stand-in [default: KAKAW_URL, else http://localhost:7700].
    #[arg(long)]
    url: Option<String>,
}

#[derive(ClapArgs)]
struct System {
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Folder to use as / (when you build an image).
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// The file's name in every folder, and the name in NSS databases.
const NAME: &str = "kakaw-stand-in";

/// Where systems keep an administrator's certificates, their file extension, and the command that updates the trust store.
const SYSTEMS: [(&str, &str, &[&str]); 3] = [
    ("usr/local/share/ca-certificates", "crt", &["update-ca-certificates"]),
    ("etc/pki/ca-trust/source/anchors", "pem", &["update-ca-trust", "extract"]),
    ("etc/ca-certificates/trust-source/anchors", "crt", &["trust", "extract-compat"]),
];

pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Show { stand_in } => {
            let entered = listen::block_on(Entered::at(stand_in.url, &Default::default()))?;
            write!(std::io::stdout(), "{}", entered.entrance.certificate)?;
            Ok(())
        }
        Command::Install { stand_in, system } => {
            let entered = listen::block_on(Entered::at(stand_in.url, &Default::default()))?;
            if !entered.entrance.lasting {
                let text =
                    "note: this stand-in's authority is lost when the stand-in ends; kakaw dev --data DIR keeps it";
                writeln!(std::io::stderr(), "{text}")?;
            }
            install(&system, &entered.entrance.certificate)
        }
        Command::Remove { system } => remove(&system),
    }
}

fn install(system: &System, certificate: &str) -> anyhow::Result<()> {
    let (file, update) = system.place()?;
    say(&format!("writes {}", file.display()))?;
    say("  a certificate authority that is valid for the hosts of Kakao Login only; its private key has been deleted")?;
    if !system.dry_run {
        std::fs::write(&file, certificate)
            .with_context(|| format!("cannot write {}: this needs administrator rights (sudo)", file.display()))?;
    }
    system.run(update)?;
    for database in system.databases() {
        let source = file.display().to_string();
        system.run(&["certutil", "-d", &database, "-A", "-t", "C,,", "-n", NAME, "-i", &source])?;
    }
    say("undo it with: kakaw ca remove")
}

fn remove(system: &System) -> anyhow::Result<()> {
    let (file, update) = system.place()?;
    if !file.exists() {
        return say(&format!("{} does not exist: nothing to remove", file.display()));
    }
    for database in system.databases() {
        system.run(&["certutil", "-d", &database, "-D", "-n", NAME])?;
    }
    say(&format!("removes {}", file.display()))?;
    if !system.dry_run {
        std::fs::remove_file(&file)
            .with_context(|| format!("cannot remove {}: this needs administrator rights (sudo)", file.display()))?;
    }
    // Debian keeps links to removed certificates unless it rebuilds the list.
    if update == ["update-ca-certificates"] {
        system.run(&["update-ca-certificates", "--fresh"])
    } else {
        system.run(update)
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

impl System {
    /// The certificate's file, and the command that updates the trust store.
    fn place(&self) -> anyhow::Result<(PathBuf, &'static [&'static str])> {
        for (folder, ending, update) in SYSTEMS {
            let folder = self.root.join(folder);
            if folder.is_dir() {
                return Ok((folder.join(format!("{NAME}.{ending}")), update));
            }
        }
        let folders = SYSTEMS.map(|(folder, ..)| folder).join(", ");
        Err(Usage::error(format!(
            "no folder for additional certificate authorities under {}; looked for {folders}. On other systems: \
             kakaw ca show > kakaw.pem, then add that file to the trust store by hand (macOS: security add-trusted-cert)",
            self.root.display()
        )))
    }

    /// Returns the NSS databases of Chromium and Firefox, if `certutil` is installed to change them.
    fn databases(&self) -> Vec<String> {
        let path = config::environment("PATH").unwrap_or_default();
        let found = path.split(':').any(|folder| Path::new(folder).join("certutil").exists());
        let Some(home) = config::environment("HOME").filter(|_| found && self.root == Path::new("/")) else {
            return Vec::new();
        };
        let mut all = vec![Path::new(&home).join(".pki/nssdb")];
        let profiles = std::fs::read_dir(Path::new(&home).join(".mozilla/firefox"));
        all.extend(profiles.into_iter().flatten().flatten().map(|entry| entry.path()));
        let there = all.into_iter().filter(|folder| folder.join("cert9.db").exists());
        there.map(|folder| format!("sql:{}", folder.display())).collect()
    }

    fn run(&self, command: &[&str]) -> anyhow::Result<()> {
        say(&format!("runs {}", command.join(" ")))?;
        let Some((program, arguments)) = command.split_first().filter(|_| !self.dry_run) else { return Ok(()) };
        let done = Process::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
        if done.status.success() {
            return Ok(());
        }
        anyhow::bail!("{} failed: {}", command.join(" "), String::from_utf8_lossy(&done.stderr).trim())
    }
}
