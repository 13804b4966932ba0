//! The command line.

pub mod apply;
pub mod audit;
pub mod backup;
#[cfg(feature = "standin")]
pub mod ca;
pub mod check;
pub mod config;
#[cfg(feature = "standin")]
pub mod ctl;
#[cfg(feature = "standin")]
pub mod dev;
#[cfg(feature = "standin")]
mod entered;
#[cfg(feature = "standin")]
pub mod env;
pub mod explain;
pub mod export;
#[cfg(feature = "standin")]
pub mod hosts;
pub mod init;
pub mod keys;
mod lines;
mod listen;
mod open;
pub mod people;
mod place;
pub mod restore;
#[cfg(feature = "standin")]
pub mod run;
pub mod serve;
#[cfg(feature = "standin")]
mod signals;
#[cfg(feature = "standin")]
mod standin;
pub mod webhooks;

use clap::{Parser, Subcommand};

/// Kakao Login that you can run yourself.
#[derive(Parser)]
#[command(name = "kakaw", version)]
#[cfg_attr(feature = "standin", command(args_conflicts_with_subcommands = true))]
pub struct Cli {
    #[cfg(feature = "standin")]
    #[command(subcommand)]
    command: Option<Command>,
    #[cfg(feature = "standin")]
    #[command(flatten)]
    dev: dev::Args,
    #[cfg(not(feature = "standin"))]
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a stand-in for Kakao Login, for development and tests (the default).
    #[cfg(feature = "standin")]
    Dev(dev::Args),
    /// Run the login platform for real people.
    Serve(serve::Args),
    /// Create the key file, the tables and the signing keys that `kakaw serve` needs.
    Init(init::Args),
    /// Run a command and route its requests to Kakao Login to a stand-in.
    #[cfg(feature = "standin")]
    Run(run::Args),
    /// Control a running stand-in: worlds, logins, clock, faults, requests, webhooks.
    #[cfg(feature = "standin")]
    Ctl(ctl::Args),
    /// Print environment variables that route programs to a running stand-in: eval "$(kakaw env)".
    #[cfg(feature = "standin")]
    Env(env::Args),
    /// Print settings that route containers, devices and browsers to a running stand-in.
    #[cfg(feature = "standin")]
    Hosts(hosts::Args),
    /// Show a stand-in's certificate authority, add it to the system's trust store, or remove it.
    #[cfg(feature = "standin")]
    Ca(ca::Args),
    /// Apply a world file to a running stand-in or to a database.
    Apply(apply::Args),
    /// Export a running stand-in or a database as a world file.
    Export(export::Args),
    /// Unlink a person from an app, or delete an account; the services are notified.
    People(people::Args),
    /// Show every webhook and its status, or resume a paused one.
    Webhooks(webhooks::Args),
    /// List and rotate the keys that seal and the keys that sign. Running servers follow by themselves.
    Keys(keys::Args),
    /// Write an encrypted backup of the database and its key file, also while `kakaw serve` runs.
    Backup(backup::Args),
    /// Replace the database and its key file by a backup; end again what people ended since.
    Restore(restore::Args),
    /// Read and verify the audit trail: logins, consents, changes, operators' acts.
    Audit(audit::Args),
    /// Explain an error code: what it means, why it happens, how to fix it.
    Explain(explain::Args),
    /// Check a setup for problems and say how to fix them.
    Check(check::Args),
    /// Print every setting, its value and the source of the value.
    Config(config::Args),
}

/// A mistake in the command or its input: exit code 2. Every other failure is exit code 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl Usage {
    fn error(text: impl Into<String>) -> anyhow::Error {
        Self(text.into()).into()
    }
}

/// Runs the command line.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    #[cfg(feature = "standin")]
    let command = cli.command.unwrap_or(Command::Dev(cli.dev));
    #[cfg(not(feature = "standin"))]
    let command = cli.command;
    match command {
        #[cfg(feature = "standin")]
        Command::Dev(args) => dev::run(args),
        #[cfg(feature = "standin")]
        Command::Run(args) => run::run(args),
        #[cfg(feature = "standin")]
        Command::Ctl(args) => ctl::run(&args),
        #[cfg(feature = "standin")]
        Command::Env(args) => env::run(args),
        #[cfg(feature = "standin")]
        Command::Hosts(args) => hosts::run(args),
        #[cfg(feature = "standin")]
        Command::Ca(args) => ca::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Init(args) => init::run(args),
        Command::Apply(args) => apply::run(&args),
        Command::Export(args) => export::run(&args),
        Command::People(args) => people::run(args),
        Command::Webhooks(args) => webhooks::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Audit(args) => audit::run(args),
        Command::Explain(args) => explain::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Config(args) => config::run(&args),
    }
}
