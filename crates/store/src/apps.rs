//! Table `apps`: apps with their settings.

use kakaw_core::AppId;
use std::sync::Arc;

use kakaw_core::Millis;
use kakaw_core::app::App;

use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;

impl FromRow for App {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { id: AppId(row.int("id")?), version: row.int("version")?, settings: json::read(row, "settings")? })
    }
}

/// Returns the app with this id.
pub async fn by_id(store: &Store, id: AppId) -> Result<Option<App>> {
    sql("select id, version, settings from apps where id = $1").bind(id).maybe(store).await
}

/// Returns the app with this id, at the version that another row named. Each version is parsed once.
pub async fn at(store: &Store, id: AppId, version: i64) -> Result<Option<Arc<App>>> {
    if let Some(app) = store.apps.get(id, version) {
        return Ok(Some(app));
    }
    let app = by_id(store, id).await?.map(Arc::new);
    if let Some(app) = &app {
        store.apps.put(app);
    }
    Ok(app)
}

/// Returns a page of apps by id: those after an id.
pub async fn page(store: &Store, after: i64, limit: i64) -> Result<Vec<App>> {
    sql("select id, version, settings from apps where id > $1 order by id limit $2")
        .bind(after)
        .bind(limit)
        .all(store)
        .await
}

/// Selects every app, by id, for one consistent read.
pub(crate) fn all() -> Statement {
    sql("select id, version, settings from apps order by id")
}

/// Inserts an app.
#[must_use]
pub fn insert(app: &App, now: Millis) -> Statement {
    sql("insert into apps (id, version, settings, created_at) values ($1, $2, $3, $4) on conflict do nothing")
        .bind(app.id)
        .bind(app.version)
        .bind(json::write(&app.settings))
        .bind(now)
        .must_touch(Contested::App)
}

/// Updates the settings of the app, if it still has the version that `app` was read with.
#[must_use]
pub fn update(app: &App) -> Statement {
    sql("update apps set version = version + 1, settings = $1 where id = $2 and version = $3")
        .bind(json::write(&app.settings))
        .bind(app.id)
        .bind(app.version)
        .must_touch(Contested::App)
}
