//! Use cases for apps: create them and change their settings. An app and its keys are changed together and share a
//! version.

use kakaw_core::AppId;
use std::collections::BTreeMap;

use kakaw_core::app::{App, AppSettings, KeySettings, Limits, key_settings};
use kakaw_core::link::rules;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::app_keys::Stored;
use kakaw_store::{app_keys, apps, deliveries};
use serde_json::{Value, json};

use super::change::{self, Change, What};
use super::draft::{self, By, Draft, UseCase};
use super::{Actor, PAGE, Refused, Version};
use crate::Platform;

/// Returns the limits that the operator sets for the teams of apps.
#[must_use]
pub fn limits(platform: &Platform) -> Limits {
    let settings = platform.settings;
    let (strong_secrets, public_key) = (settings.strong_secrets, settings.public_key);
    Limits { strong_secrets, public_key, ..platform.webhooks.limits() }
}

/// Returns every app by id, read in pages.
///
/// # Errors
/// The database failed.
pub async fn all(platform: &Platform) -> Result<Vec<App>, kakaw_store::Error> {
    let mut all: Vec<App> = Vec::new();
    loop {
        let after = all.last().map_or(i64::MIN, |app| app.id.0);
        let page = apps::page(&platform.store, after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Creates an app without keys.
#[derive(Debug, Clone)]
pub struct CreateApp {
    pub id: i64,
    pub settings: AppSettings,
}

impl CreateApp {
    /// # Errors
    /// The app exists already, a setting is invalid, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::commit_one(platform, actor, expected, self).await
    }
}

impl UseCase for CreateApp {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let mut edit = Edit::load(platform, AppId(self.id)).await?;
        if let Some(before) = &edit.before {
            draft::check(expected, before.version)?;
            return Err(Refused::problem("id", self.id, Expected::Free {}));
        }
        edit.settings = Some(self.settings.clone());
        edit.finish(platform, actor, draft, "");
        Ok(())
    }
}

/// Changes the settings of an app.
#[derive(Debug, Clone)]
pub struct ChangeApp {
    pub id: i64,
    pub settings: AppSettings,
}

impl ChangeApp {
    /// # Errors
    /// There is no such app, it has another version, a setting is invalid, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        edit(platform, actor, self.id, expected, |edit| {
            edit.settings = Some(self.settings.clone());
            Ok(())
        })
        .await
    }
}

/// A change of an existing app.
struct EditApp<'a, F> {
    app: i64,
    change: &'a F,
}

impl<F: Fn(&mut Edit) -> Result<(), Refused> + Sync> UseCase for EditApp<'_, F> {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let mut edit = Edit::load(platform, AppId(self.app)).await?;
        let Some(before) = &edit.before else { return Err(Refused::problem("app", self.app, Expected::KnownApp {})) };
        draft::check(expected, before.version)?;
        (self.change)(&mut edit)?;
        edit.finish(platform, actor, draft, "");
        Ok(())
    }
}

/// Loads an existing app, changes it, and commits.
pub(super) async fn edit(
    platform: &Platform,
    actor: &Actor,
    app: i64,
    expected: Option<Version>,
    change: impl Fn(&mut Edit) -> Result<(), Refused> + Sync,
) -> Result<Change, Refused> {
    draft::commit_one(platform, actor, expected, &EditApp { app, change: &change }).await
}

/// An app that is being changed, with its keys.
pub(super) struct Edit {
    pub id: i64,
    pub before: Option<App>,
    /// Its new settings. `None` while there is no app.
    pub settings: Option<AppSettings>,
    /// Its present keys, including deleted ones.
    pub stored: Vec<Stored>,
    /// Its new keys.
    pub keys: Vec<Stored>,
    /// Problems that were found while keys were built.
    pub problems: Vec<SettingProblem>,
}

impl Edit {
    pub(super) async fn load(platform: &Platform, id: AppId) -> Result<Self, kakaw_store::Error> {
        let before = apps::by_id(&platform.store, id).await?;
        let stored = app_keys::of_app(&platform.store, id).await?;
        let settings = before.as_ref().map(|app| app.settings.clone());
        Ok(Self { id: id.0, before, settings, keys: stored.clone(), stored, problems: Vec::new() })
    }

    /// Checks the app and its keys against the rules and adds the differences to the draft. `path` is the path of the
    /// app.
    pub(super) fn finish(self, platform: &Platform, actor: &Actor, draft: &mut Draft, path: &str) {
        let Some(settings) = &self.settings else { return };
        let version = self.before.as_ref().map_or(1, |before| before.version);
        let after = App { id: AppId(self.id), version, settings: settings.clone() };
        // Links to the app are checked in any case, so that one mistake is reported once.
        draft.apps.insert(AppId(self.id), after.clone());
        let problems = self.all_problems(settings, &limits(platform));
        if !problems.is_empty() {
            draft.refuse(path, problems);
            return;
        }
        let changed: Vec<&Stored> = self.keys.iter().filter(|key| !self.stored.contains(key)).collect();
        let now = platform.now();
        match &self.before {
            None => draft.push(apps::insert(&after, now)),
            // A key is a part of its app, so its change is a new version of the app.
            Some(before) if before.settings != *settings || !changed.is_empty() => {
                // A new URL starts without failures, and notices that were stopped for the old one go to it.
                for (kind, url) in settings.webhooks.urls() {
                    if before.settings.webhooks.urls().iter().any(|(k, old)| *k == kind && old != &url) {
                        draft.push(deliveries::release(AppId(self.id), kind, now));
                    }
                }
                draft.push(apps::update(&after));
            }
            Some(_) => {}
        }
        for key in changed {
            let at = format!("{}[{}].key", key.key.kind.list(), key.position);
            let at = if path.is_empty() { at } else { format!("{path}.{at}") };
            draft.push_unique(app_keys::put(key), &at, "");
        }
        let before = self.before.as_ref().map(|app| view(&app.settings, &self.stored));
        let change = Change::new(platform, actor, What::App { app: self.id }, before, Some(view(settings, &self.keys)));
        draft.changes.push(change);
    }

    fn all_problems(&self, settings: &AppSettings, limits: &Limits) -> Vec<SettingProblem> {
        let mut problems: Vec<_> = rules::app_id_problem(self.id).into_iter().collect();
        problems.extend(settings.problems(limits));
        let live: Vec<&Stored> = self.keys.iter().filter(|stored| !stored.key.deleted).collect();
        for Stored { key, position, .. } in &live {
            let at = format!("{}[{position}]", key.kind.list());
            problems.extend(key.settings.problems(key.kind).into_iter().map(|problem| problem.within(&at)));
        }
        let together: Vec<(_, &KeySettings)> =
            live.iter().map(|stored| (stored.key.kind, &stored.key.settings)).collect();
        problems.extend(key_settings::problems_together(&together, &settings.permissions));
        problems.extend(self.problems.iter().cloned());
        problems
    }
}

fn view(settings: &AppSettings, keys: &[Stored]) -> Value {
    let keys: BTreeMap<&str, Value> = keys.iter().map(|key| (key.key.key.as_str(), change::key_view(key))).collect();
    json!({ "settings": settings, "keys": keys })
}
