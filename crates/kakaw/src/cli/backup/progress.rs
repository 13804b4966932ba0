//! Progress on standard error: a line for each tenth.

use std::cell::Cell;
use std::io::{Read, Write as _};

/// The progress of one step.
pub struct Progress {
    what: &'static str,
    total: u64,
    done: Cell<u64>,
    said: Cell<u64>,
}

impl Progress {
    pub fn new(what: &'static str, total: u64) -> Self {
        let progress = Self { what, total, done: Cell::new(0), said: Cell::new(0) };
        progress.say(&format!("{what} {}", size(total)));
        progress
    }

    /// Counts what is read from here.
    pub fn reading<R>(&self, inner: R) -> Reading<'_, R> {
        Reading { inner, progress: self }
    }

    pub fn end(&self) {
        self.say(&format!("{} done", self.what));
    }

    fn add(&self, bytes: u64) {
        self.done.set(self.done.get() + bytes);
        let tenths = (self.done.get() * 10).checked_div(self.total).unwrap_or(10);
        // Small backups need no lines between.
        if tenths > self.said.get() && self.total > 10 << 20 {
            self.said.set(tenths);
            self.say(&format!("{} {} % of {}", self.what, tenths * 10, size(self.total)));
        }
    }

    #[expect(clippy::unused_self, reason = "one place writes")]
    fn say(&self, text: &str) {
        // A closed standard error must not fail a backup.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

pub struct Reading<'a, R> {
    inner: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Reading<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// Formats a number of bytes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
