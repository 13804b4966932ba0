//! The webhooks of an app, as its team sets them.

use kakaw_wire::event::EventType;
use serde::{Deserialize, Serialize};

/// Where an app is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlink: Option<UnlinkWebhook>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_status: Option<AccountStatusWebhook>,
}

impl Webhooks {
    /// The webhooks that are set: kind and URL.
    #[must_use]
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        let unlink = self.unlink.as_ref().map(|webhook| (UNLINK, webhook.url.clone()));
        let status = self.account_status.as_ref().map(|webhook| (ACCOUNT_STATUS, webhook.url.clone()));
        [unlink, status].into_iter().flatten().collect()
    }
}

/// The unlink webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlinkWebhook {
    pub url: String,
    #[serde(default)]
    pub method: Method,
}

/// How the unlink webhook is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    #[default]
    Post,
}

/// The account-status webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountStatusWebhook {
    pub url: String,
    /// The types that the app subscribed to.
    pub events: Vec<EventType>,
}

/// The kind of the unlink webhook.
pub const UNLINK: &str = "unlink";
/// The kind of the account-status webhook.
pub const ACCOUNT_STATUS: &str = "account_status";
