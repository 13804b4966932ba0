//! JSON in text columns.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::{Result, Row};

/// Parses a column.
pub(crate) fn read<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(row.str(column)?).map_err(|error| row.wrong(column, error.to_string()))
}

/// Serializes a value. Our values are maps with text keys, lists and plain values, which JSON always represents.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
