//! The binary: parse, run, exit code.

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    match kakaw_server::cli::run(kakaw_server::cli::Cli::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kakaw: {error:#}");
            std::process::ExitCode::from(2)
        }
    }
}
