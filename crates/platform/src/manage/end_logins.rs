//! Use case: ends all logins of a person, of an app, or of everybody, as after a breach or a restore.

use kakaw_core::AppId;
use kakaw_core::account::LoginId;
use kakaw_core::wire::Expected;
use kakaw_store::{Outcome, accounts, ends};
use serde_json::json;

use super::{Actor, Refused, links};
use crate::Platform;
use crate::audit::{self, Entry, Event};

/// Whose logins end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndLogins {
    /// Sessions and tokens of everybody, in every app.
    Everybody,
    /// Tokens of everybody in this app. Sessions of the account service stay.
    App(i64),
    /// Sessions and tokens of the person with this login id, in every app.
    Person(String),
}

impl EndLogins {
    /// # Errors
    /// There is no such app or person, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor) -> Result<(), Refused> {
        let entry = |event| Entry::new(event, actor.name());
        let (mut changes, rows) = match self {
            Self::Everybody => {
                let of = json!({ "of": "everybody", "accounts": ends::accounts(&platform.store).await? });
                (vec![ends::everybody()], entry(Event::SessionsEnded).detail(of).statement(platform))
            }
            Self::App(id) => {
                let app = links::app(platform, AppId(*id)).await?;
                let row = entry(Event::SessionsEnded).app(app.id).detail(json!({ "of": "app" }));
                (ends::of_app(app.id).into(), row.statement(platform))
            }
            Self::Person(login) => {
                let unknown = || Refused::problem("login", login, Expected::KnownPerson {});
                let stored = accounts::by_login(&platform.store, &LoginId::of(login)).await?.ok_or_else(unknown)?;
                let person = audit::person(platform, stored.account.id).await?;
                let row = entry(Event::LogoutEverywhere).person(person.as_ref());
                (vec![ends::of_person(stored.account.id)], row.statement(platform))
            }
        };
        changes.extend(rows);
        match platform.store.commit(changes).await? {
            Outcome::Committed => Ok(()),
            Outcome::Conflict { .. } => Err(Refused::Contention),
        }
    }
}
