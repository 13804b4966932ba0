//! A platform: everything that a request can affect, in one struct, and the operator's settings.

use std::sync::{Arc, PoisonError, RwLock};

use kakaw_core::crypto::seal::Sealer;
use kakaw_core::policy::Policy;
use kakaw_core::random::Random;
use kakaw_core::{Millis, Span};
use kakaw_store::Store;
use kakaw_wire::text::Lang;
use tokio::sync::Notify;

use crate::audit::Audit;
use crate::brand::Brand;
use crate::http::SecurityTxt;
use crate::metrics::Metrics;
use crate::outgoing;
use crate::password::Passwords;
use crate::quota::Quotas;
use crate::request::used_forms::UsedForms;
use crate::signer::Signer;
use crate::surroundings::Surroundings;
use crate::throttle::Throttle;
use crate::tombstones::Tombstones;
use crate::transient_results::TransientResults;

/// A store, keys, randomness, surroundings, and the operator's settings.
pub struct Platform {
    pub store: Store,
    pub sealer: Arc<Sealer>,
    pub random: Arc<dyn Random>,
    pub signer: Signer,
    pub passwords: Arc<Passwords>,
    pub quotas: Quotas,
    /// The HTTP client for webhooks.
    pub webhooks: Arc<outgoing::Client>,
    /// Wakes the worker that delivers.
    pub wake_deliveries: Notify,
    /// Results for polling pages, of requests without a session.
    pub transient_results: TransientResults,
    /// The audit trail.
    pub audit: Audit,
    /// Where unlinks and erasures are written outside the database.
    pub tombstones: Tombstones,
    /// Form tokens that were used.
    pub used_forms: UsedForms,
    /// The contents of `/.well-known/security.txt`.
    pub security_txt: Option<SecurityTxt>,
    /// Slows guesses down.
    pub throttle: Arc<Throttle>,
    pub metrics: Metrics,
    /// What pages show of the operator.
    pub brand: Arc<Brand>,
    pub settings: Settings,
    pub policy: CurrentPolicy,
    pub surroundings: Arc<dyn Surroundings>,
}

/// The protocol options in effect.
#[derive(Debug)]
pub struct CurrentPolicy(RwLock<Policy>);

impl From<Policy> for CurrentPolicy {
    fn from(policy: Policy) -> Self {
        Self(RwLock::new(policy))
    }
}

/// The operator's settings, apart from the protocol's [`Policy`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether `/v2/user/me` accepts the token in the query too.
    pub access_token_in_query: bool,
    /// Whether people may create accounts themselves.
    pub sign_up: bool,
    /// Whether a proxy is in front, whose `X-Forwarded-For` is trusted.
    pub behind_proxy: bool,
    /// Whether replies ask browsers to use https only (HSTS): the server itself speaks TLS.
    pub https_only: bool,
    /// Whether cookies have the prefix `__Host-`, which requires https for everybody.
    pub host_cookies: bool,
    /// A notice at the top of every page, such as that the accounts are not real.
    pub notice: Option<fn(Lang) -> &'static str>,
    /// A link beside the notice.
    pub notice_link: Option<NoticeLink>,
    /// Whether everybody may read the diagnoses for an app's team: pages and the log say which value was wrong.
    pub open_diagnosis: bool,
    /// Whether client secrets must have 128 bits and admin keys must not be guessable.
    pub strong_secrets: bool,
    /// A key that everybody knows, and that no app may have.
    pub public_key: Option<&'static str>,
    /// Whether missing keys are derived from app, kind and position, the same each time.
    pub derived_keys: bool,
    /// How keys are rotated.
    pub keys: KeyRotation,
    /// Whether `/v2/user/me` has `properties` for apps that do not set it.
    pub legacy_properties: bool,
}

/// The link beside the notice.
#[derive(Debug, Clone, Copy)]
pub struct NoticeLink {
    /// A path of ours.
    pub path: &'static str,
    pub text: fn(Lang) -> &'static str,
}

/// How keys are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRotation {
    /// Time from the making of a sealing key to its first use. All nodes load it in this time.
    pub overlap: Span,
    /// Time after which the next signing key signs.
    pub signing_every: Option<Span>,
    /// Time after which a new sealing key is made.
    pub sealing_every: Option<Span>,
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self { overlap: Span::minutes(2), signing_every: None, sealing_every: None }
    }
}

impl Platform {
    /// Returns the time that rules use.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.surroundings.now()
    }

    /// Returns the operator's protocol options.
    #[must_use]
    pub fn policy(&self) -> Policy {
        *self.policy.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the protocol options.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.0.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }
}
