//! Wraps handlers: reads the call, runs the handler, and renders its result in one place. In `get("/v2/user/me",
//! &ABOUT, kapi(me))`, `me` takes a [`Call`] and returns a reply or an [`Error`].

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request};
use axum::handler;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context::{self, RequestContext};

/// The argument of a handler.
pub trait Call: Sized + Send {
    /// Reads it from a request.
    fn read(platform: Arc<Platform>, request: Request) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// A handler, and how its result is rendered under the base URL of the request.
pub struct Handler<F, Reply> {
    decide: F,
    render: Render<Reply>,
}

type Render<Reply> = fn(Result<Reply, Error>, &Platform, &str) -> Response;

// The derived implementation would require that replies can be cloned.
impl<F: Clone, Reply> Clone for Handler<F, Reply> {
    fn clone(&self) -> Self {
        Self { decide: self.decide.clone(), render: self.render }
    }
}

/// Renders like kapi: JSON, and errors with `code` and `msg`.
pub const fn kapi<F, Reply: Serialize>(decide: F) -> Handler<F, Reply> {
    let render = |result: Result<Reply, Error>, platform: &Platform, base: &str| {
        result.map_or_else(|error| error.kapi(platform, base), |reply| json(StatusCode::OK, &reply))
    };
    Handler { decide, render }
}

/// Renders like kauth's JSON: errors with `error` and `error_description`.
pub const fn kauth<F, Reply: Serialize>(decide: F) -> Handler<F, Reply> {
    let render = |result: Result<Reply, Error>, platform: &Platform, base: &str| {
        result.map_or_else(|error| error.kauth(platform, base), |reply| json(StatusCode::OK, &reply))
    };
    Handler { decide, render }
}

/// Renders like the apps host: pages, and JSON errors with `error_code` and `error_msg`.
pub const fn apps<F>(decide: F) -> Handler<F, Response> {
    let render = |result: Result<Response, Error>, platform: &Platform, base: &str| {
        result.unwrap_or_else(|error| error.apps(platform, base))
    };
    Handler { decide, render }
}

/// Renders with `render`.
pub const fn rendered<F, Reply>(decide: F, render: Render<Reply>) -> Handler<F, Reply> {
    Handler { decide, render }
}

impl<C, F, Decided, Reply> handler::Handler<(C, Reply), Arc<Platform>> for Handler<F, Reply>
where
    C: Call + 'static,
    F: FnOnce(C) -> Decided + Clone + Send + Sync + 'static,
    Decided: Future<Output = Result<Reply, Error>> + Send + 'static,
    Reply: Send + 'static,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, platform: Arc<Platform>) -> Self::Future {
        Box::pin(async move {
            let base = context::base(&platform, request.headers());
            let result = match C::read(Arc::clone(&platform), request).await {
                Ok(call) => (self.decide)(call).await,
                Err(error) => Err(error),
            };
            (self.render)(result, &platform, &base)
        })
    }
}

/// The request itself.
pub struct Plain {
    pub platform: Arc<Platform>,
    pub request: Request,
}

impl Call for Plain {
    async fn read(platform: Arc<Platform>, request: Request) -> Result<Self, Error> {
        Ok(Self { platform, request })
    }
}

/// A request of a browser, with its context.
pub(crate) struct BrowserRequest {
    pub context: RequestContext,
    pub request: Request,
}

impl Call for BrowserRequest {
    async fn read(platform: Arc<Platform>, request: Request) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let Ok(context) = RequestContext::from_request_parts(&mut parts, &platform).await;
        Ok(Self { context, request: Request::from_parts(parts, body) })
    }
}

impl BrowserRequest {
    /// Returns the query, undecoded.
    pub(crate) fn query(&self) -> String {
        self.request.uri().query().unwrap_or_default().to_owned()
    }
}
