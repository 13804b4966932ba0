//! The audit trail: writes a row in the commit that it records, and chains the rows later (`job.rs`).
//!
//! A request makes an [`Entry`] and adds its statement to its own changes. Nothing waits for the chain. Failed log-ins
//! have no commit, and a stranger can cause them at any rate, so they are counted in memory (`failures.rs`).

mod consent;
mod entry;
mod failures;
mod job;
mod people;
mod read;
mod verify;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use kakaw_core::audit::Event;
use kakaw_core::random::{self, Random};
use kakaw_core::{Millis, Span};

pub(crate) use consent::{account_terms, by_call, consented, text};
pub use entry::Entry;
use failures::Failures;
pub(crate) use job::work;
pub use job::{close, round};
pub use people::{Person, erase, person, person_of_commit};
pub use read::{Found, Shown, consents_of, find, page};
pub use verify::{Head, Report, verify};

/// Whether this platform records, and what recording needs.
#[derive(Default)]
pub struct Audit {
    recording: Option<Recording>,
}

struct Recording {
    /// The machine's name: the name of the chain.
    node: String,
    /// How long rows are kept.
    keep: Span,
    /// Makes ids of one moment differ.
    counter: AtomicU64,
    failures: Mutex<Failures>,
}

impl Audit {
    /// Records under this node's name, and keeps rows this long.
    #[must_use]
    pub fn on(node: &str, keep: Span, random: &dyn Random) -> Self {
        let counter = AtomicU64::new(u64::from_be_bytes(random::bytes(random)));
        let failures = Mutex::default();
        Self { recording: Some(Recording { node: node.to_owned(), keep, counter, failures }) }
    }

    /// Whether rows are written.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.recording.is_some()
    }
}

impl Recording {
    /// Returns an id that increases with the clock. Two rows of this process never get the same.
    fn id(&self, at: Millis) -> i64 {
        const LOW: u64 = (1 << 21) - 1;
        (at.0.max(1) << 21) | (self.counter.fetch_add(1, Ordering::Relaxed) & LOW) as i64
    }
}

/// Who did something, in a row.
pub mod by {
    /// The person themselves.
    pub const PERSON: &str = "person";
    /// An app, with its admin key or by a call.
    pub const APP: &str = "app";
    /// An operator on the command line.
    pub const COMMAND_LINE: &str = "command_line";
    /// A client of the control API.
    pub const CONTROL_API: &str = "control_api";
    /// Somebody who does not know the password.
    pub const STRANGER: &str = "stranger";
    /// The platform itself.
    pub const PLATFORM: &str = "platform";
}
