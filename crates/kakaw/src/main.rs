//! The entry point: parses the arguments, runs the command, and returns the exit code.

use std::io::Write as _;

use clap::Parser as _;
use kakaw::cli::{self, Cli, Usage};
use kakaw_platform::log::Log;

/// Every request allocates many small pieces. Measured, the system's allocator costs a tenth of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        // Whoever read the output has seen enough, such as `head`.
        Err(error) if is_closed_pipe(&error) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics when standard error cannot be written.
            let _ = writeln!(Log, "kakaw: {error:#}");
            std::process::ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// Whether standard output was closed by its reader. An error of a connection has a context of its own.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
