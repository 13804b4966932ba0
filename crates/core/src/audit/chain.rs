//! The chain of a node: rows in batches, and each batch over the one before.
//!
//! All codes are HMAC-SHA-256 under a key that is not in the database. A row's code covers its contents and its place,
//! so a changed or moved row is found by itself. A batch's head covers the codes of its rows and the head before, so a
//! row or a batch that was removed or put in is found too. When old batches are deleted, a signed anchor takes their
//! place: the chain then starts after it. What is removed from the end of a chain is found only with a head that was
//! kept elsewhere, so every head also goes to the log.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Row;
use crate::Millis;

/// The head before the first batch of a chain.
const START: &str = "";

/// The key of all chains.
pub struct ChainKey(hmac::Key);

/// A row in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub row: Row,
    /// 1 for the first row of the batch.
    pub place: i64,
    pub code: String,
}

/// A batch of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub chain: String,
    /// 1 for the first batch of the chain.
    pub number: i64,
    /// The number of its rows.
    pub rows: i64,
    /// The time of its latest row.
    pub until: Millis,
    pub head: String,
}

/// What stands for deleted batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub chain: String,
    /// The last deleted batch.
    pub number: i64,
    /// The number of deleted rows.
    pub rows: i64,
    /// The time of the latest deleted row.
    pub until: Millis,
    /// The head of the last deleted batch.
    pub head: String,
    pub code: String,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The row was changed or moved.
    Row { chain: String, batch: i64, place: i64, id: i64 },
    /// A row of the batch is missing.
    NoRow { chain: String, batch: i64, place: i64 },
    /// The batch has a row that does not belong to it.
    Extra { chain: String, batch: i64, id: i64 },
    /// The batch's own values were changed, or the batch before it was.
    Batch { chain: String, batch: i64 },
    /// A batch is missing.
    NoBatch { chain: String, batch: i64 },
    /// The anchor was changed or made by somebody else.
    Anchor { chain: String },
    /// A head that was logged is not in the chain.
    NoHead { chain: String, batch: i64 },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { chain, batch, place, id } => {
                write!(f, "{chain}, batch {batch}, row {place} (id {id:x}): it was changed or moved")
            }
            Self::NoRow { chain, batch, place } => write!(f, "{chain}, batch {batch}, row {place}: it is missing"),
            Self::Extra { chain, batch, id } => {
                write!(f, "{chain}, batch {batch}: the row {id:x} does not belong to it")
            }
            Self::Batch { chain, batch } => {
                write!(f, "{chain}, batch {batch}: its head does not fit its rows and the batch before it")
            }
            Self::NoBatch { chain, batch } => write!(f, "{chain}, batch {batch}: it is missing"),
            Self::Anchor { chain } => write!(f, "{chain}: the anchor of the deleted batches was changed"),
            Self::NoHead { chain, batch } => {
                write!(f, "{chain}, batch {batch}: the log has a head of it that the chain does not have")
            }
        }
    }
}

