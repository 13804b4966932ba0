//! Reads every app and every person, with all that belongs to them, at one point in time.

use std::collections::BTreeMap;

use kakaw_core::account::shipping::Address;
use kakaw_core::app::App;
use kakaw_core::link::Link;

use crate::db::{FromRow, Result, Row, Store};
use crate::{accounts, app_keys, apps, links, shipping_addresses};

/// All apps and people of a platform.
#[derive(Debug, Clone)]
pub struct Everything {
    /// By id. Each has its keys by kind and position, including deleted ones.
    pub apps: Vec<(App, Vec<app_keys::Stored>)>,
    /// Oldest first.
    pub people: Vec<Person>,
}

/// An account and the rows that belong to it.
#[derive(Debug, Clone)]
pub struct Person {
    pub stored: accounts::Stored,
    /// By app.
    pub links: Vec<Link>,
    /// By id.
    pub addresses: Vec<Address>,
}

/// Reads everything in one consistent read and converts it with `make`, outside the threads of requests.
///
/// # Errors
/// The database failed.
pub async fn read<T: Send + 'static>(store: &Store, make: impl FnOnce(Everything) -> T + Send + 'static) -> Result<T> {
    let statements = vec![apps::all(), app_keys::all(), accounts::all(), links::all(), shipping_addresses::all()];
    store.read_at_once(statements, |tables| together(tables).map(make)).await
}

fn together(tables: Vec<Vec<Row>>) -> Result<Everything> {
    let mut tables = tables.into_iter().map(Vec::into_iter);
    let mut next = || tables.next().into_iter().flatten();
    let (apps, keys, accounts, links, addresses) = (next(), next(), next(), next(), next());
    let mut keys = by(keys, |key: &app_keys::Stored| key.key.app_id.0)?;
    let mut links = by(links, |link: &Link| link.account_id.0)?;
    let mut addresses = by(addresses, |address: &Address| address.account_id.0)?;
    let apps = apps.map(|row| {
        let app = App::from_row(&row)?;
        let keys = keys.remove(&app.id.0).unwrap_or_default();
        Ok((app, keys))
    });
    let apps = apps.collect::<Result<_>>()?;
    let people = accounts.map(|row| {
        let stored = accounts::Stored::from_row(&row)?;
        let id = stored.account.id;
        let (links, addresses) = (links.remove(&id.0).unwrap_or_default(), addresses.remove(&id.0).unwrap_or_default());
        Ok(Person { stored, links, addresses })
    });
    Ok(Everything { apps, people: people.collect::<Result<_>>()? })
}

/// Groups rows by their owner, in their order.
fn by<T: FromRow>(rows: impl Iterator<Item = Row>, owner: impl Fn(&T) -> i64) -> Result<BTreeMap<i64, Vec<T>>> {
    let mut all: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for row in rows {
        let value = T::from_row(&row)?;
        all.entry(owner(&value)).or_default().push(value);
    }
    Ok(all)
}
