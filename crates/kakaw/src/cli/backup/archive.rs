//! A backup as a file: a tar archive with a manifest, the database and the key file, encrypted with age.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::str::FromStr as _;

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, Identity, Recipient};
use anyhow::{Context as _, bail};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::progress::Progress;
use crate::cli::Usage;

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "kakaw.db";
const KEYS: &str = "keys.toml";
/// The format of the archive.
const FORMAT: u32 = 1;
/// The first bytes of a file that age has encrypted.
const AGE: &[u8] = b"age-encryption.org/";

/// What the archive contains, as its first file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// RFC 3339.
    pub made_at: String,
    /// The version of the program.
    pub kakaw: String,
    /// The version of the schema.
    pub schema: i64,
    pub accounts: i64,
    pub database: Part,
    pub keys: Part,
}

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
}

/// How a backup is encrypted.
pub enum Lock {
    Recipients(Vec<age::x25519::Recipient>),
    Passphrase(SecretString),
    Open,
}

impl Lock {
    /// The name in the audit trail.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Recipients(_) => "recipients",
            Self::Passphrase(_) => "passphrase",
            Self::Open => "none",
        }
    }
}

/// Reads recipients.
pub fn recipients(texts: &[String]) -> anyhow::Result<Vec<age::x25519::Recipient>> {
    let parse = |text: &String| {
        age::x25519::Recipient::from_str(text).map_err(|error| {
            if text.to_ascii_uppercase().contains("AGE-SECRET-KEY") {
                return Usage::error(
                    "--recipient was given a secret identity (AGE-SECRET-KEY-…); expected its public recipient, age1…, which \
                     age-keygen -y prints",
                );
            }
            Usage::error(format!("--recipient {text:?}: {error}; expected age1…, as age-keygen prints it"))
        })
    };
    texts.iter().map(parse).collect()
}

/// Describes a file.
pub fn part(path: &Path) -> anyhow::Result<Part> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Hash(digest::Context::new(&digest::SHA256));
    let bytes = std::io::copy(&mut file, &mut hash)?;
    Ok(Part { bytes, sha256: hash.end() })
}

/// Makes the manifest for these files.
pub fn manifest(made_at: String, schema: i64, accounts: i64, database: &Path, keys: &Path) -> anyhow::Result<Manifest> {
    let kakaw = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Manifest { format: FORMAT, made_at, kakaw, schema, accounts, database: part(database)?, keys: part(keys)? })
}

/// Writes an archive to `to`, a new file that only its owner can read. Nobody sees a part of it under this name.
/// Returns its size.
pub fn write(to: &Path, lock: &Lock, manifest: &Manifest, database: &Path, keys: &Path) -> anyhow::Result<u64> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Its mode is 0600 from the beginning.
    let file = tempfile::Builder::new().prefix(".kakaw-backup-").tempfile_in(folder);
    let mut file = file.with_context(|| format!("cannot write into {}", folder.display()))?;
    let progress = Progress::new("writing", manifest.database.bytes + manifest.keys.bytes);
    let written = fill(file.as_file_mut(), lock, manifest, database, keys, &progress)?;
    file.as_file().sync_all().context("the backup cannot be written")?;
    // What is on the disk is what was written.
    let stored = part(file.path())?;
    if stored.sha256 != written {
        bail!("the backup was not stored as it was written: the disk below {} is faulty", folder.display());
    }
    file.persist_noclobber(to)
        .map_err(|error| error.error)
        .with_context(|| format!("cannot write {}", to.display()))?;
    File::open(folder)?.sync_all()?;
    progress.end();
    Ok(stored.bytes)
}

/// Writes the archive. Returns the hash of what was written.
fn fill(
    file: &mut File,
    lock: &Lock,
    manifest: &Manifest,
    database: &Path,
    keys: &Path,
    progress: &Progress,
) -> anyhow::Result<String> {
    let mut out = Counted { inner: BufWriter::new(file), hash: Hash(digest::Context::new(&digest::SHA256)) };
    let encryptor = match lock {
        Lock::Recipients(all) => Some(Encryptor::with_recipients(all.iter().map(|one| one as &dyn Recipient))?),
        Lock::Passphrase(secret) => {
            let recipient = age::scrypt::Recipient::new(secret.clone());
            Some(Encryptor::with_recipients(std::iter::once(&recipient as &dyn Recipient))?)
        }
        Lock::Open => None,
    };
    match encryptor {
        Some(encryptor) => {
            let mut stream = encryptor.wrap_output(&mut out)?;
            contents(&mut stream, manifest, database, keys, progress)?;
            stream.finish()?;
        }
        None => contents(&mut out, manifest, database, keys, progress)?,
    }
    out.flush()?;
    Ok(out.hash.end())
}

