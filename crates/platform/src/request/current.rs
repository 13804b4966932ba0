//! The current request: its id, its caller and its app. Every log line about it contains them, and the header
//! `x-request-id` of a refusal contains the id.

use std::cell::{Cell, OnceCell};
use std::net::IpAddr;
use std::sync::Arc;

use kakaw_core::AppId;
use kakaw_core::random::{self, Random};

use crate::Platform;

tokio::task_local! {
    static CURRENT: Current;
}

struct Current {
    platform: Arc<Platform>,
    /// Most requests write no log line, so an id is drawn at its first use.
    id: OnceCell<String>,
    address: Option<IpAddr>,
    app: Cell<Option<AppId>>,
}

/// Runs the handling of a request from this address.
pub async fn within<F: Future>(platform: Arc<Platform>, address: Option<IpAddr>, answer: F) -> F::Output {
    CURRENT.scope(Current { platform, id: OnceCell::new(), address, app: Cell::new(None) }, answer).await
}

/// Returns the id of the request that this task handles.
#[must_use]
pub fn id() -> Option<String> {
    let read = |current: &Current| current.id.get_or_init(|| draw(&*current.platform.random)).clone();
    CURRENT.try_with(read).ok()
}

/// The same. Outside of a request, it draws an id.
pub(crate) fn id_or_new(random: &dyn Random) -> String {
    id().unwrap_or_else(|| draw(random))
}

/// Returns the address of the caller.
#[must_use]
pub fn address() -> Option<IpAddr> {
    CURRENT.try_with(|current| current.address).ok().flatten()
}

/// Notes which app the request is about.
pub(crate) fn set_app(app: AppId) {
    let _ = CURRENT.try_with(|current| current.app.set(Some(app)));
}

/// Returns the app that the request is about, once it is known.
#[must_use]
pub fn app() -> Option<AppId> {
    CURRENT.try_with(|current| current.app.get()).ok().flatten()
}

fn draw(random: &dyn Random) -> String {
    random::token(random).chars().take(12).collect()
}
