//! SQL for SQLite and PostgreSQL: one file per table, and one text for both engines.
//!
//! To add a table: write the next file in `migrations/` (a released file never changes), then `src/<table>.rs` with its
//! `FromRow`, its reads (`async fn verb(store, …)`) and its changes. A change is a *value*, a [`Statement`], which says
//! whether it must touch a row. A request decides on what it has read and then commits all its statements at once with
//! [`Store::commit`]. If one of them does not touch its row, another commit was faster: nothing is written, and the
//! caller reads and decides again. This layer decides nothing.
//!
//! The portable subset of SQL: `$1 $2 …` in the order of first use, `text`, `bigint` and `boolean`, times in
//! milliseconds from *our* clock, JSON as `text`, `on conflict … do`, explicit `order by`. Only `db/` knows that there
//! are two engines.

pub mod accounts;
pub mod agts;
pub mod app_keys;
pub mod apps;
pub mod audit;
pub mod audit_people;
pub mod codes;
pub mod consents;
pub mod db;
pub mod deliveries;
pub mod ends;
pub mod everything;
pub mod failed_logins;
pub mod grants;
pub mod instance;
pub mod links;
pub mod pending_results;
pub mod sealed;
pub mod sealing_keys;
pub mod sessions;
pub mod shipping_addresses;
pub mod signing_keys;
pub mod snapshot;
pub mod sweep;

mod json;
mod unsealed;

pub use db::{Contested, Error, Outcome, Result, Statement, Store, Value, patient};
