//! The binary: parse, run, exit code.

use clap::Parser as _;
use kakaw_server::cli::{self, Cli, Usage};

fn main() -> std::process::ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kakaw: {error:#}");
            std::process::ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}
