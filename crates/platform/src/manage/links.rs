//! Use cases for links between people and apps, as an operator sets and ends them.

use kakaw_core::app::App;
use kakaw_core::link::Link;
use kakaw_core::wire::Expected;
use kakaw_core::{AppId, UserId};
use kakaw_store::{Outcome, apps, links};
use kakaw_wire::event::UnlinkReason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::{self, Change, What};
use super::draft::{self, By, Draft, UseCase};
use super::{Actor, Refused, Version};
use crate::Platform;
use crate::audit;
use crate::deliver::events;
use crate::tombstones::{self, Tombstone};

/// Ends one person's link with an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlink {
    /// App id.
    pub app: i64,
    /// The person's user id in the app.
    pub user_id: i64,
    /// The reason in the notice; default `UNLINK_FROM_APPS`: the person unlinked the app on the account's pages.
    #[serde(default = "from_apps")]
    pub reason: UnlinkReason,
}

pub(super) const fn from_apps() -> UnlinkReason {
    UnlinkReason::UnlinkFromApps
}

impl Unlink {
    /// # Errors
    /// The app or the person is not there, the link has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::commit_one(platform, actor, expected, self).await
    }
}

impl UseCase for Unlink {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let app = app(platform, AppId(self.app)).await?;
        let link = links::by_user_id(&platform.store, AppId(self.app), UserId(self.user_id)).await?;
        let Some(link) = link.filter(|link| link.connected) else {
            return Err(Refused::problem("user_id", self.user_id, Expected::KnownLink { app: self.app }));
        };
        draft::check(expected, link.version)?;
        end(platform, actor, draft, &app, &link, self.reason);
        Ok(())
    }
}

/// Returns the app with this id.
pub(super) async fn app(platform: &Platform, id: AppId) -> Result<App, Refused> {
    apps::by_id(&platform.store, id).await?.ok_or_else(|| Refused::problem("app", id, Expected::KnownApp {}))
}

fn end(platform: &Platform, actor: &Actor, draft: &mut Draft, app: &App, link: &Link, reason: UnlinkReason) {
    draft.tombstones.push(Tombstone::of(link));
    draft.push(links::unlink(link));
    draft.extend(events::unlinked(platform, app, link, reason));
    let what = What::Link { app: app.id.0, user_id: link.user_id.0 };
    draft.changes.push(Change::new(platform, actor, what, Some(change::link_view(link)), None).of(link.account_id));
}

/// Maximum number of overdue sign-ups that are ended in one batch.
const BATCH: i64 = 100;

/// Unlinks people who did not finish signing up in time. Returns whether there may be more.
///
/// # Errors
/// The database failed.
pub(crate) async fn end_overdue(platform: &Platform) -> Result<bool, kakaw_store::Error> {
    let due = links::signup_overdue(&platform.store, platform.now(), BATCH).await?;
    for link in &due {
        if let Some(app) = apps::by_id(&platform.store, link.app_id).await? {
            tombstones::put(platform, &[Tombstone::of(link)]).await?;
            let mut changes = vec![links::unlink(link)];
            let why = json!({ "reason": UnlinkReason::IncompleteSignUp.id() });
            changes.extend(audit::by_call(platform, audit::Event::Unlink, audit::by::PLATFORM, link, why).await?);
            changes.extend(events::unlinked(platform, &app, link, UnlinkReason::IncompleteSignUp));
            // After a conflict, the person has signed up or is unlinked.
            let (Outcome::Committed | Outcome::Conflict { .. }) = platform.store.commit(changes).await?;
        }
    }
    Ok(due.len() as i64 == BATCH)
}

/// Creates or changes a link. `path` is the path of its description.
pub(super) async fn put(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    described: &Link,
    before: Option<&Link>,
    path: &str,
) -> Result<(), Refused> {
    let Some(app) = draft.app(platform, described.app_id).await? else {
        draft.refuse(path, vec![unknown_app(described.app_id)]);
        return Ok(());
    };
    draft.refuse(path, described.problems(&app));
    let (user_id, at) = (described.user_id, format!("{path}.user_id"));
    let mut after = described.clone();
    match before {
        None => draft.push_unique(links::insert(&after), &at, &user_id.to_string()),
        Some(before) => {
            // An unlink also ends everything that was issued before.
            let unlinked = before.connected && !described.connected;
            (after.version, after.epoch) = (before.version, before.epoch + i64::from(unlinked));
            after.user_id = before.user_id;
            if unlinked {
                draft.tombstones.push(Tombstone::of(before));
                draft.extend(events::unlinked(platform, &app, before, UnlinkReason::UnlinkFromAdmin));
            }
            if after != *before || user_id != before.user_id {
                draft.push(links::update(&after));
            }
            if user_id != before.user_id {
                draft.push_unique(links::set_user_id(before, user_id), &at, &user_id.to_string());
            }
            after.user_id = user_id;
        }
    }
    let what = What::Link { app: app.id.0, user_id: user_id.0 };
    let view = before.map(change::link_view);
    let change = Change::new(platform, actor, what, view, Some(change::link_view(&after)));
    draft.changes.push(change.of(after.account_id));
    Ok(())
}

fn unknown_app(id: AppId) -> kakaw_core::wire::SettingProblem {
    kakaw_core::wire::SettingProblem::new("app", &id.to_string(), Expected::KnownApp {})
}
