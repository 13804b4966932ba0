//! Statements that end logins of many people at once: epochs increase, so every session, code and token from before is
//! invalid (ARCHITECTURE.md, "Epochs").

use kakaw_core::{AccountId, AppId};

use crate::db::{Result, Statement, Store, sql};

/// Ends every session, code and token of everybody.
#[must_use]
pub fn everybody() -> Statement {
    sql("update accounts set epoch = epoch + 1, version = version + 1")
}

/// Ends every session, code and token of a person.
#[must_use]
pub fn of_person(account: AccountId) -> Statement {
    sql("update accounts set epoch = epoch + 1, version = version + 1 where id = $1").bind(account)
}

/// Ends every code and token of an app. A key is a part of its app, so the app gets a new version.
#[must_use]
pub fn of_app(app: AppId) -> [Statement; 2] {
    [
        sql("update app_keys set epoch = epoch + 1 where app_id = $1").bind(app),
        sql("update apps set version = version + 1 where id = $1").bind(app),
    ]
}

/// Counts the accounts.
pub async fn accounts(store: &Store) -> Result<i64> {
    sql("select count(*) as n from accounts").count(store).await
}
