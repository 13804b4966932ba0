//! Failed log-ins of an account, which all nodes count together.

use kakaw_core::account::throttle::Failures;
use kakaw_core::{AccountId, Millis};

use crate::db::{FromRow, Result, Row, Statement, Store, sql};

struct Found(Failures);

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        let count = u32::try_from(row.int("failures")?).unwrap_or(u32::MAX);
        Ok(Self(Failures { count, last_at: Millis(row.int("last_at")?) }))
    }
}

/// Returns the failures of an account.
pub async fn of(store: &Store, account_id: AccountId) -> Result<Failures> {
    let found: Option<Found> =
        sql("select failures, last_at from failed_logins where account_id = $1").bind(account_id).maybe(store).await?;
    Ok(found.map_or(Failures::NONE, |Found(failures)| failures))
}

/// Adds a failure. Those before `forgotten` no longer count.
#[must_use]
pub fn add(account_id: AccountId, now: Millis, forgotten: Millis) -> Statement {
    sql("insert into failed_logins (account_id, failures, last_at) values ($1, 1, $2) on conflict (account_id) do update \
         set failures = case when failed_logins.last_at <= $3 then 1 else failed_logins.failures + 1 end, \
         last_at = excluded.last_at")
    .bind(account_id)
    .bind(now)
    .bind(forgotten)
}
