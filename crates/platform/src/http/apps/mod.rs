//! apps: the shipping-address picker, which the SDKs open in a browser.

mod address;
mod kpidt;
mod pick;
mod proxy;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};

pub use self::pick::parked_id;
use crate::Platform;
use crate::http::endpoint::{self, Visit};
use crate::http::error::Error;

/// Every page of the apps host.
pub fn routes() -> Router<Arc<Platform>> {
    Router::new().merge(address::routes()).merge(kpidt::routes()).merge(proxy::routes())
}

/// A page that answers GET with what `decide` returns; its errors are JSON.
fn get<F, Decided>(decide: F) -> MethodRouter<Arc<Platform>>
where
    F: Fn(Visit) -> Decided + Clone + Send + Sync + 'static,
    Decided: Future<Output = Result<Response, Error>> + Send + 'static,
{
    endpoint::on(MethodFilter::GET, answer, decide)
}

/// The same for POST.
fn post<F, Decided>(decide: F) -> MethodRouter<Arc<Platform>>
where
    F: Fn(Visit) -> Decided + Clone + Send + Sync + 'static,
    Decided: Future<Output = Result<Response, Error>> + Send + 'static,
{
    endpoint::on(MethodFilter::POST, answer, decide)
}

fn answer(result: Result<Response, Error>, platform: &Platform, base: &str) -> Response {
    result.unwrap_or_else(|error| error.apps(platform, base))
}
