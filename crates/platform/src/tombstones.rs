//! The tombstone file: every unlink and every erasure, so that a restored backup does not bring back what people ended.
//!
//! A line is written, and is on the disk, before the commit that it is about: what was acknowledged is always in the
//! file. The file is not a part of a backup. It names nobody: identifiers are hashes under a key of the key file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_core::link::Link;
use kakaw_core::{AccountId, AppId, Millis};
use kakaw_store::Error;

use crate::Platform;

/// What a tombstone is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tombstone {
    /// A link that ended.
    Unlinked(AppId, AccountId),
    /// An account that was deleted.
    Erased(AccountId),
}

impl Tombstone {
    /// The tombstone of a link.
    #[must_use]
    pub const fn of(link: &Link) -> Self {
        Self::Unlinked(link.app_id, link.account_id)
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Unlinked(..) => "unlinked",
            Self::Erased(_) => "erased",
        }
    }

    fn hash(self, root: &[u8]) -> String {
        let text = match self {
            Self::Unlinked(app, account) => format!("kakaw tombstone {app} {account}"),
            Self::Erased(account) => format!("kakaw tombstone {account}"),
        };
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, root), text.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref())
    }
}

/// Where tombstones are written, if anywhere.
#[derive(Default)]
pub struct Tombstones(Option<Arc<File>>);

impl Tombstones {
    /// Opens the file, or creates it for its owner alone.
    ///
    /// # Errors
    /// The file cannot be opened for writing.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = File::options().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self(Some(Arc::new(file))))
    }
}

/// Writes tombstones, and waits until they are on the disk.
///
/// # Errors
/// The file cannot be written. The caller must not commit then.
pub async fn put(platform: &Platform, tombstones: &[Tombstone]) -> Result<(), Error> {
    let Some(file) = &platform.tombstones.0 else { return Ok(()) };
    if tombstones.is_empty() {
        return Ok(());
    }
    let at = platform.now().rfc3339_exact();
    let root = platform.sealer.hash_key();
    let line = |tombstone: &Tombstone| format!("{at} {} {}\n", tombstone.kind(), tombstone.hash(root));
    let text: String = tombstones.iter().map(line).collect();
    let file = Arc::clone(file);
    // One write, so that lines of several processes do not mix.
    let write = move || (&*file).write_all(text.as_bytes()).and_then(|()| file.sync_data());
    let written = tokio::task::spawn_blocking(write).await;
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::Unusable(format!("the tombstone file cannot be written: {error}"))),
        Err(error) => Err(Error::Unusable(error.to_string())),
    }
}

/// The tombstones of files, with the latest time of each.
#[derive(Debug, Default)]
pub struct Ended(HashMap<(String, String), Millis>);

impl Ended {
    /// Adds the lines of a file. Returns the number of lines that could not be read: a line that was being written when
    /// the machine stopped.
    pub fn read(&mut self, text: &str) -> usize {
        let mut wrong = 0;
        for line in text.lines() {
            let mut words = line.split(' ');
            let parsed = match (words.next().and_then(Millis::from_rfc3339), words.next(), words.next()) {
                (Some(at), Some(kind @ ("unlinked" | "erased")), Some(hash)) if hash.len() == 43 => {
                    Some((at, kind, hash))
                }
                _ => None,
            };
            let Some((at, kind, hash)) = parsed else {
                wrong += 1;
                continue;
            };
            let latest = self.0.entry((kind.to_owned(), hash.to_owned())).or_insert(at);
            *latest = (*latest).max(at);
        }
        wrong
    }

    /// The number of tombstones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what began at this time has ended since.
    pub(crate) fn has(&self, platform: &Platform, tombstone: Tombstone, began: Millis) -> bool {
        let key = (tombstone.kind().to_owned(), tombstone.hash(platform.sealer.hash_key()));
        self.0.get(&key).is_some_and(|ended| *ended >= began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_one_thing_and_of_one_key() {
        let all = [
            Tombstone::Unlinked(AppId(1), AccountId(2)).hash(b"k"),
            Tombstone::Unlinked(AppId(2), AccountId(1)).hash(b"k"),
            Tombstone::Unlinked(AppId(1), AccountId(2)).hash(b"l"),
            Tombstone::Erased(AccountId(1)).hash(b"k"),
            Tombstone::Erased(AccountId(2)).hash(b"k"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(one.len() == 43 && all[index + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn the_latest_time_counts_and_half_a_line_is_left_out() {
        let hash = "a".repeat(43);
        let mut ended = Ended::default();
        let text = format!(
            "2026-11-20T03:00:00Z unlinked {hash}\n2026-11-21T03:00:00Z unlinked {hash}\n2026-11-19T03:00:00Z unlinked {hash}\n2026-11-2"
        );
        assert_eq!((ended.read(&text), ended.len()), (1, 1));
        let at = ended.0[&("unlinked".to_owned(), hash)];
        assert_eq!(at.rfc3339(), "2026-11-21T03:00:00Z");
    }
}
