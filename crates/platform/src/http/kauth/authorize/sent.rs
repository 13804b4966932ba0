//! What came with an authorization request.

use axum::http::HeaderMap;
use kakaw_wire::form::Pairs;

/// What came: the request, and with a POST the form of one of its pages.
pub struct Sent {
    pub query: String,
    pub headers: HeaderMap,
    pub form: Option<Pairs>,
}
