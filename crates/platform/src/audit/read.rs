//! Reads the trail for an operator: opens what is sealed, and says whose row it is.

use std::collections::HashMap;

use kakaw_core::AppId;
use kakaw_core::account::LoginId;
use kakaw_core::audit::Row;
use kakaw_core::{AccountId, UserId};
use kakaw_store::audit::Filter;
use kakaw_store::consents::Consent;
use kakaw_store::{Error, accounts, audit, audit_people, consents, links};
use serde::Serialize;
use serde_json::Value;

use super::people::{self, Person};
use crate::Platform;

/// A row as an operator reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Hexadecimal.
    pub id: String,
    /// RFC 3339.
    pub at: String,
    pub event: String,
    pub by: String,
    pub node: String,
    /// The person's name in the trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The person's login id, while the account exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<i64>,
    pub times: i64,
    pub detail: Value,
    /// Personal data, while the person's key exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Value>,
}

/// A person that an operator names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub account: Option<AccountId>,
    /// The name in the trail. `None`: no row is about them.
    pub name: Option<String>,
}

/// Finds a person by login id, by `APP:USER_ID`, or by their name in the trail.
///
/// # Errors
/// The database failed.
pub async fn find(platform: &Platform, text: &str) -> Result<Option<Found>, Error> {
    let account = match accounts::by_login(&platform.store, &LoginId::of(text)).await? {
        Some(stored) => Some(stored.account.id),
        None => by_user_id(platform, text).await?,
    };
    if let Some(account) = account {
        let known = people::known(platform, account).await?;
        return Ok(Some(Found { account: Some(account), name: known.map(|person| person.name) }));
    }
    if let Some(known) = audit_people::by_name(&platform.store, text).await? {
        return Ok(Some(Found { account: Some(known.account_id), name: Some(known.name) }));
    }
    // A name whose person is gone still finds its rows.
    let filter = Filter { person: Some(text.to_owned()), ..Filter::default() };
    let rows = audit::page(&platform.store, &filter, i64::MIN, 1).await?;
    Ok(rows.first().map(|_| Found { account: None, name: Some(text.to_owned()) }))
}

async fn by_user_id(platform: &Platform, text: &str) -> Result<Option<AccountId>, Error> {
    let parsed = text.split_once(':').and_then(|(app, user)| Some((app.parse().ok()?, user.parse().ok()?)));
    let Some((app, user)) = parsed else { return Ok(None) };
    let link = links::by_user_id(&platform.store, AppId(app), UserId(user)).await?;
    Ok(link.map(|link| link.account_id))
}

/// Returns a page of rows after an id, oldest first, and the id of the last.
///
/// # Errors
/// The database failed.
pub async fn page(platform: &Platform, filter: &Filter, after: i64, limit: i64) -> Result<(Vec<Shown>, i64), Error> {
    let rows = audit::page(&platform.store, filter, after, limit).await?;
    let last = rows.last().map_or(after, |row| row.id);
    let mut known: HashMap<String, Option<(Person, Option<String>)>> = HashMap::new();
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(name) = &row.person
            && !known.contains_key(name)
        {
            known.insert(name.clone(), person(platform, name).await?);
        }
        let of = row.person.as_ref().and_then(|name| known.get(name)?.as_ref());
        shown.push(show(&row, of));
    }
    Ok((shown, last))
}

async fn person(platform: &Platform, name: &str) -> Result<Option<(Person, Option<String>)>, Error> {
    let Some(stored) = audit_people::by_name(&platform.store, name).await? else { return Ok(None) };
    let account = accounts::by_id(&platform.store, stored.account_id).await?;
    let attributes = account.map(|stored| stored.account.attributes);
    let login = attributes.and_then(|attributes| attributes.email.or(attributes.id));
    Ok(Some((people::open(platform, stored)?, login)))
}

fn show(row: &Row, of: Option<&(Person, Option<String>)>) -> Shown {
    let open = |person: &Person| serde_json::from_slice(&person.key.open(row.id, row.sealed.as_ref()?)?).ok();
    Shown {
        id: format!("{:x}", row.id),
        at: row.at.rfc3339_exact(),
        event: row.event.clone(),
        by: row.actor.clone(),
        node: row.node.clone(),
        person: row.person.clone(),
        login: of.and_then(|(_, login)| login.clone()),
        app: row.app.map(|app| app.0),
        times: row.times,
        detail: row.details(),
        private: of.and_then(|(person, _)| open(person)),
    }
}

/// Returns every consent of an account, oldest first.
///
/// # Errors
/// The database failed.
pub async fn consents_of(platform: &Platform, account: AccountId) -> Result<Vec<Consent>, Error> {
    consents::of_account(&platform.store, account).await
}
