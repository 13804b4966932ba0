//! The key file: the master keys under which everything is sealed. It is kept outside the database.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_core::crypto::seal::{MasterKey, Purpose, Sealer};
use kakaw_core::random::{self, Random};
use kakaw_store::{Store, instance};
use serde::{Deserialize, Serialize};

use crate::private_file;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Names the instance. Sealed texts and cookies of another instance are not accepted.
    instance: String,
    master: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u8,
    key: String,
}

/// Generates keys that live as long as the process.
pub fn ephemeral(random: &dyn Random) -> anyhow::Result<Sealer> {
    let master = MasterKey { id: 1, bytes: random::bytes(random) };
    let instance = random::token(random);
    Sealer::new(&instance, &[master]).context("no sealing key could be derived")
}

/// Reads the key file. Returns `None` if there is none.
///
/// # Errors
/// The file cannot be read, or is not a key file.
pub fn load(path: &Path) -> anyhow::Result<Option<Sealer>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read the key file {}", path.display())),
    };
    if text.trim().is_empty() {
        bail!(
            "the key file {} is empty; restore it from a backup, or delete it if its database was never used",
            path.display()
        );
    }
    // The parser's own error would show lines of the file.
    let file: KeyFile = toml::from_str(&text)
        .map_err(|error| anyhow::anyhow!("the key file {} is damaged: {}", path.display(), error.message()))?;
    let mut masters = Vec::new();
    for entry in file.master {
        let bytes = URL_SAFE_NO_PAD.decode(&entry.key).ok().and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else {
            bail!("key file {}: master key {} is not 32 bytes of base64url", path.display(), entry.id)
        };
        masters.push(MasterKey { id: entry.id, bytes });
    }
    let sealer = Sealer::new(&file.instance, &masters);
    Ok(Some(sealer.with_context(|| format!("key file {} contains no key", path.display()))?))
}

/// Makes the key file, readable only by its owner. If another process makes it at the same time, that file is used.
///
/// # Errors
/// The file cannot be written or read.
pub fn create(path: &Path, random: &dyn Random) -> anyhow::Result<Sealer> {
    let master = Entry { id: 1, key: URL_SAFE_NO_PAD.encode(random::bytes::<32>(random)) };
    let file = KeyFile { instance: random::token(random), master: vec![master] };
    match private_file::write(path, &toml::to_string(&file)?) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot write the key file {}", path.display()));
        }
        _ => {}
    }
    load(path)?.with_context(|| format!("the key file {} was deleted while it was being created", path.display()))
}

/// Returns what is wrong with the mode of the key file, if anything.
#[must_use]
pub fn open_to_others(path: &Path) -> Option<String> {
    let mode = private_file::open_to_others(path)?;
    let path = path.display();
    Some(format!("others can read {path} (mode {mode:o}); run chmod 600 {path}"))
}

/// The text of a database's proof.
const PROOF: &[u8] = b"this key file belongs to this database";

/// Checks that a key file opens the proof of a copy of its database.
///
/// # Errors
/// The copy was sealed under another key file.
pub fn opens_proof(sealer: &Sealer, proof: Option<&str>, path: &Path) -> anyhow::Result<()> {
    match proof.and_then(|proof| sealer.open(Purpose::Keep, proof)) {
        Some(plain) if plain == PROOF => Ok(()),
        _ => bail!("{} is not the key file of this database: it cannot open what is sealed there", path.display()),
    }
}

/// Checks that the key file belongs to the database, so that nothing is sealed under a wrong one. A database without a
/// proof gets one.
///
/// # Errors
/// The database was sealed under another key file, or it failed.
pub async fn prove(store: &Store, sealer: &Sealer, path: &Path) -> anyhow::Result<()> {
    let wrong = || {
        anyhow::anyhow!(
            "{} is not the key file of this database: it cannot open what is sealed there. Restore the right file, or \
             set key_file to its path; on another node, copy the file from the first. Nothing was changed",
            path.display()
        )
    };
    if instance::proof(store).await?.is_none() {
        // An earlier version set it up.
        if let Some(sealed) = instance::sealed(store).await? {
            sealer.open(Purpose::Keep, &sealed).ok_or_else(wrong)?;
        }
        // Another process may have written its proof first. Whichever is stored counts.
        let _outcome = store.commit(vec![instance::put_proof(&sealer.seal(Purpose::Keep, PROOF))]).await?;
    }
    let proof = instance::proof(store).await?.context("the database has no proof of its key file")?;
    match sealer.open(Purpose::Keep, &proof) {
        Some(plain) if plain == PROOF => Ok(()),
        _ => Err(wrong()),
    }
}
