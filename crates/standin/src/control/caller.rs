//! Checks every control request before anything is done: who may call, and the format of the body.

use std::net::SocketAddr;
use std::sync::Arc;

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kakaw_core::crypto::secret;
use kakaw_platform::manage::{self, Change};
use kakaw_wire::text::Lang;
use kakaw_wire::url::split_origin;
use kakaw_wire::{Problem, SettingProblem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::read;
use crate::refused::Refused;
use crate::world::{Shared, World};
use kakaw_platform::http::error::{self, Error};
use kakaw_platform::request::body;
use kakaw_platform::request::context;

/// The header that every control request needs: `1`, or the token of a stand-in that listens to other machines.
pub const HEADER: &str = "kakaw-control";

/// The admitted sender of a control request, and its world.
pub struct Caller {
    pub world: Arc<World>,
    /// The world's base URL, as the caller used it.
    pub base: String,
}

/// A control request with its JSON body. An empty body counts as `{}`.
pub struct Sent<T>(pub Caller, pub T);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, Shared(world): &Shared) -> Result<Self, Response> {
        let caller = Self { world: Arc::clone(world), base: context::base(&world.platform, &parts.headers) };
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        match refusal(&caller, peer, &parts.headers) {
            Some(reason) => Err(caller.refuse(reason)),
            None => Ok(caller),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, shared).await?;
        let bytes = match body::bytes(body, body::WORLD_FILE_LIMIT).await {
            Ok(bytes) if bytes.is_empty() => Bytes::from_static(b"{}"),
            Ok(bytes) => bytes,
            Err(error) => return Err(caller.refuse(error.reason())),
        };
        match read::read(&bytes) {
            Ok(request) => Ok(Self(caller, request)),
            Err(reason) => Err(caller.refuse(reason)),
        }
    }
}

/// Returns why a request is refused: it lacks the header, or comes from a page of another origin or from another
/// machine.
fn refusal(caller: &Caller, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<&'static str> {
    let Some(sent) = headers.get(HEADER).and_then(|value| value.to_str().ok()) else {
        return Some("control requests require the header Kakaw-Control: 1");
    };
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if origin.is_some_and(|origin| origin != split_origin(&caller.base).0) {
        return Some("control requests from other origins are refused");
    }
    if peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
        return None;
    }
    match &caller.world.control_token {
        None => Some(
            "control requests are accepted only from this machine; for other machines, start kakaw dev --listen with another \
             address, and send its token",
        ),
        Some(token) if !secret::same(token.expose(), sent) => {
            Some("control requests from other machines require the stand-in's token: Kakaw-Control: TOKEN")
        }
        Some(_) => None,
    }
}

impl Caller {
    /// Refuses a mistake of the caller.
    #[must_use]
    pub fn refuse(&self, reason: impl Into<String>) -> Response {
        Error::from(Problem::BadTokenRequest { reason: reason.into() }).kauth(&self.world.platform, &self.base)
    }

    /// Replies with the result as JSON.
    #[must_use]
    pub fn reply<T: Serialize>(&self, result: Result<T, impl Into<Refused>>) -> Response {
        match result.map_err(Into::into) {
            Ok(value) => error::json(StatusCode::OK, &value),
            Err(refused) => self.failed(refused),
        }
    }

    /// Replies 204 after success.
    #[must_use]
    pub fn done(&self, result: Result<(), impl Into<Refused>>) -> Response {
        match result.map_err(Into::into) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(refused) => self.failed(refused),
        }
    }

    /// Replies 204 after a change.
    #[must_use]
    pub fn changed(&self, result: Result<Change, manage::Refused>) -> Response {
        self.done(result.map(drop))
    }

    fn failed(&self, refused: Refused) -> Response {
        match refused {
            Refused::Wrong(reason) => self.refuse(reason),
            Refused::Change(manage::Refused::Problems(problems)) => {
                let lines: Vec<String> = problems.iter().map(|problem| problem.text(Lang::En)).collect();
                self.refuse_all(&lines.join("\n"), &problems)
            }
            Refused::Change(manage::Refused::Store(error)) | Refused::Store(error) => {
                Error::from(error).kauth(&self.world.platform, &self.base)
            }
            Refused::Change(refused) => self.refuse(refused.to_string()),
        }
    }

    /// Refuses invalid values: as text, and each as a value for programs, in the four languages.
    #[must_use]
    pub fn refuse_all(&self, reason: &str, problems: &[SettingProblem]) -> Response {
        let (mut parts, _) = self.refuse(reason).into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let texts = |problem: &SettingProblem| -> BTreeMap<&str, String> {
            Lang::ALL.iter().map(|lang| (lang.id(), problem.text(*lang))).collect()
        };
        let each = problems.iter().map(|problem| {
            let SettingProblem { path, received, expected } = problem;
            json!({ "path": path, "received": received, "expected": expected, "text": texts(problem) })
        });
        let body = json!({
            "error": "invalid_request",
            "error_description": reason,
            "problems": each.collect::<Vec<_>>(),
        });
        Response::from_parts(parts, Body::from(body.to_string()))
    }
}
