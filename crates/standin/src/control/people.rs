//! `GET /control/v1/people` — the people of the world with their links and log-ins, in pages.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use kakaw_core::{AccountId, Millis, UserId};
use kakaw_store::accounts::Place;
use kakaw_store::{accounts, apps, grants, links, sessions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use crate::refused::Refused;
use crate::world::World;
use kakaw_platform::manage;

/// Which people, oldest account first.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// The `cursor` of the last person on the previous page; default: the first page.
    after: Option<String>,
    /// Page size, 1 to 1,000; default 100.
    limit: Option<i64>,
}

/// A person, as services and browsers know them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Person {
    /// Login id.
    person: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    /// The account cannot log in.
    restricted: bool,
    /// Number of browsers in which the account is logged in.
    sessions: i64,
    links: Vec<Link>,
    /// The person's position in the list, for `after`.
    cursor: String,
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
    /// `false` after an unlink; the user id is kept.
    connected: bool,
    /// When an unfinished sign-up expires, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_due: Option<String>,
    /// The items that the person agreed to.
    scopes: Vec<String>,
    /// Service terms that the person agreed to.
    terms: Vec<String>,
    /// Number of logins with valid tokens.
    grants: i64,
}

pub async fn get(caller: Caller, page: Result<Query<Page>, QueryRejection>) -> Response {
    match page {
        Ok(Query(page)) => caller.reply(people(&caller.world, &page).await),
        Err(rejection) => caller.refuse(rejection.body_text()),
    }
}

fn place(cursor: Option<&str>) -> Result<Place, Refused> {
    let Some(cursor) = cursor else { return Ok(Place::START) };
    let read = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let wrong = || Refused::Wrong(format!("after: {cursor:?}; expected the cursor of a person in this list"));
    let (created_at, id) = read.ok_or_else(wrong)?;
    Ok(Place { created_at: Millis(created_at), id: AccountId(id) })
}

async fn people(world: &World, page: &Page) -> Result<Vec<Person>, Refused> {
    let (store, now) = (&world.platform.store, world.now());
    let (after, limit) = (place(page.after.as_deref())?, manage::page_size(page.limit)?);
    let accounts = accounts::page(store, after, limit).await?;
    let live = grants::live_of_page(store, after, limit, now).await?;
    let live: BTreeMap<_, _> = live.into_iter().map(|live| ((live.account_id, live.app_id), live.count)).collect();
    let sessions = sessions::live_of_page(store, after, limit, now).await?;
    let sessions: BTreeMap<_, _> = sessions.into_iter().map(|live| (live.account_id, live.count)).collect();
    let mut links: BTreeMap<AccountId, Vec<Link>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for link in links::of_page(store, after, limit).await? {
        if let std::collections::btree_map::Entry::Vacant(name) = names.entry(link.app_id) {
            let app = apps::by_id(store, link.app_id).await?;
            name.insert(app.map(|app| app.settings.name).unwrap_or_default());
        }
        links.entry(link.account_id).or_default().push(Link {
            app: link.app_id.0,
            app_name: names.get(&link.app_id).cloned().unwrap_or_default(),
            user_id: link.user_id,
            connected: link.connected,
            signup_due: link.signup_due.map(|due| due.rfc3339()),
            scopes: link.consents.keys().map(|item| item.id().to_owned()).collect(),
            terms: link.terms.keys().cloned().collect(),
            grants: live.get(&(link.account_id, link.app_id)).copied().unwrap_or(0),
        });
    }
    let person = |accounts::Listed { stored, place }: accounts::Listed| {
        let attributes = stored.account.attributes;
        Person {
            sessions: sessions.get(&place.id).copied().unwrap_or(0),
            restricted: stored.account.restricted,
            nickname: attributes.nickname,
            person: attributes.email.or(attributes.id).unwrap_or_default(),
            links: links.remove(&place.id).unwrap_or_default(),
            cursor: format!("{}.{}", place.created_at.0, place.id.0),
        }
    };
    Ok(accounts.into_iter().map(person).collect())
}
