//! Decisions about requests and their reasons, as an extension of the response for layers that record exchanges.

use std::borrow::Cow;

use axum::response::Response;

/// A description for the team.
#[derive(Debug, Clone)]
pub struct Decided(pub Cow<'static, str>);

/// Attaches a description of the decision.
#[must_use]
pub fn decided(mut response: Response, what: impl Into<Cow<'static, str>>) -> Response {
    response.extensions_mut().insert(Decided(what.into()));
    response
}
