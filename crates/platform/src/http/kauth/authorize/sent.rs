//! What came with an authorization request.

use axum::http::HeaderMap;
use kakaw_wire::form::Pairs;

use super::interaction;

/// What came: the request, and with a POST the form of one of its pages.
pub struct Sent {
    pub query: String,
    /// The query without what is ours, and without what is good for one use: it names the request.
    pub canonical: String,
    pub headers: HeaderMap,
    pub form: Option<Pairs>,
}

impl Sent {
    pub fn new(query: String, headers: HeaderMap, form: Option<Pairs>) -> Self {
        Self { canonical: interaction::canonical(&query), query, headers, form }
    }

    /// The only value of a field of the form.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.as_ref()?.one(name).ok().flatten()
    }
}
