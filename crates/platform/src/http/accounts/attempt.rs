//! An attempt to log in: whether it may be made now, and what follows when it fails.

use kakaw_core::account::throttle::ACCOUNT;
use kakaw_core::account::{Account, LoginId};
use kakaw_core::{Millis, Span};
use kakaw_store::failed_logins;

use crate::commit::commit;
use crate::http::error::Error;
use crate::request::context::RequestContext;
use crate::request::known;
use crate::throttle::{Attempt, Guest};

/// Begins an attempt, or says how long this caller must wait. The refusal is held back for a moment.
///
/// # Errors
/// The database failed.
pub(super) async fn begin(
    context: &RequestContext,
    login: &LoginId,
    account: Option<&Account>,
) -> Result<Result<Attempt, Span>, Error> {
    let (platform, now) = (&context.platform, context.platform.now());
    let known = account.and_then(|account| known::proof(context, account));
    let shared = match account.filter(|_| platform.throttle.is_on()) {
        Some(account) => Some(failed_logins::of(&platform.store, account.id).await?),
        None => None,
    };
    let shared = shared.map(|failures| (failures.count, Span::milliseconds(now.0.saturating_sub(failures.last_at.0))));
    let guest = Guest { login, network: context.network(), known: known.as_deref() };
    let attempt = platform.throttle.log_in(guest, shared);
    if let Err(wait) = &attempt {
        platform.metrics.logged_in("throttled");
        tracing::warn!(address = context.address, reason = "too many attempts", "login failed");
        platform.throttle.hold(*wait).await;
    }
    Ok(attempt)
}

/// Counts and logs an attempt with a wrong password, or for no account. fail2ban reads this line.
pub(super) async fn failed(context: &RequestContext, attempt: Attempt, account: Option<&Account>) {
    let reason = if account.is_some() { "wrong password" } else { "no such account" };
    tracing::warn!(address = context.address, reason, "login failed");
    context.platform.metrics.logged_in("wrong");
    if let Some(account) = account {
        context.platform.audit.failed(account.id, context.network(), context.platform.now());
    }
    if let (true, Some(account)) = (attempt.failed(), account) {
        let now = context.platform.now();
        let forgotten = Millis(now.0.saturating_sub(ACCOUNT.forgotten_after.as_milliseconds()));
        let counted = commit(&context.platform.store, vec![failed_logins::add(account.id, now, forgotten)]).await;
        // This node has counted it; the reply must not depend on the disk.
        if let Err(error) = counted {
            tracing::warn!(%error, "a failed login was counted on this node only");
        }
    }
}
