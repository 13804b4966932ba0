//! Apps: making them and changing their settings. An app and its keys are changed together and have one version.

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

/// What the operator allows the teams of apps.
pub(super) fn limits(platform: &Platform) -> Limits {
    Limits { strong_secrets: platform.settings.strong_secrets, ..platform.webhooks.limits() }
}

/// Every app, by id, read page by page.
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

/// Makes an app. Keys are added to it.
#[derive(Debug, Clone)]
pub struct CreateApp {
    pub id: i64,
    pub settings: AppSettings,
}

impl CreateApp {
    /// # Errors
    /// There is such an app already, the settings cannot be, or the database failed.
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
    /// There is no such app, it has another version, the settings cannot be, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        edit(platform, actor, self.id, expected, |edit| {
            edit.settings = Some(self.settings.clone());
            Ok(())
        })
        .await
    }
}

/// A change of an app that is there.
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

/// Loads an app that is there, changes it, and commits.
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
    /// Its settings as they shall be; nothing while there is no app.
    pub settings: Option<AppSettings>,
    /// Its keys as they are, deleted ones too.
    pub stored: Vec<Stored>,
    /// Its keys as they shall be.
    pub keys: Vec<Stored>,
    /// What was found wrong while keys were made.
    pub problems: Vec<SettingProblem>,
}

impl Edit {
    pub async fn load(platform: &Platform, id: AppId) -> Result<Self, kakaw_store::Error> {
        let before = apps::by_id(&platform.store, id).await?;
        let stored = app_keys::of_app(&platform.store, id).await?;
        let settings = before.as_ref().map(|app| app.settings.clone());
        Ok(Self { id: id.0, before, settings, keys: stored.clone(), stored, problems: Vec::new() })
    }

    /// Checks the whole against the rules and puts what differs into the draft; `path` is where the app stands.
    pub fn finish(self, platform: &Platform, actor: &Actor, draft: &mut Draft, path: &str) {
        let Some(settings) = &self.settings else { return };
        let version = self.before.as_ref().map_or(1, |before| before.version);
        let after = App { id: AppId(self.id), version, settings: settings.clone() };
        // Links with it are looked at in any case: one mistake is one problem.
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
            // A key is a part of its app: whoever has seen the app before it has another version.
            Some(before) if before.settings != *settings || !changed.is_empty() => {
                // Another URL begins anew: what was held for the old one goes there.
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
