//! Browsers that have logged in before. A cookie proves it for the last few accounts of a browser. Guesses from other
//! browsers never slow such a browser down.

use axum::http::HeaderValue;
use kakaw_core::Span;
use kakaw_core::account::Account;
use kakaw_core::crypto::secret;

use crate::Platform;
use crate::request::context::RequestContext;
use crate::request::cookie::{self, Names};

/// Maximum number of accounts that a browser is known for.
const ACCOUNTS: usize = 5;

/// Length of the proof for one account: 132 bits.
const PROOF: usize = 22;

/// Returns the proof that this browser has logged in to the account, if it sent one. A password change ends it.
#[must_use]
pub(crate) fn proof(context: &RequestContext, account: &Account) -> Option<String> {
    let expected = make(&context.platform, context.browser.as_deref()?, account);
    let sent = context.known.as_deref()?;
    sent.split('.').any(|one| secret::same(one, &expected)).then_some(expected)
}

/// Returns the cookie that proves it from now on.
#[must_use]
pub(crate) fn remember(context: &RequestContext, account: &Account) -> Option<HeaderValue> {
    let own = make(&context.platform, context.browser.as_deref()?, account);
    let before = context.known.as_deref().unwrap_or_default();
    let others = before.split('.').filter(|one| one.len() == PROOF && *one != own).take(ACCOUNTS - 1);
    let value = std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join(".");
    cookie::set(&context.base, &Names::of(&context.platform).known, &value, Span::days(365))
}

fn make(platform: &Platform, browser: &str, account: &Account) -> String {
    let text = format!("known browser\n{browser}\n{}\n{}", account.id.0, account.epoch);
    secret::keyed_hash(platform.sealer.hash_key(), &text).chars().take(PROOF).collect()
}
