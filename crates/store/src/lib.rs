//! SQL for SQLite and PostgreSQL, one file a table, one text for both.
//!
//! To add a table: write the next file in `migrations/` (a file never changes once it is out), then `src/<table>.rs` with
//! its `FromRow`, its reads (`async fn verb(store, …)`) and its changes. A change is a *value*, a [`Statement`] that says
//! how many rows it must touch; a request decides on what it has read and then commits all its statements at once with
//! [`Store::commit`]. If one of them does not touch its row, somebody was faster: nothing is written, and the
//! caller reads and decides again. This layer decides nothing.
//!
//! The portable subset: `$1 $2 …` in the order of first use, `text` and `bigint` and `boolean`, times in milliseconds from
//! *our* clock, JSON as `text`, `on conflict … do`, explicit `order by`. Only `db/` knows that there are two engines.

pub mod accounts;
pub mod agts;
pub mod app_keys;
pub mod apps;
pub mod codes;
pub mod db;
pub mod deliveries;
pub mod everything;
pub mod grants;
pub mod instance;
pub mod links;
pub mod pending_results;
pub mod sessions;
pub mod shipping_addresses;
pub mod signing_keys;
pub mod snapshot;
pub mod sweep;

mod json;

pub use db::{Contested, Error, Outcome, Result, Statement, Store, Value, patient};
