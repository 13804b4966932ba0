//! App settings by version. Every use reads the current version number, so a cached entry is never stale.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use kakaw_core::app::App;

#[derive(Default)]
pub(crate) struct AppsCache(RwLock<HashMap<i64, Arc<App>>>);

impl AppsCache {
    pub(crate) fn get(&self, id: kakaw_core::AppId, version: i64) -> Option<Arc<App>> {
        let apps = self.0.read().unwrap_or_else(PoisonError::into_inner);
        apps.get(&id.0).filter(|app| app.version == version).cloned()
    }

    pub(crate) fn put(&self, app: &Arc<App>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(app.id.0, Arc::clone(app));
    }

    pub(crate) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
