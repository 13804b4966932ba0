//! The webhooks of an app, as the app's team sets them.

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

/// The kind of the unlink webhook.
pub const UNLINK: &str = "unlink";
/// The kind of the account-status webhook.
pub const ACCOUNT_STATUS: &str = "account_status";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_webhook_that_is_set_has_its_kind_and_url() {
        let (unlink, status) = (json!({ "url": "https://a/u" }), json!({ "url": "https://a/s", "events": [] }));
        for (settings, urls) in [
            (json!({}), vec![]),
            (json!({ "unlink": unlink }), vec![("unlink", "https://a/u".to_owned())]),
            (json!({ "account_status": status }), vec![("account_status", "https://a/s".to_owned())]),
            (
                json!({ "unlink": unlink, "account_status": status }),
                vec![("unlink", "https://a/u".to_owned()), ("account_status", "https://a/s".to_owned())],
            ),
        ] {
            assert_eq!(serde_json::from_value::<Webhooks>(settings).expect("webhooks").urls(), urls);
        }
    }

    #[test]
    fn the_unlink_webhook_is_a_post_unless_it_says_get() {
        let of = |value| serde_json::from_value::<UnlinkWebhook>(value).expect("a webhook").method;
        assert_eq!(of(json!({ "url": "https://a/u" })), Method::Post);
        assert_eq!(of(json!({ "url": "https://a/u", "method": "GET" })), Method::Get);
    }
}
