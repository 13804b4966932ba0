//! Tables `accounts` and `logins`: accounts, and the ids that people log in with.

use kakaw_core::AccountId;
use kakaw_core::Millis;
use kakaw_core::account::private::Private;
use kakaw_core::account::{Account, Attributes, LoginId};

use crate::db::at_rest::MARK;
use crate::db::{Contested, Error, FromRow, Result, Row, Statement, Store, sql};
use crate::json;

/// An account with its stored password.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub account: Account,
    /// PHC string.
    pub password_hash: Option<String>,
    /// The sealed password of a world file. Only a database in memory has one: everywhere else, passwords are hashed
    /// before they are stored.
    pub sealed_password: Option<String>,
}

/// Reads an account. The private attributes stay sealed, unless the statement has opened them.
pub(crate) fn account_from(row: &Row) -> Result<Account> {
    let mut account = Account {
        id: AccountId(row.int("account_id")?),
        version: row.int("account_version")?,
        epoch: row.int("account_epoch")?,
        restricted: row.bool("restricted")?,
        agreed_to_terms: row.bool("agreed_to_terms")?,
        attributes: json::read(row, "attributes")?,
    };
    if let Some(private) = row.maybe_str("private")? {
        match private.strip_prefix(MARK) {
            Some(sealed) => account.attributes.sealed = Some(sealed.to_owned()),
            None => account.reveal(private.as_bytes()).ok_or_else(|| row.wrong("private", NOT_OURS))?,
        }
    }
    Ok(account)
}

const NOT_OURS: &str = "it is not this account's, or was sealed with another key";

/// Opens the private attributes of a child: only their age matters to every request.
pub(crate) fn open_child(store: &Store, account: &mut Account) -> Result<()> {
    if !account.attributes.child || account.attributes.sealed.is_none() {
        return Ok(());
    }
    let opened = store.sealer().and_then(|sealer| account.open(sealer));
    opened.ok_or_else(|| Error::Inconsistent {
        table: "accounts",
        column: "private".to_owned(),
        reason: NOT_OURS.to_owned(),
    })
}

/// Binds the attributes of an account, and its private ones sealed.
fn bind_attributes(statement: Statement, id: AccountId, attributes: &Attributes, now: Millis) -> Statement {
    let (clear, private) = Private::divide(attributes, id, now);
    let index = statement.bound();
    let statement = statement.bind(json::write(&clear));
    match (&attributes.sealed, private) {
        // What was not opened was not changed.
        (Some(sealed), _) => statement.bind_sealed(format!("{MARK}{sealed}")),
        // Builds before this column look for everything among the attributes.
        (None, Some(private)) => statement
            .bind_sealed(json::write(&private))
            .unless_sealed(index, json::write(attributes))
            .unless_sealed(index + 1, None::<String>),
        (None, None) => statement.bind(None::<String>),
    }
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            account: account_from(row)?,
            password_hash: row.maybe_text("password_hash")?,
            sealed_password: row.maybe_text("sealed_password")?,
        })
    }
}

/// Returns the account with this log-in id.
pub async fn by_login(store: &Store, login: &LoginId) -> Result<Option<Stored>> {
    sql("select a.id as account_id, a.version as account_version, a.epoch as account_epoch, a.restricted, \
         a.agreed_to_terms, a.attributes, a.private, a.password_hash, a.sealed_password \
         from logins l join accounts a on a.id = l.account_id where l.login = $1")
    .bind(login.as_str())
    .opening()
    .maybe(store)
    .await
}

/// Returns the account with this internal key.
pub async fn by_id(store: &Store, id: AccountId) -> Result<Option<Stored>> {
    sql("select id as account_id, version as account_version, epoch as account_epoch, restricted, agreed_to_terms, \
         attributes, private, password_hash, sealed_password from accounts where id = $1")
    .bind(id)
    .opening()
    .maybe(store)
    .await
}

/// The position of an account in the list of all accounts, oldest first. The next page starts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub created_at: Millis,
    pub id: AccountId,
}

impl Place {
    /// The position before every account.
    pub const START: Self = Self { created_at: Millis(i64::MIN), id: AccountId(i64::MIN) };
}

/// An account of a page.
#[derive(Debug, Clone)]
pub struct Listed {
    pub stored: Stored,
    pub place: Place,
}

impl FromRow for Listed {
    fn from_row(row: &Row) -> Result<Self> {
        let stored = Stored::from_row(row)?;
        let place = Place { created_at: Millis(row.int("created_at")?), id: stored.account.id };
        Ok(Self { stored, place })
    }
}

/// Returns a page of accounts, oldest first: those after a position.
pub async fn page(store: &Store, after: Place, limit: i64) -> Result<Vec<Listed>> {
    sql("select id as account_id, version as account_version, epoch as account_epoch, restricted, agreed_to_terms, \
         attributes, private, password_hash, sealed_password, created_at from accounts where (created_at, id) > ($1, $2) \
         order by created_at, id limit $3")
    .bind(after.created_at)
    .bind(after.id)
    .bind(limit)
    .opening()
    .all(store)
    .await
}

/// Selects every account, oldest first, for one consistent read.
pub(crate) fn all() -> Statement {
    sql("select id as account_id, version as account_version, epoch as account_epoch, restricted, agreed_to_terms, \
         attributes, private, password_hash, sealed_password from accounts order by created_at, id")
    .opening()
}

