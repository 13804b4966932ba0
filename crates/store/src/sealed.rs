//! Every column with texts that the platform's keys seal, for the retirement of a key: its texts are sealed again.

use kakaw_core::crypto::seal::Purpose;

use crate::db::{FromRow, Result, Row, Statement, Store, Value, at_rest, sql};

/// A column with sealed texts. Texts that live for minutes, and the proof of the key file, are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Client secrets and admin keys.
    AppKeys,
    /// Passwords that an earlier version stored.
    Passwords,
    SigningKeys,
    /// The keys by which the audit trail names people.
    AuditPeople,
    /// Webhook notices.
    Deliveries,
    ShippingAddresses,
    /// The linking information of people, as an earlier version stored it.
    Attributes,
    /// The private attributes of people.
    Private,
}

/// A sealed text of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    column: Column,
    id: Value,
    /// What the column contains.
    stored: String,
    /// The sealed text in it.
    pub text: String,
}

struct Stored {
    id: Value,
    text: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { id: row.any("id")?.clone(), text: row.text("text")? })
    }
}

/// What precedes the sealed linking information among an account's attributes.
const CI: &str = "\"sealed_ci\":\"";

impl Column {
    pub const ALL: [Self; 8] = [
        Self::AppKeys,
        Self::Passwords,
        Self::SigningKeys,
        Self::AuditPeople,
        Self::Deliveries,
        Self::ShippingAddresses,
        Self::Attributes,
        Self::Private,
    ];

    /// Returns what the texts of this column are sealed for.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::AppKeys | Self::Passwords | Self::SigningKeys | Self::AuditPeople => Purpose::Keep,
            Self::Deliveries | Self::ShippingAddresses | Self::Attributes | Self::Private => Purpose::Rest,
        }
    }

    const fn select(self) -> &'static str {
        match self {
            Self::AppKeys => {
                "select app_key as id, sealed as text from app_keys where app_key > $1 and sealed is not null \
                 order by app_key limit $2"
            }
            Self::Passwords => {
                "select id, sealed_password as text from accounts where id > $1 and sealed_password is not null \
                 order by id limit $2"
            }
            Self::SigningKeys => {
                "select kid as id, sealed as text from signing_keys where kid > $1 order by kid limit $2"
            }
            Self::AuditPeople => {
                "select account_id as id, sealed as text from audit_people where account_id > $1 \
                 order by account_id limit $2"
            }
            Self::Deliveries => "select id, payload as text from deliveries where id > $1 order by id limit $2",
            Self::ShippingAddresses => {
                "select id, fields as text from shipping_addresses where id > $1 order by id limit $2"
            }
            Self::Attributes => {
                "select id, attributes as text from accounts where id > $1 and attributes like '%\"sealed_ci\":\"%' \
                 order by id limit $2"
            }
            Self::Private => {
                "select id, private as text from accounts where id > $1 and private is not null order by id limit $2"
            }
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::AppKeys => "update app_keys set sealed = $1 where app_key = $2 and sealed = $3",
            Self::Passwords => "update accounts set sealed_password = $1 where id = $2 and sealed_password = $3",
            Self::SigningKeys => "update signing_keys set sealed = $1 where kid = $2 and sealed = $3",
            Self::AuditPeople => "update audit_people set sealed = $1 where account_id = $2 and sealed = $3",
            Self::Deliveries => "update deliveries set payload = $1 where id = $2 and payload = $3",
            // Whoever has read the row before must not write the old text back.
            Self::ShippingAddresses => {
                "update shipping_addresses set fields = $1, version = version + 1 where id = $2 and fields = $3"
            }
            Self::Attributes => {
                "update accounts set attributes = $1, version = version + 1 where id = $2 and attributes = $3"
            }
            Self::Private => "update accounts set private = $1, version = version + 1 where id = $2 and private = $3",
        }
    }

    /// Returns the sealed text in what the column contains.
    fn sealed_in(self, stored: &str) -> Option<&str> {
        match self {
            Self::AppKeys | Self::Passwords | Self::SigningKeys | Self::AuditPeople => Some(stored),
            Self::Deliveries | Self::ShippingAddresses | Self::Private => stored.strip_prefix(at_rest::MARK),
            Self::Attributes => stored.split_once(CI)?.1.split('"').next(),
        }
    }

    /// Returns at most `limit` rows after one: the sealed texts among them, and the last row.
    ///
    /// # Errors
    /// The database failed.
    pub async fn some(self, store: &Store, after: Option<Value>, limit: i64) -> Result<(Vec<Sealed>, Option<Value>)> {
        let first = match self {
            Self::AppKeys | Self::SigningKeys => Value::Text(String::new()),
            _ => Value::Int(i64::MIN),
        };
        let rows: Vec<Stored> = sql(self.select()).bind(after.unwrap_or(first)).bind(limit).all(store).await?;
        let last = rows.last().map(|row| row.id.clone());
        let sealed = rows.into_iter().filter_map(|Stored { id, text: stored }| {
            let text = self.sealed_in(&stored)?.to_owned();
            Some(Sealed { column: self, id, stored, text })
        });
        Ok((sealed.collect(), last))
    }
}

impl Sealed {
    /// Replaces the text by one that another key sealed. A row that has changed meanwhile stays as it is.
    #[must_use]
    pub fn replace(&self, text: &str) -> Statement {
        sql(self.column.update())
            .bind(self.stored.replacen(&self.text, text, 1))
            .bind(self.id.clone())
            .bind(self.stored.as_str())
    }
}
