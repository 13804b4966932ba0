//! A platform: everything that a request can have an effect on, in one struct, and what the operator chose.

use std::sync::{Arc, PoisonError, RwLock};

use kakaw_core::Millis;
use kakaw_core::crypto::seal::Sealer;
use kakaw_core::policy::Policy;
use kakaw_core::random::Random;
use kakaw_store::Store;
use kakaw_wire::text::Lang;
use tokio::sync::Notify;

use crate::outgoing;
use crate::password::Passwords;
use crate::quota::Quotas;
use crate::signer::Signer;
use crate::surroundings::Surroundings;
use crate::transient_results::TransientResults;

/// A store, keys, chance, its surroundings, and what the operator chose.
pub struct Platform {
    pub store: Store,
    pub sealer: Arc<Sealer>,
    pub random: Arc<dyn Random>,
    pub signer: Signer,
    pub passwords: Arc<Passwords>,
    pub quotas: Quotas,
    /// The client of webhooks.
    pub webhooks: Arc<outgoing::Client>,
    /// Wakes the worker that delivers.
    pub wake_deliveries: Notify,
    /// Results for polling pages, of requests without a session.
    pub transient_results: TransientResults,
    pub settings: Settings,
    pub surroundings: Arc<dyn Surroundings>,
    policy: RwLock<Policy>,
}

/// What the operator chose besides the protocol's [`Policy`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether `/v2/user/me` takes the token from the query too.
    pub access_token_in_query: bool,
    /// Whether people may make accounts themselves.
    pub sign_up: bool,
    /// Whether a proxy stands in front, whose `X-Forwarded-For` is believed.
    pub behind_proxy: bool,
    /// Whether cookies have the prefix `__Host-`: everybody comes by https.
    pub host_cookies: bool,
    /// What stands above every page, such as that the accounts are not real.
    pub notice: Option<fn(Lang) -> &'static str>,
    /// Whether everybody reads what only an app's team may read: pages and the log say which value was wrong.
    pub open_diagnosis: bool,
    /// Whether client secrets must have 128 bits.
    pub strong_secrets: bool,
    pub seeds: Seeds,
}

/// How apps and people of a world file are filled in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeds {
    /// Whether keys that the file does not name are made from app, kind and place, the same each time.
    pub derived_keys: bool,
    /// Whether apps answer `properties` in `/v2/user/me` unless they say otherwise.
    pub legacy_properties: bool,
    /// Whether plain passwords are kept sealed after their first use, for an export that is whole.
    pub kept_passwords: bool,
}

/// What a platform is put together from.
pub struct Parts {
    pub store: Store,
    pub sealer: Sealer,
    pub random: Arc<dyn Random>,
    pub signer: Signer,
    pub passwords: Arc<Passwords>,
    pub quotas: Quotas,
    pub webhooks: Arc<outgoing::Client>,
    pub policy: Policy,
    pub settings: Settings,
    pub surroundings: Arc<dyn Surroundings>,
}

impl Platform {
    /// Puts a platform together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, sealer, random, signer, passwords, quotas, webhooks, policy, settings, surroundings } =
            parts;
        Self {
            store,
            sealer: Arc::new(sealer),
            random,
            signer,
            passwords,
            quotas,
            webhooks,
            wake_deliveries: Notify::new(),
            transient_results: TransientResults::default(),
            settings,
            surroundings,
            policy: RwLock::new(policy),
        }
    }

    /// The time that rules go by.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.surroundings.now()
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
}
