//! Table `audit_people`: the keys by which the audit trail names people. Without its row, nobody knows whose rows they
//! are.

use kakaw_core::AccountId;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};

/// The name of a person in the trail, and their key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPerson {
    pub account_id: AccountId,
    pub name: String,
    /// The key, sealed.
    pub sealed: String,
}

impl FromRow for AuditPerson {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { account_id: AccountId(row.int("account_id")?), name: row.text("name")?, sealed: row.text("sealed")? })
    }
}

/// Returns the person with this account.
pub async fn of_account(store: &Store, account: AccountId) -> Result<Option<AuditPerson>> {
    sql("select account_id, name, sealed from audit_people where account_id = $1").bind(account).maybe(store).await
}

/// Returns the person with this name in the trail.
pub async fn by_name(store: &Store, name: &str) -> Result<Option<AuditPerson>> {
    sql("select account_id, name, sealed from audit_people where name = $1").bind(name).maybe(store).await
}

/// Inserts a person, if there is the account and it has no key.
#[must_use]
pub fn insert(person: &AuditPerson) -> Statement {
    sql("insert into audit_people (account_id, name, sealed) \
         select cast($1 as bigint), cast($2 as text), cast($3 as text) where exists (select 1 from accounts where id = $1) \
         on conflict do nothing")
    .bind(person.account_id)
    .bind(person.name.as_str())
    .bind(person.sealed.as_str())
}

/// The same in the commit whose rows name the person. It conflicts when another commit was faster.
#[must_use]
pub fn insert_now(person: &AuditPerson) -> Statement {
    insert(person).must_touch(Contested::AuditRow)
}

/// Destroys a person's key.
#[must_use]
pub fn delete(account: AccountId) -> Statement {
    sql("delete from audit_people where account_id = $1").bind(account)
}
