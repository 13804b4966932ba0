//! Snapshots: every row of a world, to restore it later. The signing keys are not restored, because services cache
//! them, nor is what belongs to the key file.

use std::sync::{Arc, LazyLock};

use crate::db::{Contested, Row, sql};
use crate::{Error, Outcome, Result, Statement, Store, Value};

/// The tables and their columns. A test compares them with the schema.
const TABLES: [(&str, &str); 14] = [
    ("apps", "id version settings created_at"),
    ("app_keys", "app_key app_id kind position epoch deleted settings secret_hash sealed"),
    (
        "accounts",
        "id version epoch restricted agreed_to_terms attributes private password_hash sealed_password created_at",
    ),
    ("logins", "login account_id"),
    ("failed_logins", "account_id failures last_at"),
    (
        "links",
        "app_id account_id user_id version epoch connected connected_at consents signup_due synched_at terms \
         properties channels",
    ),
    ("sessions", "id account_id auth_time expires_at account_epoch device address"),
    (
        "codes",
        "id app_id app_key account_id redirect_uri scopes openid nonce code_challenge auth_time session_id device \
         address link_epoch account_epoch key_epoch created_at expires_at spent_at grant_id tx_id",
    ),
    (
        "grants",
        "id app_id app_key account_id scopes openid nonce auth_time session_id device address link_epoch \
         account_epoch key_epoch created_at refresh_generation refresh_expires_at rotated_at ended_at ended_why",
    ),
    ("shipping_addresses", "id account_id version is_default updated_at fields"),
    ("agts", "id grant_id expires_at spent_at"),
    ("pending_results", "id app_id answer expires_at read_at"),
    ("deliveries", "id app_id kind payload state created_at due_at lease attempts result"),
    ("webhook_states", "app_id kind url failures paused_at"),
];

/// The statements for a table.
struct Table {
    select: &'static str,
    insert: &'static str,
    delete: &'static str,
}

/// Made once from [`TABLES`], because the texts of statements must live as long as the process.
static STATEMENTS: LazyLock<Vec<Table>> =
    LazyLock::new(|| TABLES.iter().map(|(name, columns)| table(name, columns)).collect());

fn table(name: &str, columns: &str) -> Table {
    let columns: Vec<&str> = columns.split_whitespace().collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let (columns, places) = (columns.join(", "), places.join(", "));
    Table {
        select: format!("select {columns} from {name}").leak(),
        insert: format!("insert into {name} ({columns}) values ({places})").leak(),
        delete: format!("delete from {name}").leak(),
    }
}

/// The rows of a world at one point in time.
#[derive(Debug, Clone)]
pub struct Snapshot(Arc<Vec<Vec<Vec<Value>>>>);

impl Snapshot {
    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// Reads every row in one consistent read. Others may write meanwhile.
///
/// # Errors
/// The database failed.
pub async fn take(store: &Store) -> Result<Snapshot> {
    let statements = STATEMENTS.iter().map(|table| sql(table.select)).collect();
    let values = |rows: Vec<Row>| rows.into_iter().map(Row::into_values).collect();
    store.read_at_once(statements, move |tables| Ok(Snapshot(Arc::new(tables.into_iter().map(values).collect())))).await
}

/// Restores the rows of a snapshot.
///
/// # Errors
/// The database failed. Nothing has changed then.
pub async fn restore(store: &Store, snapshot: &Snapshot) -> Result<()> {
    let mut statements: Vec<Statement> = STATEMENTS.iter().map(|table| sql(table.delete)).collect();
    for (table, rows) in STATEMENTS.iter().zip(snapshot.0.iter()) {
        let insert = || sql(table.insert).must_touch(Contested::SnapshotRow);
        statements.extend(rows.iter().map(|row| row.iter().cloned().fold(insert(), Statement::bind)));
    }
    let outcome = store.commit(statements).await?;
    // The restore also sets versions back, so settings cached by version could be mistaken for others.
    store.apps.clear();
    match outcome {
        Outcome::Committed => Ok(()),
        Outcome::Conflict { .. } => Err(Error::Unusable("the snapshot has two rows of one key".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Url;

    #[tokio::test]
    async fn no_column_is_forgotten() {
        let store = Store::open(&Url::Memory).await.expect("store");
        for (name, columns) in TABLES {
            let text: &'static str = format!("select name as column_name from pragma_table_info('{name}')").leak();
            let rows = store.query(sql(text)).await.expect("columns");
            let mut schema: Vec<String> = rows.iter().map(|row| row.text("column_name").expect("name")).collect();
            let mut ours: Vec<&str> = columns.split_whitespace().collect();
            schema.sort();
            ours.sort_unstable();
            assert_eq!(schema, ours, "{name}");
        }
        let all = store.query(sql("select name as t from sqlite_schema where type = 'table' order by name")).await;
        let all: Vec<String> = all.expect("tables").iter().map(|row| row.text("t").expect("name")).collect();
        let left: Vec<&String> = all.iter().filter(|name| TABLES.iter().all(|(ours, _)| ours != name)).collect();
        // The trail of what was done is not undone.
        let kept = ["audit", "audit_anchors", "audit_batches", "audit_people", "consent_texts", "consents"];
        assert_eq!(left, [&kept[..], &["instance", "schema_history", "sealing_keys", "signing_keys"]].concat());
    }
}
