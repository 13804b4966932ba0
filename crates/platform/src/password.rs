//! Passwords: Argon2id on a pool with a limited queue. A caller who would wait too long gets "busy" at once.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kakaw_core::crypto::secret::{self, Secret};
use kakaw_core::random::{self, Random};
use tokio::sync::oneshot;

use crate::clock;

/// Cost of a hash (RFC 9106 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Degree of parallelism.
    pub lanes: u32,
}

/// OWASP's recommendation for Argon2id.
pub const OWASP: Cost = Cost { memory_kib: 19 * 1024, iterations: 2, lanes: 1 };

/// A thread that has been idle for this long frees its memory.
const IDLE: Duration = Duration::from_secs(5);

/// Maximum time that a log-in waits for its hash, unless it is configured.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

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

/// Computes a hash, and returns the function that hands it over. It is called when the place is free, so that a caller
/// who comes back with the result finds the place free.
type Job = Box<dyn FnOnce() -> HandOver + Send>;
type HandOver = Box<dyn FnOnce() + Send>;

/// The callers that wait for a hash. Each address has its own line, and the lines take turns.
struct Queue {
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
    from: String,
    waiting: VecDeque<(u64, Job)>,
}

impl Passwords {
    /// Makes a pool that runs `workers` hashes at a time and lets at most `queue` more callers wait.
    #[must_use]
    pub fn new(cost: Cost, workers: usize, queue: usize) -> Self {
        let workers = workers.max(1);
        let shared = Arc::new(Queue { state: Mutex::default(), changed: Condvar::new(), workers });
        for _ in 0..workers {
            let queue = Arc::clone(&shared);
            // Without any thread, every log-in gets 503, and the log says why.
            let _ = std::thread::Builder::new().name("password".to_owned()).spawn(move || queue.work());
        }
        Self { cost, queue: shared, longest_wait: LONGEST_WAIT, places: workers + queue }
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

    async fn run<T: Send + 'static>(&self, from: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (done, mut answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let result = work();
            Box::new(move || drop(done.send(result)))
        });
        let place = self.queue.enter(&network(from), job, self.longest_wait, self.places).ok_or(Busy)?;
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
        self.queue.lock().over = true;
        self.queue.changed.notify_all();
    }
}

/// Returns what counts as one caller: an IPv4 address, or the /64 network of an IPv6 address, which one customer owns.
fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => format!("{:x}", ip.to_bits() >> 64),
        _ => address.to_owned(),
    }
}

impl Queue {
    /// Takes a place in the line of an address. Returns `None` if the wait would be too long, or too many callers are
    /// inside.
    fn enter(self: &Arc<Self>, from: &str, job: Job, longest_wait: Duration, places: usize) -> Option<Place> {
        let mut state = self.lock();
        let waiting: usize = state.lines.iter().map(|line| line.waiting.len()).sum();
        if waiting + state.hashing >= places || state.wait(from, self.workers) > longest_wait {
            return None;
        }
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        match state.lines.iter_mut().find(|line| line.from == from) {
            Some(line) => line.waiting.push_back((ticket, job)),
            None => state.lines.push_back(Line { from: from.to_owned(), waiting: [(ticket, job)].into() }),
        }
        drop(state);
        self.changed.notify_one();
        Some(Place { queue: Arc::clone(self), from: from.to_owned(), ticket })
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
                give_memory_back();
            }
        }
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
    fn wait(&self, from: &str, workers: usize) -> Duration {
        let own = self.lines.iter().find(|line| line.from == from).map_or(0, |line| line.waiting.len());
        let others = self.lines.iter().filter(|line| line.from != from);
        let before = own + others.map(|line| line.waiting.len().min(own + 1)).sum::<usize>();
        let turns = (before + self.hashing).saturating_sub(workers - 1).div_ceil(workers);
        self.took * u32::try_from(turns).unwrap_or(u32::MAX)
    }
}

/// A place in a line. It is given back even when the caller goes away.
struct Place {
    queue: Arc<Queue>,
    from: String,
    ticket: u64,
}

impl Place {
    /// Leaves the line. Returns whether the place was still in it.
    fn leave(&self) -> bool {
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

/// Computes one hash, to measure this machine.
pub fn one_for_measurement(cost: Cost) {
    std::hint::black_box(raw(cost, "password", &[7; 16]));
}

/// Returns the cost of a PHC string that [`Passwords::verify`] can read.
#[must_use]
pub fn cost_of(text: &str) -> Option<Cost> {
    parse(text).map(|(cost, ..)| cost)
}

/// Whether a text is a PHC string that [`Passwords::verify`] can read.
#[must_use]
pub fn is_phc(text: &str) -> bool {
    parse(text).is_some()
}

fn phc(cost: Cost, salt: &[u8], tag: &[u8]) -> String {
    let Cost { memory_kib, iterations, lanes } = cost;
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    format!("$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${salt}${tag}")
}

fn parse(text: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "argon2id", "v=19", cost, salt, tag] = parts[..] else { return None };
    let mut numbers = cost.split(',').map(|part| part.split_once('='));
    let mut number = |name: &str| numbers.next()?.filter(|(n, _)| *n == name)?.1.parse::<u32>().ok();
    let cost = Cost { memory_kib: number("m")?, iterations: number("t")?, lanes: number("p")? };
    // A hash from an imported file must not exhaust the machine.
    let sane = (8..=1 << 20).contains(&cost.memory_kib)
        && (1..=16).contains(&cost.iterations)
        && (1..=8).contains(&cost.lanes)
        && cost.memory_kib >= 8 * cost.lanes;
    let (salt, tag) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(tag).ok()?);
    (sane && tag.len() == 32 && (8..=64).contains(&salt.len())).then_some((cost, salt, tag))
}

