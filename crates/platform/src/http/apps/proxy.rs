//! `GET /proxy` — the hidden frame of the JavaScript SDK, which posts the picker's result to the page around it.
//! `GET /proxy/outcome` — polled by the frame.
//!
//! No other page of ours may be framed. The frame shows nothing, and posts to registered domains only.

use kakaw_core::Span;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kakaw_core::crypto::seal::Purpose;
use kakaw_store::{Outcome, pending_results};
use kakaw_wire::form::Pairs;

use super::selection::{PendingOutcome, pending_id};
use crate::Platform;
use crate::endpoint::{About, Param, Reply, Routes, yes};
use crate::http::error::{Error, json};
use crate::http::handler::{BrowserRequest, apps};

/// The time after the first read in which a result can be read again.
const AGAIN: Span = Span::seconds(10);

const FRAME: About = About::apps(
    "The JavaScript SDK's hidden frame, which posts the result of an address selection to the page around it.",
    Reply::Page,
)
.takes(TRANSACTION)
.more("The only page that other sites can frame. It shows nothing, and posts only to registered domains.");

const OUTCOME: About = About::apps("Returns the result that the frame polls for.", Reply::Later).takes(TRANSACTION);

const TRANSACTION: &[Param] = &[yes("trans_id", "the transaction of the address selection")];

pub(super) fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/proxy", &FRAME, frame).get("/proxy/outcome", &OUTCOME, apps(outcome))
}

async fn frame() -> Response {
    let html = "<!doctype html><meta charset=\"utf-8\"><title>proxy</title><script src=\"assets/proxy.js\"></script>";
    let policy = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors *";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html;charset=UTF-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    (StatusCode::OK, headers, html).into_response()
}

async fn outcome(call: BrowserRequest) -> Result<Response, Error> {
    let pairs = Pairs::parse(&call.query()).unwrap_or_default();
    let pending = read(&call.context.platform, pairs.one("trans_id").ok().flatten().unwrap_or_default()).await?;
    Ok(pending.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |pending| json(StatusCode::OK, &pending)))
}

async fn read(platform: &Platform, trans_id: &str) -> Result<Option<PendingOutcome>, Error> {
    let (id, now) = (pending_id(trans_id), platform.now());
    let Some(pending) = pending_results::by_id(&platform.store, &id).await? else {
        return Ok(platform.transient_results.get(&id, now).and_then(|sealed| open(platform, &sealed)));
    };
    if now >= pending.expires_at || pending.read_at.is_some_and(|read_at| now - read_at >= AGAIN) {
        return Ok(None);
    }
    if pending.read_at.is_none() {
        let Outcome::Committed = platform.store.commit(vec![pending_results::read(&id, now)]).await? else {
            return Ok(None);
        };
    }
    Ok(pending.answer.and_then(|sealed| open(platform, &sealed)))
}

fn open(platform: &Platform, sealed: &str) -> Option<PendingOutcome> {
    serde_json::from_slice(&platform.sealer.open(Purpose::Keep, sealed)?).ok()
}
