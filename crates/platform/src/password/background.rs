//! Hashes for world files: many at once, on all cores, and never before those of people who log in.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kakaw_core::crypto::secret::{self, Secret};
use kakaw_core::random::{self, Random};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::argon2id::{parse, phc, raw};
use super::queue::Job;
use super::{Busy, PLACES, Passwords};
use crate::request::network::Network;

/// The line of this work. It takes turns with those of callers, and no caller has this address.
const LINE: Network = Network::V4(Ipv4Addr::UNSPECIFIED);
/// How long it waits when too many people wait to log in.
const AGAIN: Duration = Duration::from_millis(50);

/// A plain password that is to be stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The present hash of the account. It stays if the password is still the same.
    pub hash: Option<String>,
    pub password: Secret,
}

impl Passwords {
    /// Returns the hashes of these passwords, in their order. At most as many are in the queue as there are threads.
    ///
    /// # Errors
    /// The pool was closed.
    pub async fn hash_all(self: &Arc<Self>, all: Vec<Stored>, random: &dyn Random) -> Result<Vec<String>, Busy> {
        let mut hashes = vec![String::new(); all.len()];
        let mut under_way = JoinSet::new();
        for (index, stored) in all.into_iter().enumerate() {
            if under_way.len() >= self.queue.workers()
                && let Some(done) = under_way.join_next().await
            {
                put(&mut hashes, done.map_err(|_| Busy)?)?;
            }
            let (pool, salt) = (Arc::clone(self), random::bytes::<16>(random));
            under_way.spawn(async move { (index, pool.hash_one(stored, salt).await) });
        }
        while let Some(done) = under_way.join_next().await {
            put(&mut hashes, done.map_err(|_| Busy)?)?;
        }
        Ok(hashes)
    }

    async fn hash_one(&self, stored: Stored, salt: [u8; 16]) -> Result<String, Busy> {
        let cost = self.cost;
        loop {
            let (done, answer) = oneshot::channel();
            let Stored { hash, password } = stored.clone();
            let job: Job = Box::new(move || {
                let kept = hash.filter(|hash| is_of(hash, &password));
                let result = kept.unwrap_or_else(|| phc(cost, &salt, &raw(cost, password.expose(), &salt)));
                Box::new(move || drop(done.send(result)))
            });
            // The place must live until the hash is there: a caller that goes away leaves the line.
            if let Some(_place) = self.queue.enter(LINE, job, Duration::MAX, PLACES / 2) {
                return answer.await.map_err(|_| Busy);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

fn put(hashes: &mut [String], (index, hash): (usize, Result<String, Busy>)) -> Result<(), Busy> {
    if let Some(place) = hashes.get_mut(index) {
        *place = hash?;
    }
    Ok(())
}

/// Whether a PHC string is the hash of this password.
fn is_of(hash: &str, password: &Secret) -> bool {
    parse(hash).is_some_and(|(cost, salt, expected)| {
        let tag = raw(cost, password.expose(), &salt);
        secret::same(&STANDARD_NO_PAD.encode(tag), &STANDARD_NO_PAD.encode(expected))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Cost;
    use crate::random::System;

    const CHEAP: Cost = Cost { memory_kib: 64, iterations: 1, lanes: 1 };
    /// Takes some milliseconds.
    const SLOW: Cost = Cost { memory_kib: 4096, iterations: 2, lanes: 1 };

    fn stored(hash: Option<&str>, password: &str) -> Stored {
        Stored { hash: hash.map(str::to_owned), password: Secret::new(password) }
    }

    #[tokio::test]
    async fn hashes_keep_their_order_and_one_that_is_right_stays() {
        let pool = Arc::new(Passwords::new(CHEAP, 2, PLACES));
        let all = (0..40).map(|n| stored(None, &format!("password {n}"))).collect();
        let first = pool.hash_all(all, &System::new()).await.expect("hashed");
        for (n, hash) in first.iter().enumerate() {
            assert!(is_of(hash, &Secret::new(format!("password {n}"))), "{n}");
        }
        let again = vec![stored(Some(&first[0]), "password 0"), stored(Some(&first[1]), "another")];
        let again = pool.hash_all(again, &System::new()).await.expect("hashed");
        assert_eq!(again[0], first[0]);
        assert!(again[1] != first[1] && is_of(&again[1], &Secret::new("another")));
    }

    #[tokio::test]
    async fn somebody_who_logs_in_meanwhile_waits_for_their_turn_only() {
        let pool = Arc::new(Passwords::new(SLOW, 1, PLACES));
        let all = (0..60).map(|n| stored(None, &format!("{n}"))).collect();
        let (background, ended) = (Arc::clone(&pool), Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let flag = Arc::clone(&ended);
        let work = tokio::spawn(async move {
            let done = background.hash_all(all, &System::new()).await;
            flag.store(true, std::sync::atomic::Ordering::SeqCst);
            done
        });
        while pool.queue.inside() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..5 {
            assert_eq!(pool.verify("192.0.2.1", None, &Secret::new("x")).await, Ok(false), "nobody is refused");
        }
        assert!(!ended.load(std::sync::atomic::Ordering::SeqCst), "the log-ins did not wait for all hashes");
        assert_eq!(work.await.expect("joined").expect("hashed").len(), 60);
    }
}
