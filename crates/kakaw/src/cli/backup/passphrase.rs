//! Passphrases: from a file, or typed on the terminal without an echo.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use age::secrecy::SecretString;
use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::cli::Usage;

/// Minimum length for a new backup.
const SHORTEST: usize = 12;

/// Returns the passphrase for a new backup.
pub fn for_writing(file: Option<&Path>) -> anyhow::Result<SecretString> {
    let text = match file {
        Some(path) => from_file(path)?,
        None => {
            let first = typed("Passphrase for the backup: ")?;
            if first != typed("The same again: ")? {
                return Err(Usage::error("the two passphrases differ"));
            }
            first
        }
    };
    if text.chars().count() < SHORTEST {
        return Err(Usage::error(format!("the passphrase is too short: expected at least {SHORTEST} characters")));
    }
    Ok(text.into())
}

/// Returns the passphrase of a backup.
pub fn for_reading(file: Option<&Path>) -> anyhow::Result<SecretString> {
    Ok(match file {
        Some(path) => from_file(path)?.into(),
        None => typed("Passphrase of the backup: ")?.into(),
    })
}

fn from_file(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Usage::error(format!("cannot read {}: {error}", path.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Asks on the terminal, also when standard input is something else.
fn typed(question: &str) -> anyhow::Result<String> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(|_| {
        Usage::error(
            "there is no terminal to ask for a passphrase: use --recipient or --passphrase-file, or --unencrypted if you \
             really want no encryption",
        )
    })?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    write!(&terminal, "{question}")?;
    tcsetattr(&terminal, OptionalActions::Now, &quiet)?;
    let mut line = String::new();
    let read = BufReader::new(&terminal).read_line(&mut line);
    tcsetattr(&terminal, OptionalActions::Now, &before)?;
    writeln!(&terminal)?;
    read.context("cannot read the passphrase")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
