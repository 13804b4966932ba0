//! A connection that reads, and how rows are taken from it.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::{Error, Result, Row, Statement, Value, table};

/// A connection, and the column names of the statements that it has run.
pub(super) struct Reader {
    pub(super) connection: Connection,
    /// By address and length of the statement's text: a text may be a thousand bytes long, and is always the same one.
    names: HashMap<(usize, usize), Arc<[String]>>,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, names: HashMap::new() }
    }

    pub(super) fn query(&mut self, statement: &Statement) -> Result<Vec<Row>> {
        let mut prepared = self.connection.prepare_cached(statement.text)?;
        let text = (statement.text.as_ptr().addr(), statement.text.len());
        let names = self.names.entry(text).or_insert_with(|| prepared.column_names().map(str::to_owned).collect());
        let names = Arc::clone(names);
        for (index, value) in statement.values.iter().enumerate() {
            prepared.raw_bind_parameter(index + 1, value)?;
        }
        let mut rows = prepared.raw_query();
        let mut taken = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(names.len());
            for (index, name) in names.iter().enumerate() {
                let wrong = |reason: &str| Error::Inconsistent {
                    table: table(statement.text),
                    column: name.clone(),
                    reason: reason.to_owned(),
                };
                values.push(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(text) => {
                        Value::Text(str::from_utf8(text).map_err(|_| wrong("text that is not UTF-8"))?.to_owned())
                    }
                    ValueRef::Real(_) | ValueRef::Blob(_) => return Err(wrong("a type that no column has")),
                });
            }
            taken.push(Row::new(statement.text, Arc::clone(&names), values));
        }
        Ok(taken)
    }
}
