//! A stock of RSA keys. Generating one takes longer than making a world, so the worlds of a stand-in take keys from
//! here. Each key is used once: with a deleted world's key, its ID tokens would be valid in the next world, which may
//! have the same issuer.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;

use kakaw_core::crypto::signing_key::SigningKey;
use tokio::sync::Semaphore;

use kakaw_platform::priority;

/// Number of keys in the stock. They take about 5 seconds of one core, when nobody else needs it.
const STOCK: usize = 64;
/// Maximum number of threads that fill the stock.
const FILLERS: usize = 4;

/// The stock. It is empty until the first world is made.
pub struct KeyPool {
    shelf: Arc<Shelf>,
    size: usize,
    filling: OnceLock<()>,
    /// A caller that finds the stock empty generates a key itself. At most as many keys as cores are generated at a
    /// time.
    making: Semaphore,
    made_on_demand: AtomicUsize,
}

/// The state that it shares with the threads that fill it.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Kept>,
    room: Condvar,
}

#[derive(Default)]
struct Kept {
    keys: Vec<SigningKey>,
    /// The pool is dropped.
    ended: bool,
}

impl Default for KeyPool {
    fn default() -> Self {
        Self::of(STOCK)
    }
}

impl Drop for KeyPool {
    fn drop(&mut self) {
        self.shelf.kept.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.shelf.room.notify_all();
    }
}

impl KeyPool {
    /// Makes a stock of this size.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self {
            shelf: Arc::default(),
            size,
            filling: OnceLock::new(),
            making: Semaphore::new(cores()),
            made_on_demand: AtomicUsize::new(0),
        }
    }

    /// Starts to fill the stock, once, and keeps it full from then on.
    pub fn fill(&self) {
        self.filling.get_or_init(|| {
            for _ in 0..cores().min(FILLERS) {
                let (shelf, size) = (Arc::clone(&self.shelf), self.size);
                // Without a thread, every key is generated on demand.
                let _ = thread::Builder::new().name("rsa-keys".to_owned()).spawn(move || shelf.keep_full(size));
            }
        });
    }

    /// Takes a key from the stock, or generates one if the stock is empty. Returns `None` if none can be generated.
    pub async fn take(&self) -> Option<SigningKey> {
        self.fill();
        if let Some(key) = self.shelf.take() {
            return Some(key);
        }
        let _turn = self.making.acquire().await.ok()?;
        // The stock may have a key by now.
        if let Some(key) = self.shelf.take() {
            return Some(key);
        }
        self.made_on_demand.fetch_add(1, Ordering::SeqCst);
        tokio::task::spawn_blocking(SigningKey::generate).await.ok().flatten()
    }

    /// Returns the number of keys in the stock.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.shelf.kept.lock().unwrap_or_else(PoisonError::into_inner).keys.len()
    }

    /// Returns the number of keys that a caller had to wait for.
    #[must_use]
    pub fn made_on_demand(&self) -> usize {
        self.made_on_demand.load(Ordering::SeqCst)
    }
}

impl Shelf {
    fn take(&self) -> Option<SigningKey> {
        let key = self.kept.lock().unwrap_or_else(PoisonError::into_inner).keys.pop();
        self.room.notify_one();
        key
    }

    fn keep_full(&self, size: usize) {
        priority::step_back(19);
        let full = |kept: &mut Kept| kept.keys.len() >= size && !kept.ended;
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if self.room.wait_while(kept, full).unwrap_or_else(PoisonError::into_inner).ended {
                return;
            }
            let Some(key) = SigningKey::generate() else { continue };
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).keys.push(key);
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kakaw_platform::clock;
    use std::time::Duration;

    async fn filled(pool: &KeyPool, keys: usize) {
        let began = clock::monotonic();
        while pool.ready() < keys {
            assert!(began.elapsed() < Duration::from_secs(60), "the stock is not filled");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn a_filled_stock_gives_different_keys_at_once_and_is_filled_again() {
        let pool = KeyPool::of(3);
        assert_eq!(pool.ready(), 0, "nobody asked");
        pool.fill();
        filled(&pool, 3).await;
        let mut kids = Vec::new();
        for _ in 0..3 {
            kids.push(pool.take().await.expect("a key").jwk.kid);
        }
        assert_eq!(pool.made_on_demand(), 0, "the stock was enough");
        filled(&pool, 3).await;
        kids.push(pool.take().await.expect("a key").jwk.kid);
        kids.sort();
        kids.dedup();
        assert_eq!(kids.len(), 4, "no key is given twice");
    }

    #[tokio::test]
    async fn an_empty_stock_still_gives_a_key() {
        let pool = Arc::new(KeyPool::of(0));
        let asks = (0..3).map(|_| {
            tokio::spawn({
                let pool = Arc::clone(&pool);
                async move { pool.take().await }
            })
        });
        let mut kids = Vec::new();
        for ask in asks.collect::<Vec<_>>() {
            kids.push(ask.await.expect("answered").expect("a key").jwk.kid);
        }
        kids.sort();
        kids.dedup();
        assert_eq!((kids.len(), pool.made_on_demand()), (3, 3));
    }

    #[tokio::test]
    async fn its_threads_end_with_it() {
        let pool = KeyPool::of(1);
        pool.fill();
        filled(&pool, 1).await;
        let shelf = Arc::downgrade(&pool.shelf);
        drop(pool);
        let began = clock::monotonic();
        while shelf.strong_count() > 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "a thread still waits");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
