//! Rows that an earlier version stored unsealed.

use crate::db::{FromRow, Result, Row, Statement, Store};

/// A row with a text that is to be sealed.
pub(crate) struct Unsealed {
    pub id: i64,
    pub text: String,
}

impl FromRow for Unsealed {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { id: row.int("id")?, text: row.text("text")? })
    }
}

/// Commits the statements that seal a batch.
pub(crate) async fn sealed(store: &Store, batch: Vec<Statement>) -> Result<()> {
    if !batch.is_empty() {
        // A row that changed meanwhile was written sealed.
        let _outcome = store.commit(batch).await?;
    }
    Ok(())
}
