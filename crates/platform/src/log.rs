//! The log on standard error. Lines that cannot be written are dropped, because no request may fail or wait for its log
//! line.

use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::clock;

/// Maximum number of lines that wait for a slow reader. Further lines are dropped and counted.
const LINES: usize = 1024;

/// Standard error that never fails. A full disk or a closed pipe must not make the logging code panic.
#[derive(Debug, Default, Clone, Copy)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

/// The same through a queue and a thread, for a server: a pipe that nobody reads would block every request.
#[derive(Debug, Default, Clone, Copy)]
pub struct Queued;

impl Write for Queued {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        QUEUE.put(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until all lines are written, but at most this long: the reader may have stopped.
pub fn drain(longest: Duration) {
    let began = clock::monotonic();
    while QUEUE.waiting.load(Ordering::SeqCst) > 0 && began.elapsed() < longest {
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

static QUEUE: LazyLock<Queue> = LazyLock::new(|| {
    let (lines, receiver) = sync_channel(LINES);
    // Without the thread nothing is logged, and the program continues.
    let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&receiver));
    Queue { lines, waiting: AtomicUsize::new(0), dropped: AtomicUsize::new(0) }
});

struct Queue {
    lines: SyncSender<Vec<u8>>,
    /// Lines that are not written yet.
    waiting: AtomicUsize,
    /// Lines that were dropped since the last report.
    dropped: AtomicUsize,
}

impl Queue {
    fn put(&self, text: &[u8]) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.lines.try_send(text.to_vec()).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn write(lines: &Receiver<Vec<u8>>) {
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(text) => {
                let _ = Log.write_all(&text);
                QUEUE.waiting.fetch_sub(1, Ordering::SeqCst);
            }
            Err(RecvTimeoutError::Timeout) => {
                let dropped = QUEUE.dropped.swap(0, Ordering::SeqCst);
                if dropped > 0 {
                    // Logged like any other line: it goes through the queue, which is empty now.
                    tracing::warn!(dropped, "lines were not logged: standard error was not read in time");
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
