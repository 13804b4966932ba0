//! The database of a store, as a URL.

use std::fmt;
use std::path::Path;

use super::postgres;

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub enum Url {
    /// SQLite in memory. Its contents are lost when the store is dropped.
    Memory,
    /// SQLite in a file.
    Sqlite(std::path::PathBuf),
    /// `postgres://…`.
    Postgres(String),
}

impl Url {
    /// Parses `memory`, `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(Path::new(path).to_owned()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            postgres::Address::parse(text)?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        // Repeat only the scheme: the rest may contain a password.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(format!("{scheme:?}…: expected sqlite:PATH, postgres://… or memory"))
    }

    /// Returns a URL without the password of PostgreSQL, for display.
    #[must_use]
    pub fn shown(text: &str) -> String {
        if text.contains("://") { postgres::shown(text) } else { text.to_owned() }
    }
}

/// Without the password.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&Self::shown(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_the_engine() {
        assert_eq!(Url::parse("sqlite:a.db"), Ok(Url::Sqlite("a.db".into())));
        assert!(Url::parse("mysql://x").is_err());
        assert!(Url::parse("sqlite:").is_err());
    }
}
