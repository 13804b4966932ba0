//! apps: the shipping address picker, which the SDKs open in a browser.

mod address;
mod kpidt;
mod proxy;
mod selection;

use std::sync::Arc;

pub use self::selection::pending_id;
use crate::Platform;
use crate::endpoint::Routes;

/// Returns the routes of every page of the apps host.
pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().merge(kpidt::routes()).merge(address::routes()).merge(proxy::routes())
}
