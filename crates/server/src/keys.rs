//! The key file: the master keys under which everything is sealed. It lives outside the database.

use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_core::random::{self, Random};
use kakaw_core::seal::{MasterKey, Sealer};
use serde::{Deserialize, Serialize};

use crate::private_file;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Names the instance: sealed texts and cookies of another do not fit.
    instance: String,
    master: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u8,
    key: String,
}

/// Fresh keys that live as long as the process.
pub fn ephemeral(random: &dyn Random) -> anyhow::Result<Sealer> {
    let master = MasterKey { id: 1, bytes: random::bytes(random) };
    let instance = random::token(random);
    Sealer::new(&instance, &[master]).context("no sealing key could be derived")
}

/// Reads the key file, or writes a new one that only its owner can read.
pub fn load_or_create(path: &Path, random: &dyn Random) -> anyhow::Result<Sealer> {
    if !path.exists() {
        let master = Entry { id: 1, key: URL_SAFE_NO_PAD.encode(random::bytes::<32>(random)) };
        let file = KeyFile { instance: random::token(random), master: vec![master] };
        private_file::write(path, &toml::to_string(&file)?)
            .with_context(|| format!("cannot write the key file {}", path.display()))?;
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the key file {}", path.display()))?;
    let file: KeyFile = toml::from_str(&text).with_context(|| format!("key file {}", path.display()))?;
    let mut masters = Vec::new();
    for entry in file.master {
        let bytes = URL_SAFE_NO_PAD.decode(&entry.key).ok().and_then(|bytes| bytes.try_into().ok());
        let Some(bytes) = bytes else {
            bail!("key file {}: master key {} is not 32 bytes of base64url", path.display(), entry.id)
        };
        masters.push(MasterKey { id: entry.id, bytes });
    }
    Sealer::new(&file.instance, &masters).with_context(|| format!("key file {} holds no key", path.display()))
}
