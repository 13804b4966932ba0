//! apps: the shipping-address picker, which the SDKs open in a browser.

mod address;
mod kpidt;
mod pick;
mod proxy;

use std::sync::Arc;

use axum::Router;

pub use self::pick::parked_id;
use crate::Platform;

/// Every page of the apps host.
pub fn routes() -> Router<Arc<Platform>> {
    Router::new().merge(address::routes()).merge(kpidt::routes()).merge(proxy::routes())
}
