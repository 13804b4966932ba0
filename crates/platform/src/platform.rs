//! A world: everything that a request can have an effect on, in one struct.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kakaw_core::Millis;
use kakaw_core::policy::Policy;
use kakaw_core::random::Random;
use kakaw_core::seal::Sealer;
use kakaw_core::secret::Secret;
use kakaw_store::Store;
use tokio::sync::Notify;

use kakaw_standin::clock::Clock;
use kakaw_standin::inject::rules::FaultRules;
use crate::held::Held;
use crate::password::Passwords;
use crate::quota::Quotas;
use kakaw_standin::record::log::RequestLog;
use crate::signer::Signer;
use kakaw_standin::snapshots::Snapshots;
use crate::deliver;

/// The name of the world that every process has.
pub const DEFAULT: &str = "default";

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
    /// [`DEFAULT`], or what the worlds of a stand-in were named.
    pub name: String,
    pub mode: Mode,
    pub store: Store,
    pub sealer: Sealer,
    pub clock: Clock,
    pub random: Arc<dyn Random>,
    pub signer: Signer,
    pub passwords: Arc<Passwords>,
    pub policy: RwLock<Policy>,
    pub public_url: PublicUrl,
    /// Whether `/v2/user/me` takes the token from the query too.
    pub access_token_in_query: bool,
    pub quotas: Quotas,
    /// The client of webhooks.
    pub webhooks: Arc<webhooks::Client>,
    /// Wakes the worker that delivers.
    pub wake_deliveries: Notify,
    /// What was asked and answered, in a stand-in.
    pub requests: RequestLog,
    /// Answers that a stand-in was told to spoil.
    pub faults: FaultRules,
    /// Outcomes that pages poll for though nobody is logged in.
    pub held: Held,
    /// Whether people may make accounts themselves.
    pub sign_up: bool,
    /// Rows and clocks to go back to, in a stand-in.
    pub snapshots: Snapshots,
    /// Where a stand-in says to be when no request tells.
    pub home: Mutex<String>,
    /// What a control request from another machine must carry; without it there are none.
    pub control_token: Option<Secret>,
    /// A copy of Kakao's JavaScript SDK, given out instead of ours.
    pub real_sdk: Option<PathBuf>,
    /// Whether a proxy stands in front, whose `X-Forwarded-For` is believed.
    pub behind_proxy: bool,
}

impl World {
    /// The world's now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The operator's choices about the protocol.
    #[must_use]
    pub fn policy(&self) -> Policy {
        *self.policy.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other choices, from now on.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
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
            PublicUrl::Fixed(url) if self.is_default() => url.clone(),
            _ => self.home.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Says where a stand-in is when no request tells.
    pub fn set_home(&self, home: String) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = home;
    }

    /// Whether it is the world that every process has, and not one of a stand-in's many.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}
