//! What stands around an endpoint: its call is read, its handler decides, and one place renders what came of it.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::Response;
use axum::routing::{self, MethodFilter, MethodRouter};

use crate::Platform;
use crate::http::error::Error;
use crate::request::context::{self, Here};

/// What a handler takes.
pub trait Call: Sized + Send {
    /// Reads it from a request.
    fn read(platform: Arc<Platform>, request: Request) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// Answers requests of this method by what `decide` returns, as `render` spells it under the base URL of the request.
pub fn on<C, F, Decided, Reply>(
    method: MethodFilter,
    render: fn(Result<Reply, Error>, &Platform, &str) -> Response,
    decide: F,
) -> MethodRouter<Arc<Platform>>
where
    C: Call + 'static,
    F: Fn(C) -> Decided + Clone + Send + Sync + 'static,
    Decided: Future<Output = Result<Reply, Error>> + Send + 'static,
    Reply: Send + 'static,
{
    let handler = async move |State(platform): State<Arc<Platform>>, request: Request| {
        let base = context::base(&platform, request.headers());
        let result = match C::read(Arc::clone(&platform), request).await {
            Ok(call) => decide(call).await,
            Err(error) => Err(error),
        };
        render(result, &platform, &base)
    };
    routing::on(method, handler)
}

/// A request as it came.
pub struct Plain {
    pub platform: Arc<Platform>,
    pub request: Request,
}

impl Call for Plain {
    async fn read(platform: Arc<Platform>, request: Request) -> Result<Self, Error> {
        Ok(Self { platform, request })
    }
}

/// A browser's request.
pub struct Visit {
    pub here: Here,
    pub request: Request,
}

impl Call for Visit {
    async fn read(platform: Arc<Platform>, request: Request) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let Ok(here) = Here::from_request_parts(&mut parts, &platform).await;
        Ok(Self { here, request: Request::from_parts(parts, body) })
    }
}

impl Visit {
    /// The query, undecoded.
    pub fn query(&self) -> String {
        self.request.uri().query().unwrap_or_default().to_owned()
    }
}