#[cfg(feature = "argon2-simd")]
thread_local! {
    static HASHER: std::cell::RefCell<Option<(Cost, argon2_rust::Hasher)>> = const { std::cell::RefCell::new(None) };
}

#[cfg(feature = "argon2-simd")]
fn give_memory_back() {
    HASHER.with_borrow_mut(|slot| *slot = None);
}

#[cfg(not(feature = "argon2-simd"))]
fn give_memory_back() {}

/// The only function that uses an implementation of Argon2id. Each thread reuses its memory for the next hash.
#[cfg(feature = "argon2-simd")]
fn raw(cost: Cost, password: &str, salt: &[u8]) -> [u8; 32] {
    use argon2_rust::params::{Memory, TagLen};
    use argon2_rust::{Algorithm, Argon2, Params, Version};
    HASHER.with_borrow_mut(|slot| {
        let mut tag = [0; 32];
        if slot.as_ref().is_none_or(|(kept, _)| *kept != cost) {
            let memory = Memory::kib(cost.memory_kib.into());
            let params = Params::builder()
                .memory(memory)
                .passes(cost.iterations)
                .lanes(cost.lanes)
                .tag_len(TagLen::bytes(32))
                .build();
            *slot = params.ok().map(|p| (cost, Argon2::new(Algorithm::Argon2id, Version::V0x13, p).hasher()));
        }
        let done =
            slot.as_mut().is_some_and(|(_, hasher)| hasher.hash_into(password.as_bytes(), salt, &mut tag).is_ok());
        // Costs and salts were checked when the hash was parsed, so a failure here means a lack of memory. Nothing may
        // match then.
        if done { tag } else { std::process::abort() }
    })
}

#[cfg(not(feature = "argon2-simd"))]
fn raw(cost: Cost, password: &str, salt: &[u8]) -> [u8; 32] {
    use argon2::{Algorithm, Argon2, Params, Version};
    let mut tag = [0; 32];
    let done = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(32)).is_ok_and(|params| {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), salt, &mut tag).is_ok()
    });
    if done { tag } else { std::process::abort() }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    // Vectors of the reference implementation (phc-winner-argon2, test.c, version 0x13, Argon2id).
    #[test]
    fn reference_vectors() {
        for (memory_kib, iterations, lanes, password, salt, tag) in [
            (65536, 2, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
            (256, 2, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
            (256, 2, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
            (65536, 1, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"),
            (
                65536,
                2,
                1,
                "differentpassword",
                "somesalt",
                "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
            ),
            (65536, 2, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"),
        ] {
            let cost = Cost { memory_kib, iterations, lanes };
            assert_eq!(hex(&raw(cost, password, salt.as_bytes())), tag, "{cost:?}");
        }
    }

    #[test]
    fn both_implementations_agree_with_each_other() {
        let cost = Cost { memory_kib: 256, iterations: 2, lanes: 1 };
        let mut tag = [0; 32];
        let params = argon2::Params::new(256, 2, 1, Some(32)).expect("parameters");
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
            .hash_password_into("비밀번호".as_bytes(), b"0123456789abcdef", &mut tag)
            .expect("hashes");
        assert_eq!(raw(cost, "비밀번호", b"0123456789abcdef"), tag);
    }

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
        let count = || {
            let state = passwords.queue.lock();
            state.hashing + state.lines.iter().map(|line| line.waiting.len()).sum::<usize>()
        };
        // The first may be done before the last has come.
        while count() < n {
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
    async fn whoever_goes_away_leaves_the_line() {
        let passwords = Arc::new(Passwords::new(SLOW, 1, PLACES));
        let many: Vec<_> = (0..40).map(|_| verify(&passwords, "a")).collect();
        inside(&passwords, 30).await;
        many.iter().for_each(tokio::task::JoinHandle::abort);
        for one in many {
            let _ended = one.await;
        }
        assert!(passwords.queue.lock().lines.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::2"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_ne!(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.2"));
    }

    #[test]
    fn unreasonable_hashes_are_refused() {
        assert!(is_phc(
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc"
        ));
        for text in [
            "",
            "x",
            "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAA$AAAA",
            "$argon2id$v=19$m=8,t=1,p=8$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
            "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
        ] {
            assert!(!is_phc(text), "{text}");
        }
    }
}
