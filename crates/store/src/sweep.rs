//! Deletes expired rows, in small batches so that no commit waits long.

use kakaw_core::{Millis, Span};

use crate::db::{FromRow, Outcome, Result, Row, Statement, Store, sql};

/// Maximum number of rows in a batch.
const BATCH: i64 = 200;
/// How long expired rows are kept, so that a later refusal can be explained.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Expired codes.
    pub codes: Span,
    /// Grants whose refresh token has expired.
    pub grants: Span,
    /// Finished deliveries.
    pub deliveries: Span,
    /// Failed log-ins.
    pub failed_logins: Span,
}

struct Count(i64);

impl FromRow for Count {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(row.int("n")?))
    }
}

/// Deletes one batch from each table. Returns whether there may be more.
pub async fn batch(store: &Store, kept: Kept, now: Millis) -> Result<bool> {
    let codes = now - kept.codes;
    let grants = now - kept.grants;
    let deliveries = now - kept.deliveries;
    let failed_logins = now - kept.failed_logins;
    let sweeps: [(Statement, Statement); 7] = [
        (
            sql("select count(*) as n from (select id from codes where expires_at < $1 limit $2) c").bind(codes).bind(BATCH),
            sql("delete from codes where id in (select id from codes where expires_at < $1 order by expires_at limit $2)").bind(codes).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select id from sessions where expires_at < $1 limit $2) s").bind(now).bind(BATCH),
            sql("delete from sessions where id in (select id from sessions where expires_at < $1 order by expires_at limit $2)").bind(now).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select id from grants where refresh_expires_at < $1 limit $2) g").bind(grants).bind(BATCH),
            sql("delete from grants where id in (select id from grants where refresh_expires_at < $1 order by refresh_expires_at limit $2)").bind(grants).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select id from agts where expires_at < $1 limit $2) a").bind(now).bind(BATCH),
            sql("delete from agts where id in (select id from agts where expires_at < $1 order by expires_at limit $2)").bind(now).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select id from pending_results where expires_at < $1 limit $2) p").bind(now).bind(BATCH),
            sql("delete from pending_results where id in (select id from pending_results where expires_at < $1 order by expires_at limit $2)").bind(now).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select id from deliveries where created_at < $1 and due_at is null limit $2) d").bind(deliveries).bind(BATCH),
            sql("delete from deliveries where id in (select id from deliveries where created_at < $1 and due_at is null order by created_at limit $2)").bind(deliveries).bind(BATCH),
        ),
        (
            sql("select count(*) as n from (select account_id from failed_logins where last_at < $1 limit $2) f").bind(failed_logins).bind(BATCH),
            sql("delete from failed_logins where account_id in (select account_id from failed_logins where last_at < $1 order by last_at limit $2)").bind(failed_logins).bind(BATCH),
        ),
    ];
    let mut more = false;
    for (count, delete) in sweeps {
        // Reading first keeps an idle sweep from writing.
        let waiting = count.maybe::<Count>(store).await?.map_or(0, |Count(n)| n);
        if waiting > 0 {
            let Outcome::Committed = store.commit(vec![delete]).await? else { continue };
            more |= waiting == BATCH;
        }
    }
    Ok(more)
}
