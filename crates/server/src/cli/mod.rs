//! The command line.

pub mod dev;
pub mod explain;

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
    /// Explain an error code: what it means, why it happens, how to fix it.
    Explain(explain::Args),
}

/// Runs the command line.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => dev::run(&cli.dev),
        Some(Command::Dev(args)) => dev::run(&args),
        Some(Command::Explain(args)) => explain::run(&args),
    }
}
