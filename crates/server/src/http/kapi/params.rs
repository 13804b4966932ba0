//! Parameters of a call to kapi: in the query or in a form, once.

use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use serde::de::DeserializeOwned;

use crate::http::body::{self, BodyError};
use crate::http::fault::Fault;

/// The headers and parameters of a call.
pub struct Params {
    pub headers: HeaderMap,
    pub query: Pairs,
    form: Pairs,
}

impl Params {
    /// Reads the query, and the body of a POST.
    pub async fn read(request: Request) -> Result<Self, Fault> {
        let headers = request.headers().clone();
        let query = Pairs::parse(request.uri().query().unwrap_or_default())
            .map_err(|error| bad(error.parameter(), error.reason()))?;
        let form = if request.method() == Method::POST {
            body::form_or_nothing(request).await.map_err(not_a_form)?
        } else {
            Pairs::default()
        };
        Ok(Self { headers, query, form })
    }

    /// The value of a parameter; the SDKs send a literal null for what is absent.
    pub fn one(&self, name: &str) -> Result<Option<String>, Fault> {
        let mut value = None;
        for one in [self.query.one(name), self.form.one(name)] {
            value = value.or(one.map_err(|_| bad(name, "It was sent more than once."))?);
        }
        Ok(value.filter(|text| !text.is_empty() && *text != "null").map(str::to_owned))
    }

    /// A JSON list.
    pub fn list<T: DeserializeOwned>(&self, name: &str, of: &str) -> Result<Option<Vec<T>>, Fault> {
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|_| bad(name, &format!("Expected a JSON list of {of}.")))
        };
        self.one(name)?.map(read).transpose()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Fault> {
        self.one(name)?.map(|text| text.parse().map_err(|_| bad(name, "Expected a whole number."))).transpose()
    }
}

/// -2 for a parameter.
pub fn bad(parameter: &str, reason: &str) -> Fault {
    Problem::BadArgument { parameter: parameter.to_owned(), reason: reason.to_owned() }.into()
}

fn not_a_form(error: BodyError) -> Fault {
    match &error {
        BodyError::NotAForm(_) => {
            Problem::WrongHeader { header: "Content-Type".to_owned(), reason: error.reason() }.into()
        }
        BodyError::Unreadable(_) | BodyError::Form(_) => bad("body", &error.reason()),
    }
}
