//! Applies `migrations/` in order. It refuses a database of a newer version or with a changed history.
//!
//! It is our own and not refinery, because one text serves both engines after a substitution of types, which refinery
//! cannot do.

use super::{Error, Result};

/// A migration of the schema.
pub(crate) struct Migration {
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

/// Every migration, in order.
pub(super) const ALL: &[Migration] = &[
    Migration { version: 1, name: "start", sql: include_str!("../../migrations/0001_start.sql") },
    Migration { version: 2, name: "platform", sql: include_str!("../../migrations/0002_platform.sql") },
    Migration { version: 3, name: "instance", sql: include_str!("../../migrations/0003_instance.sql") },
    Migration { version: 4, name: "pages", sql: include_str!("../../migrations/0004_pages.sql") },
    Migration { version: 5, name: "pending_results", sql: include_str!("../../migrations/0005_pending_results.sql") },
    Migration { version: 6, name: "failed_logins", sql: include_str!("../../migrations/0006_failed_logins.sql") },
    Migration { version: 7, name: "keys", sql: include_str!("../../migrations/0007_keys.sql") },
    Migration { version: 8, name: "audit", sql: include_str!("../../migrations/0008_audit.sql") },
    Migration { version: 9, name: "private", sql: include_str!("../../migrations/0009_private.sql") },
];

/// Returns the version of the schema that this program uses.
#[must_use]
pub const fn schema() -> i64 {
    ALL.len() as i64
}

pub(crate) const CREATE_HISTORY: &str = "create table if not exists schema_history (version bigint not null primary key, name text not null, checksum bigint not null)";
pub(crate) const READ_HISTORY: &str = "select version, checksum from schema_history order by version";

/// Returns the migrations that a database with this history (version, checksum) still needs.
pub(super) fn pending(history: &[(i64, i64)]) -> Result<&'static [Migration]> {
    for (version, checksum) in history {
        match ALL.iter().find(|step| step.version == *version) {
            None => {
                let version = history.last().map_or(*version, |(last, _)| *last);
                return Err(Error::Migration(format!(
                    "the database has schema version {version}, and this program knows versions up to {}: start a newer kakaw",
                    ALL.len()
                )));
            }
            Some(step) if sum(step.sql) != *checksum => {
                return Err(Error::Migration(format!(
                    "migration {version} ({}) is not the one that made this database: its text was changed",
                    step.name
                )));
            }
            Some(_) => {}
        }
    }
    Ok(ALL.get(history.len()..).unwrap_or_default())
}

/// Returns the FNV-1a checksum of the text.
pub(super) fn sum(text: &str) -> i64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        as i64
}

/// Converts the text for SQLite: its types, and strict tables.
pub(crate) fn for_sqlite(text: &str) -> String {
    text.replace("bigint", "integer").replace("boolean", "integer").replace("\n);", "\n) strict;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes of the build before run on while a new one migrates: it may only add what they do not notice.
    #[test]
    fn migrations_only_expand() {
        for step in ALL.iter().filter(|step| step.version > 5) {
            let text = step.sql.to_ascii_lowercase();
            for word in ["drop ", "rename ", "alter column", "update ", "delete ", "truncate "] {
                assert!(!text.contains(word), "{}: {word}", step.name);
            }
            let added = text.split("add column ").skip(1).map(|rest| rest.split(';').next().expect("a text"));
            for column in added {
                let fits = column.contains(" default ") || !column.contains("not null");
                assert!(fits, "{}: {column}", step.name);
            }
        }
    }

    #[test]
    fn a_newer_or_changed_database_is_refused() {
        let first = (1, sum(ALL[0].sql));
        assert_eq!(pending(&[]).expect("fresh").len(), ALL.len());
        assert_eq!(pending(&[first]).expect("current").len(), ALL.len() - 1);
        assert!(pending(&[first, (999, 0)]).is_err());
        assert!(pending(&[(1, 7)]).is_err());
    }
}
