//! A grant: one log-in of one person in one app on one device. Its tokens are only sealed references to it.

use crate::{AccountId, AppId};
use kakaw_wire::scope::Item;

use crate::account::Account;
use crate::app::AppKey;
use crate::authorize::code::Code;
use crate::link::Link;
use crate::policy::REFRESH_LIFETIME;
use crate::{GrantId, Millis};

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Internal key, sealed into tokens.
    pub id: GrantId,
    pub app_id: AppId,
    pub app_key: String,
    pub account_id: AccountId,
    /// What was agreed to when it was made; it never gains.
    pub scopes: Vec<Item>,
    pub openid: bool,
    pub nonce: Option<String>,
    pub auth_time: Millis,
    pub session_id: String,
    pub device: String,
    pub address: String,
    pub link_epoch: i64,
    pub account_epoch: i64,
    pub key_epoch: i64,
    pub created_at: Millis,
    /// Goes up when the refresh token rotates.
    pub refresh_generation: i64,
    pub refresh_expires_at: Millis,
    pub rotated_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    /// Why it ended, for the diagnosis.
    pub ended_why: Option<String>,
}

impl Grant {
    /// The grant that the exchange of `code` makes.
    #[must_use]
    pub fn from_code(id: GrantId, code: &Code, now: Millis) -> Self {
        Self {
            id,
            app_id: code.app_id,
            app_key: code.app_key.clone(),
            account_id: code.account_id,
            scopes: code.scopes.clone(),
            openid: code.openid,
            nonce: code.nonce.clone(),
            auth_time: code.auth_time,
            session_id: code.session_id.clone(),
            device: code.device.clone(),
            address: code.address.clone(),
            link_epoch: code.link_epoch,
            account_epoch: code.account_epoch,
            key_epoch: code.key_epoch,
            created_at: now,
            refresh_generation: 0,
            refresh_expires_at: now.plus_seconds(REFRESH_LIFETIME),
            rotated_at: None,
            ended_at: None,
            ended_why: None,
        }
    }
}

/// A grant with all that a token check compares: read by one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Bearer {
    pub grant: Grant,
    pub link: Link,
    pub account: Account,
    pub key: AppKey,
    pub app_version: i64,
}

/// Why a grant is good for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dead {
    /// The key that it was made with was deleted.
    KeyDeleted,
    /// Ended, and why.
    Ended(String),
}

impl Bearer {
    /// Whether the grant still stands.
    ///
    /// # Errors
    /// Why it does not.
    pub fn live(&self) -> Result<(), Dead> {
        let Self { grant, link, account, key, .. } = self;
        if key.deleted || key.epoch != grant.key_epoch {
            return Err(Dead::KeyDeleted);
        }
        if grant.ended_at.is_some() {
            return Err(Dead::Ended(grant.ended_why.clone().unwrap_or_default()));
        }
        if !link.connected || link.epoch != grant.link_epoch {
            return Err(Dead::Ended("unlinked, or logged out on all devices".to_owned()));
        }
        if account.epoch != grant.account_epoch {
            return Err(Dead::Ended("the password was changed".to_owned()));
        }
        Ok(())
    }
}
