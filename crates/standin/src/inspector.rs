//! `GET /inspector` — a live page of log-ins: the requests, the decisions and their reasons.
//! `GET /inspector/events` — the same as server-sent events, one exchange each.
//! `POST /inspector/register` — register what a refused request sent: its redirect URI (KOE006) or consent items (KOE205).
//!
//! Only a stand-in has it, only callers on this machine may use it, and pages of other origins never may.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use http_body::Frame;
use kakaw_core::app::{Consent, ConsentItem};
use kakaw_store::app_keys;
use kakaw_wire::Problem;
use kakaw_wire::scope::{self, Item};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::control::Sent;
use crate::pages::words;
use crate::request_log::{Exchange, Filter};
use crate::world::{Shared, World};
use kakaw_platform::endpoint::{Method, Routes};
use kakaw_platform::http::error::Error;
use kakaw_platform::manage::{self, Actor, ChangeApp, ChangeKey, Version};
use kakaw_platform::pages;
use kakaw_platform::platform::NoticeLink;
use kakaw_platform::request::context::{self, RequestContext};

const STYLE: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/css;charset=UTF-8")];
const SCRIPT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/javascript;charset=UTF-8")];

/// The link to this page at the top of every other page.
pub const LINK: NoticeLink = NoticeLink { path: "/inspector", text: words::open_inspector };

/// Interval between comments, which show that the connection is alive.
const PULSE: Duration = Duration::from_secs(20);

pub fn routes() -> Routes<Shared> {
    Routes::new()
        .listed(Method::Get, "/inspector", show)
        .plain("/assets/tools.css", routing::get(async || (STYLE, include_str!("../assets/tools.css"))))
        .plain("/assets/inspector.js", routing::get(async || (SCRIPT, include_str!("../assets/inspector.js"))))
        .plain("/inspector/events", routing::get(events))
        .listed(Method::Post, "/inspector/register", register)
}

async fn show(context: RequestContext) -> Response {
    pages::respond_with_script(StatusCode::OK, &crate::pages::inspector::Inspector::new(&context))
}

async fn events(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok()).unwrap_or("same-origin");
    if !peer.ip().to_canonical().is_loopback() || !["same-origin", "none"].contains(&site) {
        let reason = "the inspector accepts requests only from its own page on this machine".to_owned();
        return Error::from(Problem::BadTokenRequest { reason })
            .kauth(&world.platform, &context::base(&world.platform, &headers));
    }
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut last = 0;
        loop {
            let text = match tokio::time::timeout(PULSE, world.requests.after(last)).await {
                Ok(found) => {
                    last = found.last().map_or(last, |exchange| exchange.id);
                    found.iter().map(event).collect()
                }
                Err(_) => ":\n\n".to_owned(),
            };
            // The page was closed.
            if sender.send(Bytes::from(text)).await.is_err() {
                return;
            }
        }
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (kind, Body::new(Events(receiver))).into_response()
}

fn event(exchange: &Exchange) -> String {
    format!("data: {}\n\n", serde_json::to_string(exchange).unwrap_or_default())
}

/// A body that continues while somebody reads it.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    /// The refused exchange.
    id: u64,
}

async fn register(Sent(caller, Register { id }): Sent<Register>) -> Response {
    match register_sent(&caller.world, id).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.kauth(&caller.world.platform, &caller.base),
    }
}

fn refused(reason: String) -> Error {
    Problem::BadTokenRequest { reason }.into()
}

async fn register_sent(world: &World, id: u64) -> Result<(), Error> {
    let filter = Filter { after: Some(id.saturating_sub(1)), ..Filter::default() };
    let exchange = world.requests.list(&filter).into_iter().find(|exchange| exchange.id == id);
    let exchange = exchange.ok_or_else(|| refused(format!("there is no request {id} in the log")))?;
    let sent = |name: &str| exchange.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let key = exchange.app_key.as_deref().unwrap_or_default();
    let (app, _) = app_keys::with_app(&world.platform.store, key)
        .await?
        .ok_or_else(|| refused("its app was deleted".to_owned()))?;
    let (platform, actor, version) = (&world.platform, Actor::ControlApi, Some(Version(app.version)));
    let changed = match exchange.code {
        Some("KOE006") => {
            let keys = app_keys::of_app(&platform.store, app.id).await?;
            let Some(stored) = keys.into_iter().find(|stored| stored.key.key == key) else {
                return Err(refused("its key was deleted".to_owned()));
            };
            let mut settings = stored.key.settings;
            settings.redirect_uris.push(sent("redirect_uri").unwrap_or_default().to_owned());
            ChangeKey { app: app.id.0, key: key.to_owned(), settings }.run(platform, &actor, version).await
        }
        Some("KOE205") => {
            let mut settings = app.settings.clone();
            let items = scope::split(sent("scope").unwrap_or_default()).filter_map(Item::from_id);
            for item in items.collect::<Vec<_>>() {
                settings.consent_items.entry(item).or_insert(ConsentItem {
                    consent: Consent::Optional,
                    collect_if_missing: false,
                    collect_since: world.now(),
                    purpose: String::new(),
                    permission: true,
                });
            }
            ChangeApp { id: app.id.0, settings }.run(platform, &actor, version).await
        }
        _ => return Err(refused("only KOE006 and KOE205 can be fixed with a click".to_owned())),
    };
    match changed {
        Ok(_) => Ok(()),
        Err(manage::Refused::Store(error)) => Err(error.into()),
        Err(wrong) => Err(refused(wrong.to_string())),
    }
}
