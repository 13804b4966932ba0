//! What was decided about a request, and why: carried by the response to whoever records exchanges.

use std::borrow::Cow;

use axum::response::Response;

/// In words, for the team.
#[derive(Debug, Clone)]
pub struct Decided(pub Cow<'static, str>);

/// Says what was decided.
#[must_use]
pub fn decided(mut response: Response, what: impl Into<Cow<'static, str>>) -> Response {
    response.extensions_mut().insert(Decided(what.into()));
    response
}
