//! Tests of first starts on one database, and of what is sealed and hashed in it.

use std::sync::Arc;

use kakaw_core::policy::Policy;
use kakaw_platform::signer::Signer;
use kakaw_store::db::Url;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_publish_the_same_signing_keys() {
    for url in [Some(Url::Memory), postgres().await].into_iter().flatten() {
        let platform = Arc::new(TestServer::world(&url, Policy::DEV).await.platform);
        let started = (0..4).map(|_| {
            let platform = Arc::clone(&platform);
            tokio::spawn(async move {
                let signer = Signer::default();
                // A clock that goes wrong puts nobody's keys before those that others publish.
                signer.load(&platform.store, &platform.sealer, platform.now()).await.expect("keys");
                let published = signer.jwks().await.expect("keys").keys;
                published.into_iter().map(|key| key.kid).collect::<Vec<_>>()
            })
        });
        let mut published = Vec::new();
        for node in started.collect::<Vec<_>>() {
            published.push(node.await.expect("joined"));
        }
        assert!(published.iter().all(|kids| kids.len() == 2 && *kids == published[0]), "{published:?}");
    }
}
