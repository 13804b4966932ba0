//! `GET /control/v1/people` — who is in the world, with what they are linked, and whether they are logged in.

use axum::response::Response;
use kakaw_core::UserId;
use kakaw_store::{accounts, apps, grants, links, sessions};
use schemars::JsonSchema;
use serde::Serialize;

use super::caller::Caller;
use crate::world::World;
use kakaw_platform::manage::Refused;

/// A person, as services and browsers know them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Person {
    /// A log-in id.
    person: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    /// The account cannot log in.
    restricted: bool,
    /// Browsers in which the account is logged in now.
    sessions: i64,
    links: Vec<Link>,
}

/// A link with an app.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Link {
    /// App id.
    app: i64,
    app_name: String,
    /// The person's user id there.
    #[schemars(with = "i64")]
    user_id: UserId,
    /// Whether it is in force; an ended one keeps its user id.
    connected: bool,
    /// When an unfinished sign-up ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_due: Option<String>,
    /// The items that the person agreed to.
    scopes: Vec<String>,
    /// Service terms that the person agreed to.
    terms: Vec<String>,
    /// Log-ins whose tokens live.
    grants: i64,
}

pub async fn get(caller: Caller) -> Response {
    caller.told(all(&caller.world).await.map_err(Refused::from))
}

async fn all(world: &World) -> Result<Vec<Person>, kakaw_store::Error> {
    let (now, mut people) = (world.now(), Vec::new());
    for stored in accounts::all(&world.platform.store).await? {
        let account = stored.account;
        let mut of = Vec::new();
        for link in links::of_account(&world.platform.store, account.id).await? {
            let app = apps::by_id(&world.platform.store, link.app_id).await?;
            of.push(Link {
                app: link.app_id.0,
                app_name: app.map(|app| app.settings.name).unwrap_or_default(),
                user_id: link.user_id,
                connected: link.connected,
                signup_due: link.signup_due.map(|due| due.rfc3339()),
                scopes: link.consents.keys().map(|item| item.id().to_owned()).collect(),
                terms: link.terms.keys().cloned().collect(),
                grants: grants::live_of(&world.platform.store, &link, account.epoch, now).await?,
            });
        }
        people.push(Person {
            sessions: sessions::live_of(&world.platform.store, account.id, account.epoch, now).await?,
            restricted: account.restricted,
            nickname: account.attributes.nickname.clone(),
            person: account.attributes.email.or(account.attributes.id).unwrap_or_default(),
            links: of,
        });
    }
    Ok(people)
}
