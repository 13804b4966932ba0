//! The command line.

pub mod apply;
pub mod ca;
pub mod check;
pub mod config;
pub mod ctl;
pub mod dev;
pub mod env;
pub mod explain;
pub mod export;
pub mod hosts;
pub mod init;
mod listen;
mod open;
pub mod people;
mod place;
pub mod run;
pub mod serve;
mod signals;
mod standin;
pub mod webhooks;

use clap::{Parser, Subcommand};

/// Kakao Login that you can run yourself.
#[derive(Parser)]
#[command(name = "kakaw", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    dev: dev::Args,
}

#[derive(Subcommand)]
enum Command {
    /// Start a stand-in for development and tests (the default).
    Dev(dev::Args),
    /// Run the login platform for real people.
    Serve(serve::Args),
    /// Make the key file, the tables and the signing keys that `kakaw serve` needs.
    Init(init::Args),
    /// Run a command whose traffic to Kakao Login reaches a stand-in, and nothing else does.
    Run(run::Args),
    /// Tell a running stand-in what to do: worlds, log-ins, clock, faults, requests, webhooks.
    Ctl(ctl::Args),
    /// Print the variables that lead programs to a running stand-in: eval "$(kakaw env)".
    Env(env::Args),
    /// Print what leads containers, devices and browsers to a running stand-in.
    Hosts(hosts::Args),
    /// Show a stand-in's certificate authority, have the system trust it, and undo that.
    Ca(ca::Args),
    /// Bring a running stand-in or a database to what a world file says.
    Apply(apply::Args),
    /// Write a running stand-in or a database as a world file.
    Export(export::Args),
    /// End a person's link or account; services are told.
    People(people::Args),
    /// Show every webhook and how it fares, or put a paused one back in use.
    Webhooks(deliver::Args),
    /// Explain an error code: what it means, why it happens, how to fix it.
    Explain(explain::Args),
    /// Find what is wrong with a set-up and say how to mend it.
    Check(check::Args),
    /// Print every setting with its value and where it came from.
    Config(config::Args),
}

/// A mistake in what was asked for: exit code 2. Everything else that fails is exit code 1.
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
    match cli.command {
        None => dev::run(cli.dev),
        Some(Command::Dev(args)) => dev::run(args),
        Some(Command::Serve(args)) => serve::run(args),
        Some(Command::Init(args)) => init::run(args),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Ctl(args)) => ctl::run(&args),
        Some(Command::Env(args)) => env::run(args),
        Some(Command::Hosts(args)) => hosts::run(args),
        Some(Command::Ca(args)) => ca::run(args),
        Some(Command::Apply(args)) => apply::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::People(args)) => people::run(args),
        Some(Command::Webhooks(args)) => deliver::run(args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Config(args)) => config::run(&args),
    }
}