/// Inserts an account.
#[must_use]
pub fn insert(stored: &Stored, now: Millis) -> Statement {
    let account = &stored.account;
    let statement = sql("insert into accounts (id, version, epoch, restricted, agreed_to_terms, attributes, private, \
         password_hash, sealed_password, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         on conflict do nothing")
    .bind(account.id)
    .bind(account.version)
    .bind(account.epoch)
    .bind(account.restricted)
    .bind(account.agreed_to_terms);
    bind_attributes(statement, account.id, &account.attributes, now)
        .bind(stored.password_hash.clone())
        .bind(stored.sealed_password.clone())
        .bind(now)
        .must_touch(Contested::Account)
}

/// Updates an account, if it still has the version that `stored` was read with.
#[must_use]
pub fn update(stored: &Stored, now: Millis) -> Statement {
    let account = &stored.account;
    let statement =
        sql("update accounts set version = version + 1, epoch = $1, restricted = $2, agreed_to_terms = $3, \
         attributes = $4, private = $5, password_hash = $6, sealed_password = $7 where id = $8 and version = $9")
        .bind(account.epoch)
        .bind(account.restricted)
        .bind(account.agreed_to_terms);
    bind_attributes(statement, account.id, &account.attributes, now)
        .bind(stored.password_hash.clone())
        .bind(stored.sealed_password.clone())
        .bind(account.id)
        .bind(account.version)
        .must_touch(Contested::Account)
}

/// Updates the account's attributes, if it still has this version.
#[must_use]
pub fn update_attributes(account: &Account, attributes: &Attributes, now: Millis) -> Statement {
    let statement =
        sql("update accounts set version = version + 1, attributes = $1, private = $2 where id = $3 and version = $4");
    bind_attributes(statement, account.id, attributes, now)
        .bind(account.id)
        .bind(account.version)
        .must_touch(Contested::Account)
}

/// Records that the person agreed to the account's terms.
#[must_use]
pub fn agree_to_terms(id: AccountId) -> Statement {
    sql("update accounts set version = version + 1, agreed_to_terms = true where id = $1")
        .bind(id)
        .must_touch(Contested::Account)
}

/// Ends the dormancy of an account.
#[must_use]
pub fn wake(account: &Account, now: Millis) -> Statement {
    update_attributes(account, &Attributes { dormant: false, ..account.attributes.clone() }, now)
}

/// Deletes an account, if it still has the version that `account` was read with.
#[must_use]
pub fn delete(account: &Account) -> Statement {
    sql("delete from accounts where id = $1 and version = $2")
        .bind(account.id)
        .bind(account.version)
        .must_touch(Contested::Account)
}

/// Stores the hash of a sealed password, unless the password has changed meanwhile. `keep` is the new value of the
/// sealed password.
#[must_use]
pub fn hash_password(id: AccountId, sealed: &str, hash: &str, keep: Option<&str>) -> Statement {
    sql("update accounts set password_hash = $1, sealed_password = $2 where id = $3 and sealed_password = $4")
        .bind(hash)
        .bind(keep.map(str::to_owned))
        .bind(id)
        .bind(sealed)
}

/// Returns accounts whose password an earlier version stored sealed, at most `limit` after an id.
pub async fn with_sealed_passwords(store: &Store, after: i64, limit: i64) -> Result<Vec<Stored>> {
    sql("select id as account_id, version as account_version, epoch as account_epoch, restricted, agreed_to_terms, \
         attributes, private, password_hash, sealed_password from accounts where sealed_password is not null and id > $1 \
         order by id limit $2")
    .bind(after)
    .bind(limit)
    .opening()
    .all(store)
    .await
}

/// Returns accounts whose private attributes an earlier version stored among the others, at most `limit` after an id.
pub async fn with_unsealed_private(store: &Store, after: i64, limit: i64) -> Result<Vec<Account>> {
    // In JSON, a quotation mark inside a value has a backslash before it, so only the name of a value matches.
    let stored: Vec<Stored> = sql(
        "select id as account_id, version as account_version, epoch as account_epoch, restricted, agreed_to_terms, \
         attributes, private, password_hash, sealed_password from accounts where \
         (attributes like '%\"gender\":%' or attributes like '%\"birth%\":%' or attributes like '%\"ci\":%' or \
         attributes like '%\"sealed_ci\":%' or attributes like '%\"ci_authenticated_at\":%' or \
         attributes like '%\"parental_consent\":%') and id > $1 order by id limit $2",
    )
    .bind(after)
    .bind(limit)
    .opening()
    .all(store)
    .await?;
    Ok(stored.into_iter().map(|stored| stored.account).collect())
}

/// Gives this log-in id to the account. It conflicts when another account has it.
#[must_use]
pub fn put_login(login: &LoginId, account_id: AccountId) -> Statement {
    sql("insert into logins (login, account_id) values ($1, $2) \
         on conflict (login) do update set account_id = excluded.account_id where logins.account_id = excluded.account_id")
    .bind(login.as_str())
    .bind(account_id)
    .must_touch(Contested::LoginId)
}

/// Deletes every log-in id of an account.
#[must_use]
pub fn clear_logins(account_id: AccountId) -> Statement {
    sql("delete from logins where account_id = $1").bind(account_id)
}

/// Gives this log-in id to the account too, unless another account has it.
#[must_use]
pub fn offer_login(login: &LoginId, account_id: AccountId) -> Statement {
    sql("insert into logins (login, account_id) values ($1, $2) on conflict do nothing")
        .bind(login.as_str())
        .bind(account_id)
}
