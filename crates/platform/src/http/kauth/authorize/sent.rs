//! The raw authorization request.

use axum::http::HeaderMap;
use kakaw_wire::form::Pairs;

use super::interaction;

/// An authorization request, and with a POST the form of one of its pages.
pub(super) struct Sent {
    pub query: String,
    /// The query without our own parameters and without one-time tokens. It identifies the request.
    pub canonical: String,
    pub headers: HeaderMap,
    pub form: Option<Pairs>,
}

impl Sent {
    pub(super) fn new(query: String, headers: HeaderMap, form: Option<Pairs>) -> Self {
        Self { canonical: interaction::canonical(&query), query, headers, form }
    }

    /// Returns the only value of a form field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.form.as_ref()?.one(name).ok().flatten()
    }
}
