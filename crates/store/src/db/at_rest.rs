//! Values that are sealed at rest: sealed when a statement is committed, opened when a row is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kakaw_core::crypto::seal::{Purpose, Sealer};

use super::{Error, Result, Row, Statement, Store, Value, table};

/// What sealed texts begin with. JSON never does.
pub(crate) const MARK: &str = "sealed:";

impl Store {
    /// Sets whether values that would be sealed are written unsealed, as builds before read them.
    pub fn leave_unsealed(&self, leave: bool) {
        self.leaves_unsealed.store(leave, Ordering::Relaxed);
    }

    /// Whether values that would be sealed are written unsealed.
    #[must_use]
    pub fn leaves_unsealed(&self) -> bool {
        self.leaves_unsealed.load(Ordering::Relaxed)
    }

    /// Seals the values of statements that are to be sealed.
    pub(super) fn seal(&self, statements: &mut [Statement]) -> Result<()> {
        if !self.leaves_unsealed() {
            return seal(statements, self.sealer.get());
        }
        for statement in statements {
            for (index, value) in std::mem::take(&mut statement.unsealed) {
                if let Some(place) = statement.values.get_mut(index) {
                    *place = value;
                }
            }
        }
        Ok(())
    }
}

fn seal(statements: &mut [Statement], sealer: Option<&Arc<Sealer>>) -> Result<()> {
    for statement in statements {
        let Some(index) = statement.sealed else { continue };
        let Some(sealer) = sealer else { return Err(no_keys()) };
        if let Some(Value::Text(text)) = statement.values.get_mut(index) {
            if text.starts_with(MARK) {
                // It was read sealed, and is written again as it is.
                continue;
            }
            *text = format!("{MARK}{}", sealer.seal(Purpose::Rest, text.as_bytes()));
        }
    }
    Ok(())
}

/// Opens the sealed texts of rows, if the statement asks for that.
pub(super) fn open(statement: &Statement, rows: &mut [Row], sealer: Option<&Arc<Sealer>>) -> Result<()> {
    if !statement.opens {
        return Ok(());
    }
    for row in rows {
        let names = Arc::clone(&row.names);
        let wrong = |column: usize| Error::Inconsistent {
            table: table(row.statement),
            column: names.get(column).cloned().unwrap_or_default(),
            reason: "it was sealed with another key".to_owned(),
        };
        for (column, value) in row.values.iter_mut().enumerate() {
            let Value::Text(text) = value else { continue };
            let Some(sealed) = text.strip_prefix(MARK) else { continue };
            let plain = sealer.ok_or_else(no_keys)?.open(Purpose::Rest, sealed);
            *text = plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or_else(|| wrong(column))?;
        }
    }
    Ok(())
}

fn no_keys() -> Error {
    Error::Unusable("the store has no keys for values that are sealed at rest".to_owned())
}
