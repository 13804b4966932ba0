//! Tables `audit`, `audit_batches` and `audit_anchors`: the audit trail, and the chains over it.

use kakaw_core::audit::Row as Entry;
use kakaw_core::audit::chain::{Anchor, Batch, Placed};
use kakaw_core::{AppId, Millis};

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.int("id")?,
            at: Millis(row.int("at")?),
            node: row.text("node")?,
            event: row.text("event")?,
            actor: row.text("actor")?,
            person: row.maybe_text("person")?,
            app: row.maybe_int("app_id")?.map(AppId),
            times: row.int("times")?,
            detail: row.text("detail")?,
            sealed: row.maybe_text("sealed")?,
        })
    }
}

impl FromRow for Placed {
    fn from_row(row: &Row) -> Result<Self> {
        // What somebody has emptied does not fit, and `verify` must say so.
        let code = row.maybe_text("code")?.unwrap_or_default();
        Ok(Self { row: Entry::from_row(row)?, place: row.maybe_int("place")?.unwrap_or_default(), code })
    }
}

impl FromRow for Batch {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            chain: row.text("chain")?,
            number: row.int("number")?,
            rows: row.int("row_count")?,
            until: Millis(row.int("until_at")?),
            head: row.text("head")?,
        })
    }
}

impl FromRow for Anchor {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            chain: row.text("chain")?,
            number: row.int("number")?,
            rows: row.int("row_count")?,
            until: Millis(row.int("until_at")?),
            head: row.text("head")?,
            code: row.text("code")?,
        })
    }
}

/// Inserts a row. It conflicts when its id is taken.
#[must_use]
pub fn insert(row: &Entry) -> Statement {
    sql("insert into audit (id, at, node, event, actor, person, app_id, times, detail, sealed) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing")
    .bind(row.id)
    .bind(row.at)
    .bind(row.node.as_str())
    .bind(row.event.as_str())
    .bind(row.actor.as_str())
    .bind(row.person.clone())
    .bind(row.app)
    .bind(row.times)
    .bind(row.detail.as_str())
    .bind(row.sealed.clone())
    .must_touch(Contested::AuditRow)
}

/// Returns rows that are in no batch, in order: those of a node, and those of other nodes from before a time.
pub async fn waiting(store: &Store, node: &str, others_before: Millis, limit: i64) -> Result<Vec<Entry>> {
    sql("select id, at, node, event, actor, person, app_id, times, detail, sealed from audit \
         where batch is null and (node = $1 or at < $2) order by id limit $3")
    .bind(node)
    .bind(others_before)
    .bind(limit)
    .all(store)
    .await
}

/// Counts the rows that are in no batch.
pub async fn count_waiting(store: &Store) -> Result<i64> {
    sql("select count(*) as n from audit where batch is null").count(store).await
}

/// Puts a row into a batch, if it is in none.
#[must_use]
pub fn place(batch: &Batch, placed: &Placed) -> Statement {
    sql("update audit set chain = $1, batch = $2, place = $3, code = $4 where id = $5 and batch is null")
        .bind(batch.chain.as_str())
        .bind(batch.number)
        .bind(placed.place)
        .bind(placed.code.as_str())
        .bind(placed.row.id)
        .must_touch(Contested::AuditRow)
}

/// Inserts a batch. It conflicts when another process was faster.
#[must_use]
pub fn insert_batch(batch: &Batch) -> Statement {
    sql("insert into audit_batches (chain, number, row_count, until_at, head) values ($1, $2, $3, $4, $5) \
         on conflict do nothing")
    .bind(batch.chain.as_str())
    .bind(batch.number)
    .bind(batch.rows)
    .bind(batch.until)
    .bind(batch.head.as_str())
    .must_touch(Contested::AuditRow)
}

/// Returns the last batch of a chain.
pub async fn last_batch(store: &Store, chain: &str) -> Result<Option<Batch>> {
    sql("select chain, number, row_count, until_at, head from audit_batches where chain = $1 order by number desc limit 1")
        .bind(chain)
        .maybe(store)
        .await
}

/// Returns a page of the batches of a chain: those after a number.
pub async fn batches(store: &Store, chain: &str, after: i64, limit: i64) -> Result<Vec<Batch>> {
    sql("select chain, number, row_count, until_at, head from audit_batches where chain = $1 and number > $2 \
         order by number limit $3")
    .bind(chain)
    .bind(after)
    .bind(limit)
    .all(store)
    .await
}

