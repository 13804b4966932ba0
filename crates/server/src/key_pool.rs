//! RSA keys in stock. Making one takes longer than making a world, so the worlds of a stand-in draw from here.

use std::sync::OnceLock;

use kakaw_core::key::SigningKey;
use tokio::sync::{Mutex, mpsc};

use crate::priority;

/// Keys that lie ready.
const STOCK: usize = 4;

/// The stock. Nothing is made before the first world asks for it.
#[derive(Default)]
pub struct KeyPool {
    keys: OnceLock<Mutex<mpsc::Receiver<SigningKey>>>,
}

impl KeyPool {
    /// Begins to fill the stock, once.
    pub fn fill(&self) {
        self.receiver();
    }

    /// The next key; waits if the stock is empty. Nothing if no thread could be started.
    pub async fn take(&self) -> Option<SigningKey> {
        self.receiver().lock().await.recv().await
    }

    fn receiver(&self) -> &Mutex<mpsc::Receiver<SigningKey>> {
        self.keys.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(STOCK);
            let make = move || {
                priority::step_back(10);
                // Ends with the pool: nobody receives any more.
                while SigningKey::generate().is_none_or(|key| sender.blocking_send(key).is_ok()) {}
            };
            // Without the thread the channel is closed, and who asks is told.
            let _ = std::thread::Builder::new().name("rsa-keys".to_owned()).spawn(make);
            Mutex::new(receiver)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_key_is_given_twice() {
        let pool = KeyPool::default();
        let (first, second) = (pool.take().await.expect("a key"), pool.take().await.expect("a key"));
        assert_ne!(first.jwk.kid, second.jwk.kid);
    }
}
