//! A description of an API as a page: what an OpenAPI document says, for people.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::Frame;
use crate::http::error::json;
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "document.html")]
pub struct Document {
    frame: Frame,
    title: &'static str,
    /// The document itself, as a path of ours.
    source: String,
    operations: Vec<Operation>,
}

/// A method of a path.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    more: String,
    fields: Vec<Field>,
}

/// A parameter, or a field of the body.
struct Field {
    name: String,
    place: &'static str,
    required: bool,
    text: String,
}

/// Answers a browser with a page, and a program with the document. `?format=json` is always the document.
#[must_use]
pub fn respond(
    context: &RequestContext,
    headers: &HeaderMap,
    path: &str,
    title: &'static str,
    value: &Value,
) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let asked = context.own_url.as_deref().is_some_and(|url| url.contains("format=json"));
    if !accepts.contains("text/html") || asked {
        return json(StatusCode::OK, value);
    }
    super::respond(StatusCode::OK, &Document::new(context, path, title, value))
}

impl Document {
    fn new(context: &RequestContext, path: &str, title: &'static str, value: &Value) -> Self {
        let frame = Frame::new(context);
        let own = |text: &Value| frame.brand.in_own_words(text.as_str().unwrap_or_default(), frame.w);
        let paths = value["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten().filter(|(name, _)| *name != "servers");
            methods.map(move |(method, about)| (path, method, about))
        });
        let operations = operations.map(|(path, method, about)| Operation {
            id: format!("{method}-{path}").replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
            method: method.to_uppercase(),
            path: path.clone(),
            summary: own(&about["summary"]),
            more: own(&about["description"]),
            fields: fields(about, value, &own),
        });
        let operations = operations.collect();
        Self { source: format!("{path}?format=json"), operations, title, frame }
    }
}

fn fields(about: &Value, document: &Value, own: &impl Fn(&Value) -> String) -> Vec<Field> {
    let parameters = about["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        place: if parameter["in"] == "path" { "path" } else { "query" },
        required: parameter["required"] == true,
        text: said(own(&parameter["description"])),
    });
    let bodies = about.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten();
    let bodies = bodies.flat_map(|(kind, body)| {
        let schema = resolved(&body["schema"], document);
        let place = if kind == "application/json" { "JSON" } else { "form" };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        schema["properties"].as_object().into_iter().flatten().map(move |(name, property)| Field {
            name: name.clone(),
            place,
            required: required.iter().any(|one| one == name),
            text: said(own(&property["description"])),
        })
    });
    parameters.chain(bodies).collect()
}

/// Returns the rule of a parameter without the word that says whether it is required, which has a column of its own.
fn said(text: String) -> String {
    ["yes: ", "no: "].into_iter().find_map(|word| text.strip_prefix(word)).map(str::to_owned).unwrap_or(text)
}

fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|link| link.strip_prefix('#'));
    name.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}
