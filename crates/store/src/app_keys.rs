//! Table `app_keys`: the keys of apps. An admin key is found by its keyed hash; the key itself is stored sealed.

use kakaw_core::AppId;
use std::sync::Arc;

use kakaw_core::app::{App, AppKey, KeyKind};

use crate::apps;
use crate::db::{Contested, FromRow, Result, Row, Statement, Store, sql};
use crate::json;

/// A stored key.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub key: AppKey,
    /// Its position among the app's keys of the same kind.
    pub position: i64,
    /// The client secret, or the admin key itself, sealed.
    pub sealed: Option<String>,
}

pub(crate) fn key_from(row: &Row) -> Result<AppKey> {
    let kind = row.str("kind")?;
    Ok(AppKey {
        key: row.text("app_key")?,
        app_id: AppId(row.int("app_id")?),
        kind: KeyKind::from_id(kind).ok_or_else(|| row.wrong("kind", kind))?,
        epoch: row.int("key_epoch")?,
        deleted: row.bool("deleted")?,
        settings: json::read(row, "key_settings")?,
        secret_hash: row.maybe_text("secret_hash")?,
    })
}

struct Found {
    key: AppKey,
    app_version: i64,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { key: key_from(row)?, app_version: row.int("app_version")? })
    }
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { key: key_from(row)?, position: row.int("position")?, sealed: row.maybe_text("sealed")? })
    }
}

/// Returns a live key with its app.
pub async fn with_app(store: &Store, key: &str) -> Result<Option<(Arc<App>, AppKey)>> {
    let found: Option<Found> = sql("select k.app_key, k.app_id, k.kind, k.epoch as key_epoch, k.deleted, \
         k.settings as key_settings, k.secret_hash, a.version as app_version \
         from app_keys k join apps a on a.id = k.app_id where k.app_key = $1 and not k.deleted")
    .bind(key)
    .maybe(store)
    .await?;
    let Some(found) = found else { return Ok(None) };
    Ok(apps::at(store, found.key.app_id, found.app_version).await?.map(|app| (app, found.key)))
}

/// Returns every key of an app, including deleted ones, by kind and position.
pub async fn of_app(store: &Store, app_id: AppId) -> Result<Vec<Stored>> {
    sql("select app_key, app_id, kind, epoch as key_epoch, deleted, settings as key_settings, secret_hash, position, sealed \
         from app_keys where app_id = $1 order by kind, position, app_key")
    .bind(app_id)
    .all(store)
    .await
}

/// Selects every key, by app, kind and position, for one consistent read.
pub(crate) fn all() -> Statement {
    sql(
        "select app_key, app_id, kind, epoch as key_epoch, deleted, settings as key_settings, secret_hash, position, sealed \
         from app_keys order by app_id, kind, position, app_key",
    )
}

/// Inserts a key, or updates its settings.
#[must_use]
pub fn put(stored: &Stored) -> Statement {
    let key = &stored.key;
    sql("insert into app_keys (app_key, app_id, kind, position, epoch, deleted, settings, secret_hash, sealed) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (app_key) do update set position = excluded.position, epoch = excluded.epoch, \
         deleted = excluded.deleted, settings = excluded.settings, secret_hash = excluded.secret_hash, \
         sealed = excluded.sealed where app_keys.app_id = excluded.app_id and app_keys.kind = excluded.kind")
    .bind(key.key.as_str())
    .bind(key.app_id)
    .bind(key.kind.id())
    .bind(stored.position)
    .bind(key.epoch)
    .bind(key.deleted)
    .bind(json::write(&key.settings))
    .bind(key.secret_hash.clone())
    .bind(stored.sealed.clone())
    .must_touch(Contested::AppKey)
}