/// Returns the rows of a batch, in the order of their places.
pub async fn of_batch(store: &Store, batch: &Batch) -> Result<Vec<Placed>> {
    sql("select id, at, node, event, actor, person, app_id, times, detail, sealed, place, code from audit \
         where chain = $1 and batch = $2 order by place, id")
    .bind(batch.chain.as_str())
    .bind(batch.number)
    .all(store)
    .await
}

struct Name(String);

impl FromRow for Name {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(row.text("name")?))
    }
}

/// Returns the name of every chain.
pub async fn chains(store: &Store) -> Result<Vec<String>> {
    let rows: Vec<Name> =
        sql("select chain as name from audit_batches union select chain as name from audit_anchors order by name")
            .all(store)
            .await?;
    Ok(rows.into_iter().map(|Name(name)| name).collect())
}

/// A batch that only its rows name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub chain: String,
    pub batch: i64,
}

impl FromRow for Claimed {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { chain: row.maybe_text("chain")?.unwrap_or_default(), batch: row.int("batch")? })
    }
}

/// Returns batches that rows name and that do not exist.
pub async fn without_batch(store: &Store) -> Result<Vec<Claimed>> {
    sql("select distinct chain, batch from audit where batch is not null and not exists \
         (select 1 from audit_batches b where b.chain = audit.chain and b.number = audit.batch) order by chain, batch limit 100")
    .all(store)
    .await
}

/// Returns the anchor of a chain.
pub async fn anchor(store: &Store, chain: &str) -> Result<Option<Anchor>> {
    sql("select chain, number, row_count, until_at, head, code from audit_anchors where chain = $1")
        .bind(chain)
        .maybe(store)
        .await
}

/// Deletes a batch and its rows, and puts the anchor in its place. It conflicts when another process was faster.
#[must_use]
pub fn prune(batch: &Batch, anchor: &Anchor) -> Vec<Statement> {
    vec![
        sql("delete from audit_batches where chain = $1 and number = $2")
            .bind(batch.chain.as_str())
            .bind(batch.number)
            .must_touch(Contested::AuditRow),
        sql("delete from audit where chain = $1 and batch = $2").bind(batch.chain.as_str()).bind(batch.number),
        sql("insert into audit_anchors (chain, number, row_count, until_at, head, code) values ($1, $2, $3, $4, $5, $6) \
             on conflict (chain) do update set number = excluded.number, row_count = excluded.row_count, \
             until_at = excluded.until_at, head = excluded.head, code = excluded.code")
        .bind(anchor.chain.as_str())
        .bind(anchor.number)
        .bind(anchor.rows)
        .bind(anchor.until)
        .bind(anchor.head.as_str())
        .bind(anchor.code.as_str()),
    ]
}

/// Which rows are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A person's name in the trail.
    pub person: Option<String>,
    pub app: Option<AppId>,
    /// The name of an event.
    pub event: Option<String>,
    pub since: Option<Millis>,
    pub until: Option<Millis>,
}

/// Returns the smallest id of a row of this time.
const fn first_id(at: Millis) -> i64 {
    at.0.saturating_mul(1 << 21)
}

/// Returns a page of rows, oldest first: those after an id.
pub async fn page(store: &Store, filter: &Filter, after: i64, limit: i64) -> Result<Vec<Entry>> {
    let after = after.max(filter.since.map_or(i64::MIN, |since| first_id(since) - 1));
    let before = filter.until.map_or(i64::MAX, first_id);
    let (event, app) = (filter.event.clone().unwrap_or_default(), filter.app.map_or(0, |app| app.0));
    let statement = match &filter.person {
        Some(person) => sql("select id, at, node, event, actor, person, app_id, times, detail, sealed from audit \
             where person = $1 and id > $2 and id < $3 and (cast($4 as text) = '' or event = $4) \
             and (cast($5 as bigint) = 0 or app_id = $5) order by id limit $6")
        .bind(person.as_str()),
        None => sql("select id, at, node, event, actor, person, app_id, times, detail, sealed from audit \
             where id > $1 and id < $2 and (cast($3 as text) = '' or event = $3) \
             and (cast($4 as bigint) = 0 or app_id = $4) order by id limit $5"),
    };
    statement.bind(after).bind(before).bind(event).bind(app).bind(limit).all(store).await
}
