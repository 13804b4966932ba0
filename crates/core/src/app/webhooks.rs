//! The webhooks of an app, as the app's team sets them.

use std::fmt;
use std::str::FromStr;

use kakaw_wire::event::EventType;
use serde::{Deserialize, Serialize};

/// The URLs at which an app is notified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlink: Option<UnlinkWebhook>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_status: Option<AccountStatusWebhook>,
}

impl Webhooks {
    /// Returns kind and URL of each webhook that is set.
    #[must_use]
    pub fn urls(&self) -> Vec<(WebhookKind, String)> {
        let unlink = self.unlink.as_ref().map(|webhook| (WebhookKind::Unlink, webhook.url.clone()));
        let status = self.account_status.as_ref().map(|webhook| (WebhookKind::AccountStatus, webhook.url.clone()));
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

/// The HTTP method of the unlink webhook.
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
    /// The event types that the app subscribed to.
    pub events: Vec<EventType>,
}

/// Which of an app's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum WebhookKind {
    Unlink,
    AccountStatus,
}

impl WebhookKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Unlink, Self::AccountStatus];

    /// Its name, as the database has it too.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Unlink => "unlink",
            Self::AccountStatus => "account_status",
        }
    }
}

impl fmt::Display for WebhookKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.id())
    }
}

impl FromStr for WebhookKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || format!("expected {}", Self::ALL.map(Self::id).join(" or "));
        Self::ALL.into_iter().find(|kind| kind.id() == text).ok_or_else(known)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_webhook_that_is_set_has_its_kind_and_url() {
        let (unlink, status) = (json!({ "url": "https://a/u" }), json!({ "url": "https://a/s", "events": [] }));
        for (settings, urls) in [
            (json!({}), vec![]),
            (json!({ "unlink": unlink }), vec![(WebhookKind::Unlink, "https://a/u".to_owned())]),
            (json!({ "account_status": status }), vec![(WebhookKind::AccountStatus, "https://a/s".to_owned())]),
            (
                json!({ "unlink": unlink, "account_status": status }),
                vec![
                    (WebhookKind::Unlink, "https://a/u".to_owned()),
                    (WebhookKind::AccountStatus, "https://a/s".to_owned()),
                ],
            ),
        ] {
            assert_eq!(serde_json::from_value::<Webhooks>(settings).expect("webhooks").urls(), urls);
        }
    }

    #[test]
    fn kinds_are_spelled_alike_everywhere() {
        for kind in WebhookKind::ALL {
            assert_eq!((kind.to_string().parse(), json!(kind)), (Ok(kind), json!(kind.id())));
        }
        assert_eq!("x".parse::<WebhookKind>(), Err("expected unlink or account_status".to_owned()));
    }

    #[test]
    fn the_unlink_webhook_is_a_post_unless_it_says_get() {
        let of = |value| serde_json::from_value::<UnlinkWebhook>(value).expect("a webhook").method;
        assert_eq!(of(json!({ "url": "https://a/u" })), Method::Post);
        assert_eq!(of(json!({ "url": "https://a/u", "method": "GET" })), Method::Get);
    }
}