fn contents(
    out: &mut impl Write,
    manifest: &Manifest,
    database: &Path,
    keys: &Path,
    progress: &Progress,
) -> anyhow::Result<()> {
    let mut tar = tar::Builder::new(out);
    let mut add = |name: &str, size: u64, content: &mut dyn Read| -> anyhow::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_cksum();
        Ok(tar.append_data(&mut header, name, content)?)
    };
    let text = serde_json::to_vec_pretty(manifest)?;
    add(MANIFEST, text.len() as u64, &mut text.as_slice())?;
    add(KEYS, manifest.keys.bytes, &mut progress.reading(File::open(keys)?))?;
    add(DATABASE, manifest.database.bytes, &mut progress.reading(File::open(database)?))?;
    tar.finish()?;
    Ok(())
}

/// What opens a backup.
pub enum Key {
    Identities(Vec<Box<dyn Identity>>),
    Passphrase(SecretString),
}

/// Whether the file is encrypted, and if so, whether with a passphrase.
pub enum Kind {
    Open,
    Recipients,
    Passphrase,
}

/// Finds out how a backup was encrypted.
pub fn kind(path: &Path) -> anyhow::Result<Kind> {
    let mut start = vec![0; AGE.len()];
    let mut file = BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?);
    let read = file.read(&mut start)?;
    if start.get(..read) != Some(AGE) {
        return Ok(Kind::Open);
    }
    let decryptor =
        Decryptor::new_buffered(BufReader::new(File::open(path)?)).context("this age file cannot be read")?;
    Ok(if decryptor.is_scrypt() { Kind::Passphrase } else { Kind::Recipients })
}

/// Unpacks a backup into files that only their owner can read, and compares them with the manifest.
pub fn read(from: &Path, key: Option<Key>, database: &Path, keys: &Path) -> anyhow::Result<Manifest> {
    let file = BufReader::new(File::open(from).with_context(|| format!("cannot read {}", from.display()))?);
    let Some(key) = key else { return unpack(file, database, keys) };
    let identities: Vec<Box<dyn Identity>> = match key {
        Key::Identities(all) => all,
        Key::Passphrase(secret) => vec![Box::new(age::scrypt::Identity::new(secret))],
    };
    let decryptor = Decryptor::new_buffered(file).context("this age file cannot be read")?;
    let stream = decryptor.decrypt(identities.iter().map(|identity| &**identity));
    unpack(stream.context("the backup cannot be decrypted: this is not its identity or passphrase")?, database, keys)
}

fn unpack(stream: impl Read, database: &Path, keys: &Path) -> anyhow::Result<Manifest> {
    let foreign = "this is no backup of kakaw, or a part of it is missing";
    let mut tar = tar::Archive::new(stream);
    let mut manifest: Option<Manifest> = None;
    for entry in tar.entries().context(foreign)? {
        let mut entry = entry.context(foreign)?;
        // Names are compared, never used: a foreign archive writes nothing anywhere.
        let name = entry.path()?.to_string_lossy().into_owned();
        match (name.as_str(), &manifest) {
            (MANIFEST, None) => {
                let mut text = Vec::new();
                entry.by_ref().take(1 << 20).read_to_end(&mut text)?;
                manifest = Some(serde_json::from_slice(&text).context(foreign)?);
            }
            (KEYS, Some(_)) => save(&mut entry, keys)?,
            (DATABASE, Some(_)) => save(&mut entry, database)?,
            _ => bail!("{foreign}: it has a file {name:?}"),
        }
    }
    let manifest = manifest.context(foreign)?;
    if manifest.format != FORMAT {
        bail!("the backup has format {}, and this program knows format {FORMAT}: use a newer kakaw", manifest.format);
    }
    for (path, expected) in [(database, &manifest.database), (keys, &manifest.keys)] {
        if !path.exists() || part(path)? != *expected {
            bail!("the backup is damaged: its files are not those of its manifest");
        }
    }
    Ok(manifest)
}

/// Copies a file for its owner alone, and waits until it is on the disk.
pub fn copy_private(from: &Path, to: &Path) -> anyhow::Result<()> {
    save(&mut File::open(from)?, to)
}

fn save(entry: &mut impl Read, to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    std::io::copy(entry, &mut file)?;
    Ok(file.sync_all()?)
}

struct Hash(digest::Context);

impl Hash {
    fn end(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes, and hashes what it writes.
struct Counted<W> {
    inner: W,
    hash: Hash,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.0.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
