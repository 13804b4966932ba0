//! Rows, and how they are read by the names of their columns.

use std::cell::Cell;
use std::sync::Arc;

use super::{Error, Result, Value, table};

/// A row, independent of its driver.
#[derive(Debug)]
pub struct Row {
    /// Text of the statement that read it.
    pub(super) statement: &'static str,
    pub(super) names: Arc<[String]>,
    pub(super) values: Vec<Value>,
    /// The column after the one that was read last. Columns are mostly read in their order.
    next: Cell<usize>,
}

/// A type that is read from a row.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self>;
}

impl Row {
    pub(super) const fn new(statement: &'static str, names: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { statement, names, values, next: Cell::new(0) }
    }

    /// Returns the values in the order of the columns.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }

    fn value(&self, column: &str) -> Result<&Value> {
        let next = self.next.get();
        let has_name = |index: &usize| self.names.get(*index).is_some_and(|name| name == column);
        let index = (next..self.names.len()).chain(0..next).find(has_name);
        let index = index.ok_or_else(|| self.wrong(column, "no such column"))?;
        self.next.set(index + 1);
        self.values.get(index).ok_or_else(|| self.wrong(column, "no such column"))
    }

    pub(crate) fn wrong(&self, column: &str, reason: impl Into<String>) -> Error {
        Error::Inconsistent { table: table(self.statement), column: column.to_owned(), reason: reason.into() }
    }

    /// Returns a value of any type.
    pub(crate) fn any(&self, column: &str) -> Result<&Value> {
        self.value(column)
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64> {
        self.maybe_int(column)?.ok_or_else(|| self.wrong(column, "null"))
    }

    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>> {
        match self.value(column)? {
            Value::Int(value) => Ok(Some(*value)),
            Value::Null => Ok(None),
            other => Err(self.wrong(column, format!("{other:?} is no integer"))),
        }
    }

    pub(crate) fn bool(&self, column: &str) -> Result<bool> {
        match self.value(column)? {
            Value::Bool(value) => Ok(*value),
            Value::Int(value) => Ok(*value != 0),
            other => Err(self.wrong(column, format!("{other:?} is no boolean"))),
        }
    }

    pub(crate) fn text(&self, column: &str) -> Result<String> {
        self.maybe_text(column)?.ok_or_else(|| self.wrong(column, "null"))
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>> {
        match self.value(column)? {
            Value::Text(value) => Ok(Some(value.clone())),
            Value::Null => Ok(None),
            other => Err(self.wrong(column, format!("{other:?} is no text"))),
        }
    }

    pub(crate) fn maybe_str(&self, column: &str) -> Result<Option<&str>> {
        match self.value(column)? {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            other => Err(self.wrong(column, format!("{other:?} is no text"))),
        }
    }

    pub(crate) fn str(&self, column: &str) -> Result<&str> {
        match self.value(column)? {
            Value::Text(value) => Ok(value),
            other => Err(self.wrong(column, format!("{other:?} is no text"))),
        }
    }
}
