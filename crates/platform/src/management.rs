//! The management listener: whether the process lives, whether it can serve, and its figures. It has an address of its
//! own, because strangers must not reach it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use kakaw_wire::url::split_port;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Platform;
use crate::http::error;
use crate::origins;
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
    /// Names that reach it, besides `localhost` and IP addresses.
    pub hosts: Arc<[String]>,
}

/// Returns the routes of the management listener.
pub fn router(management: Management) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || (StatusCode::NOT_FOUND, "expected /healthz, /readyz or /metrics\n"))
        .layer(middleware::from_fn_with_state(Arc::clone(&management.hosts), admit))
        .with_state(management)
}

/// Refuses names that are not listed: by DNS rebinding, a page of another site could read what is here. It needs a name
/// for that, so IP addresses are safe. Browsers always send a `Host`; simple probes (HTTP/1.0) do not.
async fn admit(State(hosts): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !headers.contains_key(header::HOST) || is_admitted(origins::sent_host(headers), &hosts) {
        return next.run(request).await;
    }
    let text = "this host is not served here; expected localhost, an IP address, or a name of management.hosts\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

fn is_admitted(host: &str, hosts: &[String]) -> bool {
    if let Some((address, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.starts_with(':'));
    }
    let (name, _) = split_port(host);
    name.parse::<Ipv4Addr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_admitted_only_when_they_are_listed() {
        let hosts = ["kakaw.monitoring.svc".to_owned()];
        for host in [
            "localhost",
            "LOCALHOST:7701",
            "127.0.0.1:7701",
            "10.1.2.3",
            "[::1]",
            "[2001:db8::1]:7701",
            "kakaw.monitoring.svc:7701",
        ] {
            assert!(is_admitted(host, &hosts), "{host}");
        }
        for host in
            ["", "evil.example", "127.0.0.1.evil.example:7701", "localhost.evil.example", "[evil]", "[::1]evil.example"]
        {
            assert!(!is_admitted(host, &hosts), "{host}");
        }
    }
}
