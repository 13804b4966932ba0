//! A receiver of webhooks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::*;

/// The requests that a receiver got.
#[derive(Debug, Clone)]
pub struct Got {
    pub method: String,
    pub uri: String,
    pub authorization: String,
    pub kind: String,
    pub body: Bytes,
}

#[derive(Clone, Default)]
pub struct Inbox {
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<Option<StatusCode>>>,
}

impl Inbox {
    pub fn all(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }

    pub fn answer(&self, status: u16) {
        *self.answer.lock().unwrap() = Some(StatusCode::from_u16(status).unwrap());
    }
}

async fn receive(State(inbox): State<Inbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let got = Got {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        authorization: text("authorization"),
        kind: text("content-type"),
        body: body.collect().await.unwrap().to_bytes(),
    };
    let event = got.kind == "application/secevent+jwt";
    inbox.got.lock().unwrap().push(got);
    if parts.uri.path() == "/slow" {
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    if parts.uri.path() == "/away" {
        return (StatusCode::FOUND, [("location", "/hook")]).into_response();
    }
    let status = *inbox.answer.lock().unwrap();
    let status = status.unwrap_or(if event { StatusCode::ACCEPTED } else { StatusCode::OK });
    let refusal = json!({ "err": "invalid_key", "description": "no such key" }).to_string();
    (status, if status.is_success() { String::new() } else { refusal }).into_response()
}

/// Starts a receiver on its own port.
pub async fn receiver() -> (Inbox, SocketAddr) {
    let inbox = Inbox::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(receive).with_state(inbox.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (inbox, address)
}

/// Returns the test world with webhooks at this receiver.
pub fn world(unlink: &str, events: &str, address: SocketAddr) -> String {
    let mut lines = String::new();
    if !unlink.is_empty() {
        lines.push_str(&format!(
            "webhooks.unlink = {{ url = \"http://{address}{}\", method = \"{}\" }}\n",
            &unlink[4..].trim(),
            unlink[..4].trim()
        ));
    }
    if !events.is_empty() {
        lines.push_str(&format!(
            "webhooks.account_status = {{ url = \"http://{address}/events\", events = [{events}] }}\n"
        ));
    }
    PLATFORM.replacen("company =", &format!("{lines}company ="), 1)
}
