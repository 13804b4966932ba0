//! Passwords: Argon2id on a pool with a limited queue. A caller who would wait too long gets "busy" at once.

mod argon2id;
mod background;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kakaw_core::Span;
use kakaw_core::crypto::secret::{self, Secret};
use kakaw_core::random::{self, Random};
use tokio::sync::oneshot;

pub use argon2id::{Cost, OWASP, cost_of, is_phc, one_for_measurement};
use argon2id::{parse, phc, raw};
pub use background::Stored;
use queue::{Job, Queue};

use crate::request::network::Network;

/// Maximum time that a log-in waits for its hash, unless it is configured.
pub const LONGEST_WAIT: Span = Span::seconds(2);

/// Maximum number of log-ins that hash or wait, however fast hashes are: each occupies a connection and a little
/// memory.
pub const PLACES: usize = 2048;

/// The wait for a hash would be too long. The caller can try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Hashes and verifies passwords on its own threads. Each thread keeps its memory between hashes and takes the next job
/// itself, so that no core waits for a hand-over. The threads have normal priority; otherwise cheap refusals would take
/// the time of the admitted callers.
pub struct Passwords {
    cost: Cost,
    queue: Arc<Queue>,
    longest_wait: Duration,
    places: usize,
}

impl Passwords {
    /// Makes a pool that runs `workers` hashes at a time and lets at most `queue` more callers wait.
    #[must_use]
    pub fn new(cost: Cost, workers: usize, queue: usize) -> Self {
        let workers = workers.max(1);
        Self { cost, queue: Queue::start(workers), longest_wait: LONGEST_WAIT.as_duration(), places: workers + queue }
    }

    /// Sets the maximum time that a caller waits for its hash to start.
    #[must_use]
    pub fn waiting_at_most(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// Hashes a password as a PHC string, for a caller at this address.
    ///
    /// # Errors
    /// [`Busy`] when the wait would be too long.
    pub async fn hash(&self, from: &str, password: &Secret, random: &dyn Random) -> Result<String, Busy> {
        let (cost, password, salt) = (self.cost, password.clone(), random::bytes::<16>(random));
        self.run(from, move || phc(cost, &salt, &raw(cost, password.expose(), &salt))).await
    }

    /// Verifies a password, for a caller at this address. Without a hash (no such account) it does the same work for
    /// nothing, so that the time does not show whether the account exists.
    ///
    /// # Errors
    /// [`Busy`] when the wait would be too long.
    pub async fn verify(&self, from: &str, hash: Option<&str>, password: &Secret) -> Result<bool, Busy> {
        let (cost, password, hash) = (self.cost, password.clone(), hash.map(str::to_owned));
        self.run(from, move || match hash.as_deref().and_then(parse) {
            Some((cost, salt, expected)) => {
                let tag = raw(cost, password.expose(), &salt);
                secret::same(&STANDARD_NO_PAD.encode(tag), &STANDARD_NO_PAD.encode(expected))
            }
            None => {
                std::hint::black_box(raw(cost, password.expose(), &[0; 16]));
                false
            }
        })
        .await
    }

    /// Returns how many passwords are hashed now, and how many wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        self.queue.load()
    }

    async fn run<T: Send + 'static>(&self, from: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (done, mut answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let result = work();
            Box::new(move || drop(done.send(result)))
        });
        let place = self.queue.enter(Network::parse(from), job, self.longest_wait, self.places).ok_or(Busy)?;
        match tokio::time::timeout(self.longest_wait, &mut answer).await {
            Ok(answer) => answer.map_err(|_| Busy),
            // The estimate was wrong: callers came from other addresses.
            Err(_) if place.leave() => Err(Busy),
            // The hash has started.
            Err(_) => answer.await.map_err(|_| Busy),
        }
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::clock;

    /// Takes a few milliseconds.
    const SLOW: Cost = Cost { memory_kib: 4096, iterations: 2, lanes: 1 };

    fn verify(passwords: &Arc<Passwords>, from: &str) -> tokio::task::JoinHandle<(Instant, Result<bool, Busy>)> {
        let (passwords, from) = (Arc::clone(passwords), from.to_owned());
        tokio::spawn(async move {
            let verified = passwords.verify(&from, None, &Secret::new("x")).await;
            (clock::monotonic(), verified)
        })
    }

    /// Waits until this many callers hash or wait.
    async fn inside(passwords: &Passwords, n: usize) {
        // The first may be done before the last has come.
        while passwords.queue.inside() < n {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let passwords = Passwords::new(SLOW, 1, 1);
        let secret = Secret::new("x");
        let (a, b, c) = tokio::join!(
            passwords.verify("a", None, &secret),
            passwords.verify("a", None, &secret),
            passwords.verify("a", None, &secret)
        );
        assert_eq!([a, b, c].iter().filter(|r| r.is_err()).count(), 1);
        assert_eq!(passwords.verify("a", None, &secret).await, Ok(false), "the place is given back");
    }

    #[tokio::test]
    async fn whoever_would_wait_too_long_is_busy_and_the_others_are_answered() {
        let wait = Duration::from_millis(200);
        let passwords = Arc::new(Passwords::new(SLOW, 1, PLACES).waiting_at_most(wait));
        assert_eq!(verify(&passwords, "a").await.expect("joined").1, Ok(false));
        let began = clock::monotonic();
        let all: Vec<_> = (0..500).map(|_| verify(&passwords, "a")).collect();
        let mut answered = 0;
        for one in all {
            answered += usize::from(one.await.expect("joined").1.is_ok());
        }
        assert!((2..500).contains(&answered), "some wait and some are refused: {answered}");
        assert!(began.elapsed() < wait * 10, "nobody waits much longer: {:?}", began.elapsed());
        assert_eq!(verify(&passwords, "a").await.expect("joined").1, Ok(false), "and afterwards all is well");
    }

    #[tokio::test]
    async fn one_address_that_sends_many_keeps_no_other_waiting() {
        let passwords = Arc::new(Passwords::new(SLOW, 1, PLACES));
        let many: Vec<_> = (0..40).map(|_| verify(&passwords, "192.0.2.1")).collect();
        inside(&passwords, 30).await;
        let (other, answered) = verify(&passwords, "192.0.2.2").await.expect("joined");
        assert_eq!(answered, Ok(false));
        let mut later = 0;
        for one in many {
            later += usize::from(one.await.expect("joined").0 > other);
        }
        assert!(later > 25, "it had its turn before {later} of 40");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_line() {
        let passwords = Arc::new(Passwords::new(SLOW, 1, PLACES));
        let many: Vec<_> = (0..40).map(|_| verify(&passwords, "a")).collect();
        inside(&passwords, 30).await;
        many.iter().for_each(tokio::task::JoinHandle::abort);
        for one in many {
            let _ended = one.await;
        }
        assert!(passwords.queue.inside() <= 1, "one may hash still");
    }
}