impl ChainKey {
    /// Derives the key from a key that is kept outside the database.
    #[must_use]
    pub fn derive(root: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, root), b"kakaw audit chain");
        Self(hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref()))
    }

    /// Puts rows into the next batch of a chain.
    #[must_use]
    pub fn batch(&self, chain: &str, number: i64, previous: Option<&str>, rows: Vec<Row>) -> (Batch, Vec<Placed>) {
        let placed: Vec<Placed> = (1..)
            .zip(rows)
            .map(|(place, row)| Placed { code: self.row(chain, number, place, &row), row, place })
            .collect();
        let mut batch = Batch {
            chain: chain.to_owned(),
            number,
            rows: placed.len() as i64,
            until: placed.iter().map(|placed| placed.row.at).max().unwrap_or_default(),
            head: String::new(),
        };
        batch.head = self.head(&batch, previous.unwrap_or(START), placed.iter().map(|placed| placed.code.as_str()));
        (batch, placed)
    }

    /// Signs the place of deleted batches. `last` is the last of them.
    #[must_use]
    pub fn anchor(&self, last: &Batch, rows: i64) -> Anchor {
        let Batch { chain, number, until, head, .. } = last.clone();
        let anchor = Anchor { chain, number, rows, until, head, code: String::new() };
        Anchor { code: self.anchor_code(&anchor), ..anchor }
    }

    /// Checks a batch and its rows, which are in the order of their places. `previous` is the head before it.
    #[must_use]
    pub fn check(&self, batch: &Batch, previous: Option<&str>, rows: &[Placed]) -> Vec<Finding> {
        let Batch { chain, number, .. } = batch;
        let (chain, number) = (chain.clone(), *number);
        let mut findings = Vec::new();
        let mut next = 1;
        for Placed { row, place, code } in rows {
            if *place > batch.rows || *place < next {
                findings.push(Finding::Extra { chain: chain.clone(), batch: number, id: row.id });
                continue;
            }
            while next < *place {
                findings.push(Finding::NoRow { chain: chain.clone(), batch: number, place: next });
                next += 1;
            }
            if !same(&self.row(&chain, number, *place, row), code) {
                findings.push(Finding::Row { chain: chain.clone(), batch: number, place: *place, id: row.id });
            }
            next += 1;
        }
        // What a changed count claims is not listed row by row.
        if next <= batch.rows {
            findings.push(Finding::NoRow { chain: chain.clone(), batch: number, place: next });
        }
        let codes = rows.iter().map(|placed| placed.code.as_str());
        if findings.is_empty() && !same(&self.head(batch, previous.unwrap_or(START), codes), &batch.head) {
            findings.push(Finding::Batch { chain, batch: number });
        }
        findings
    }

    /// Checks an anchor.
    #[must_use]
    pub fn check_anchor(&self, anchor: &Anchor) -> Option<Finding> {
        let fits = same(&self.anchor_code(anchor), &anchor.code);
        (!fits).then(|| Finding::Anchor { chain: anchor.chain.clone() })
    }

    fn row(&self, chain: &str, batch: i64, place: i64, row: &Row) -> String {
        let Row { id, at, node, event, actor, person, app, times, detail, sealed } = row;
        let mut code = Code::new(&self.0, "row");
        code.text(chain).number(batch).number(place).number(*id).number(at.0).text(node).text(event).text(actor);
        code.maybe(person.as_deref()).maybe(app.map(|app| app.0.to_string()).as_deref()).number(*times).text(detail);
        code.maybe(sealed.as_deref());
        code.end()
    }

    fn head<'a>(&self, batch: &Batch, previous: &str, codes: impl Iterator<Item = &'a str>) -> String {
        let mut code = Code::new(&self.0, "batch");
        code.text(&batch.chain).number(batch.number).number(batch.rows).number(batch.until.0).text(previous);
        codes.for_each(|of_row| {
            code.text(of_row);
        });
        code.end()
    }

    fn anchor_code(&self, anchor: &Anchor) -> String {
        let Anchor { chain, number, rows, until, head, code: _ } = anchor;
        let mut code = Code::new(&self.0, "anchor");
        code.text(chain).number(*number).number(*rows).number(until.0).text(head);
        code.end()
    }
}

fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// A code over values. Each value comes with its kind and its length, so that no two lists of values give the same
/// bytes.
struct Code(hmac::Context);

impl Code {
    fn new(key: &hmac::Key, what: &str) -> Self {
        let mut code = Self(hmac::Context::with_key(key));
        code.text(what);
        code
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.update(b"t");
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.0.update(b"n");
        self.0.update(&number.to_be_bytes());
        self
    }

    fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => {
                self.0.update(b"-");
                self
            }
        }
    }

    fn end(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign().as_ref())
    }
}

#[cfg(test)]
mod tests;
