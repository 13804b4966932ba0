//! The management listener: whether the process lives, whether it can serve, and its figures. It has an address of its
//! own, because strangers must not reach it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Platform;
use crate::http::error;
use crate::server::Connections;

/// Time in which the database must answer.
const DATABASE: Duration = Duration::from_secs(1);

/// What the management listener reports about.
#[derive(Clone)]
pub struct Management {
    pub platform: Arc<Platform>,
    /// The connections of the public listener.
    pub connections: Arc<Connections>,
    /// Becomes true when the process is about to stop.
    pub stopping: watch::Receiver<bool>,
}

/// Returns the routes of the management listener.
pub fn router(management: Management) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || (StatusCode::NOT_FOUND, "expected /healthz, /readyz or /metrics\n"))
        .with_state(management)
}

/// Whether requests can be served. The database was migrated, and the key file was proved, when the process started; so
/// the table of migrations is what is read.
async fn ready(State(management): State<Management>) -> Response {
    let database = match timeout(DATABASE, management.platform.store.ping()).await {
        Ok(Ok(())) => Ok("ok"),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within a second".to_owned()),
    };
    let keys = match timeout(DATABASE, management.platform.signer.keys()).await {
        Ok(Ok(_)) => Ok("ok"),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("not loaded yet".to_owned()),
    };
    let stopping = *management.stopping.borrow();
    let is_ready = !stopping && database.is_ok() && keys.is_ok();
    let text = |state: Result<&str, String>| Value::from(state.map_or_else(|problem| problem, str::to_owned));
    let body = json!({
        "ready": is_ready,
        "stopping": stopping,
        "database": text(database),
        "signing_keys": text(keys),
        "schema": kakaw_store::db::schema(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    error::json(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

async fn metrics(State(management): State<Management>) -> Response {
    let text = management.platform.metrics.render(&management.platform, Some(&management.connections));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
