//! The queue for a hash: each address waits in a line of its own, and the lines take turns.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::argon2id;
use crate::clock;
use crate::request::network::Network;

/// A thread that has been idle for this long frees its memory.
const IDLE: Duration = Duration::from_secs(5);

/// Computes a hash, and returns the function that hands it over. It is called when the place is free, so that a caller
/// who comes back with the result finds the place free.
pub(super) type Job = Box<dyn FnOnce() -> HandOver + Send>;
pub(super) type HandOver = Box<dyn FnOnce() + Send>;

/// The callers that wait for a hash. Each address has its own line, and the lines take turns.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Signals a new caller, or the end.
    changed: Condvar,
    workers: usize,
}

#[derive(Default)]
struct State {
    /// In the order of their turns. No line is empty.
    lines: VecDeque<Line>,
    hashing: usize,
    /// Average time of recent hashes.
    took: Duration,
    last_ticket: u64,
    over: bool,
}

struct Line {
    from: Network,
    waiting: VecDeque<(u64, Job)>,
}

impl Queue {
    /// A queue with this number of threads, at least one.
    pub(super) fn start(workers: usize) -> Arc<Self> {
        let queue = Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), workers });
        for _ in 0..workers {
            let queue = Arc::clone(&queue);
            // Without any thread, every log-in gets 503, and the log says why.
            let _ = std::thread::Builder::new().name("password".to_owned()).spawn(move || queue.work());
        }
        queue
    }

    /// Returns the number of threads.
    pub(super) const fn workers(&self) -> usize {
        self.workers
    }

    /// Ends the threads.
    pub(super) fn close(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Takes a place in the line of a network. Returns `None` if the wait would be too long, or too many callers are
    /// inside.
    pub(super) fn enter(
        self: &Arc<Self>,
        from: Network,
        job: Job,
        longest_wait: Duration,
        places: usize,
    ) -> Option<Place> {
        let mut state = self.lock();
        let waiting: usize = state.lines.iter().map(|line| line.waiting.len()).sum();
        if waiting + state.hashing >= places || state.wait(from, self.workers) > longest_wait {
            return None;
        }
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        match state.lines.iter_mut().find(|line| line.from == from) {
            Some(line) => line.waiting.push_back((ticket, job)),
            None => state.lines.push_back(Line { from, waiting: [(ticket, job)].into() }),
        }
        drop(state);
        self.changed.notify_one();
        Some(Place { queue: Arc::clone(self), from, ticket })
    }

    /// The loop of a thread.
    fn work(&self) {
        let mut state = self.lock();
        while !state.over {
            if let Some(job) = state.next() {
                state.hashing += 1;
                drop(state);
                let began = clock::monotonic();
                let hand_over = job();
                let took = began.elapsed();
                state = self.lock();
                state.hashing -= 1;
                state.took = if state.took.is_zero() { took } else { (state.took * 7 + took) / 8 };
                drop(state);
                hand_over();
                state = self.lock();
                continue;
            }
            let (next, waited) = self.changed.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() {
                argon2id::give_memory_back();
            }
        }
    }

    /// Returns how many hash, and how many wait.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.hashing, state.lines.iter().map(|line| line.waiting.len()).sum())
    }

    /// How many hash or wait.
    #[cfg(test)]
    pub(super) fn inside(&self) -> usize {
        let (hashing, waiting) = self.load();
        hashing + waiting
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the first job of the line whose turn it is.
    fn next(&mut self) -> Option<Job> {
        let mut line = self.lines.pop_front()?;
        let (_, job) = line.waiting.pop_front()?;
        if !line.waiting.is_empty() {
            self.lines.push_back(line);
        }
        Some(job)
    }

    /// Returns how long the next caller from an address would wait: for all callers before it in its own line, and one
    /// of each other line for each of these turns.
    fn wait(&self, from: Network, workers: usize) -> Duration {
        let own = self.lines.iter().find(|line| line.from == from).map_or(0, |line| line.waiting.len());
        let others = self.lines.iter().filter(|line| line.from != from);
        let before = own + others.map(|line| line.waiting.len().min(own + 1)).sum::<usize>();
        let turns = (before + self.hashing).saturating_sub(workers - 1).div_ceil(workers);
        self.took * u32::try_from(turns).unwrap_or(u32::MAX)
    }
}

/// A place in a line. It is given back even when the caller goes away.
pub(super) struct Place {
    queue: Arc<Queue>,
    from: Network,
    ticket: u64,
}

impl Place {
    /// Leaves the line. Returns whether the place was still in it.
    pub(super) fn leave(&self) -> bool {
        let mut state = self.queue.lock();
        let Some(index) = state.lines.iter().position(|line| line.from == self.from) else { return false };
        let Some(line) = state.lines.get_mut(index) else { return false };
        let before = line.waiting.len();
        line.waiting.retain(|(ticket, _)| *ticket != self.ticket);
        let was_waiting = line.waiting.len() < before;
        if line.waiting.is_empty() {
            state.lines.remove(index);
        }
        was_waiting
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
