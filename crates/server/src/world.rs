//! A world: everything that a request can have an effect on, in one struct.

use std::sync::{Arc, OnceLock};

use kakaw_core::Millis;
use kakaw_core::policy::Policy;
use kakaw_core::random::Random;
use kakaw_core::seal::Sealer;
use kakaw_store::Store;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::fault_rules::FaultRules;
use crate::password::Passwords;
use crate::quota::Quotas;
use crate::request_log::RequestLog;
use crate::signer::Signer;
use crate::{unlink, webhooks};

/// How the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A stand-in: everybody is of the team, pages show diagnoses, `/demo` and the control API exist.
    Dev,
    /// A login platform for real people.
    Serve,
}

/// How the world is reached.
#[derive(Debug, Clone)]
pub enum PublicUrl {
    /// One configured URL, without a slash at its end.
    Fixed(String),
    /// Whatever loopback name the client used.
    FollowLoopback,
}

/// A store, a clock, chance, keys, and what the operator chose.
pub struct World {
    pub mode: Mode,
    pub store: Store,
    pub sealer: Sealer,
    pub clock: Clock,
    pub random: Arc<dyn Random>,
    pub signer: Signer,
    pub passwords: Passwords,
    pub policy: Policy,
    pub public_url: PublicUrl,
    /// Whether `/v2/user/me` takes the token from the query too.
    pub access_token_in_query: bool,
    pub quotas: Quotas,
    /// The client of webhooks.
    pub webhooks: webhooks::Client,
    /// Wakes the worker that delivers.
    pub wake_deliveries: Notify,
    /// What was asked and answered, in a stand-in.
    pub requests: RequestLog,
    /// Answers that a stand-in was told to spoil.
    pub faults: FaultRules,
    /// Whether people may make accounts themselves.
    pub sign_up: bool,
    /// The port of the first listener, once there is one.
    pub port: OnceLock<u16>,
    /// Whether a proxy stands in front, whose `X-Forwarded-For` is believed.
    pub behind_proxy: bool,
}

impl World {
    /// The world's now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Everybody is of the team in the stand-in.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        self.mode == Mode::Dev
    }

    /// Who signs what is not asked for: the public URL, or the name under which a stand-in is reached.
    #[must_use]
    pub fn issuer(&self) -> String {
        match &self.public_url {
            PublicUrl::Fixed(url) => url.clone(),
            PublicUrl::FollowLoopback => format!("http://localhost:{}", self.port.get().unwrap_or(&7700)),
        }
    }

    /// Ends what time has ended. Returns whether there may be more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<bool, kakaw_store::Error> {
        let overdue = unlink::overdue(self).await?;
        Ok(kakaw_store::sweep::batch(&self.store, self.now()).await? || overdue)
    }

    /// Loads or makes the signing keys and removes what time has ended, for as long as the process lives.
    pub async fn work_in_background(self: Arc<Self>) {
        tokio::spawn(webhooks::work(Arc::clone(&self)));
        loop {
            if let Err(error) = self.signer.load(&self.store, &self.sealer, self.now()).await {
                tracing::error!(%error, "signing keys");
            }
            loop {
                match self.sweep().await {
                    Ok(true) => tokio::task::yield_now().await,
                    Ok(false) => break,
                    Err(error) => {
                        tracing::error!(%error, "sweep");
                        break;
                    }
                }
            }
            tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        }
    }
}
