//! A call of kapi: its headers, and its parameters from the query or a form.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope;
use serde::de::DeserializeOwned;

use crate::Platform;
use crate::http::error::Error;
use crate::http::handler;
use crate::request::body::{self, BodyError};
use crate::request::{context, current};

/// The headers and parameters of a call.
pub(super) struct Call {
    pub platform: Arc<Platform>,
    pub headers: HeaderMap,
    /// Address of the caller: the peer, or what the configured proxy reports.
    pub address: Option<IpAddr>,
    pub query: Pairs,
    form: Pairs,
}

impl handler::Call for Call {
    /// Reads the query, and the body of a POST.
    async fn read(platform: Arc<Platform>, request: Request) -> Result<Self, Error> {
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        let query =
            Pairs::parse(uri.query().unwrap_or_default()).map_err(|error| bad(error.parameter(), error.reason()))?;
        let form = match method {
            Method::POST => body::form_or_nothing(&headers, body).await.map_err(not_a_form)?,
            _ => Pairs::default(),
        };
        Ok(Self { platform, headers, address: current::address(), query, form })
    }
}

impl Call {
    /// Returns the base URL that the call used.
    pub(super) fn base(&self) -> String {
        context::base(&self.platform, &self.headers)
    }

    /// Returns the value of a parameter. The SDKs send a literal null for an absent value.
    pub(super) fn one(&self, name: &str) -> Result<Option<String>, Error> {
        let mut value = None;
        for one in [self.query.one(name), self.form.one(name)] {
            value = value.or(one.map_err(|_| bad(name, "It was sent more than once."))?);
        }
        Ok(value.filter(|text| !text.is_empty() && *text != "null").map(str::to_owned))
    }

    /// Parses a JSON list.
    pub(super) fn list<T: DeserializeOwned>(&self, name: &str, of: &str) -> Result<Option<Vec<T>>, Error> {
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|_| bad(name, &format!("Expected a JSON list of {of}.")))
        };
        self.one(name)?.map(read).transpose()
    }

    /// Parses a list of words, separated by commas. One of the SDKs repeats the parameter instead.
    pub(super) fn words(&self, name: &str) -> Option<Vec<String>> {
        let all = self.query.all(name).chain(self.form.all(name)).filter(|text| *text != "null");
        let words: Vec<String> = all.flat_map(scope::split).map(str::to_owned).collect();
        (!words.is_empty()).then_some(words)
    }

    /// Parses a JSON object with text values.
    pub(super) fn object(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|_| bad(name, "Expected a JSON object whose values are text."))
        };
        self.one(name)?.map(read).transpose()
    }

    /// Parses a whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        self.one(name)?.map(|text| text.parse().map_err(|_| bad(name, "Expected a whole number."))).transpose()
    }
}

/// Returns -2 for a parameter.
pub(super) fn bad(parameter: &str, reason: &str) -> Error {
    Problem::BadArgument { parameter: parameter.to_owned(), reason: reason.to_owned() }.into()
}

fn not_a_form(error: BodyError) -> Error {
    match &error {
        BodyError::NotAForm(_) => {
            Problem::WrongHeader { header: "Content-Type".to_owned(), reason: error.reason() }.into()
        }
        BodyError::TooLarge(_) | BodyError::Late | BodyError::BrokeOff | BodyError::Form(_) => {
            bad("body", &error.reason())
        }
    }
}
