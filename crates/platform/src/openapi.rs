//! The OpenAPI document of the API, from the documentation beside the routes and the types of the replies.

use kakaw_wire::shipping::AppsError;
use kakaw_wire::token::KauthError;
use kakaw_wire::user::KapiError;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::endpoint::{About, Credential, Endpoint, Errors, Needed, Param, Reply};
use crate::origins::Surface;

/// Returns the OpenAPI document (version 3.0) of a server at `base`. `url` returns the base URL of a surface.
#[must_use]
pub fn document(base: &str, url: impl Fn(Surface) -> String, endpoints: &[Endpoint]) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let Some(about) = endpoint.about else { continue };
        let operation = operation(endpoint, about, &mut generator);
        let elsewhere = endpoint.surface.map(&url).filter(|url| url != base);
        let path = paths
            .entry(&endpoint.path)
            .or_insert_with(|| elsewhere.map_or_else(|| json!({}), |url| json!({ "servers": [{ "url": url }] })));
        path.as_object_mut().map(|methods| methods.insert(endpoint.method.name().to_lowercase(), operation));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Kakaw", "version": env!("CARGO_PKG_VERSION"),
                  "description": "Kakao Login that you can run yourself. Error codes: /docs/errors/{code}." },
        "servers": [{ "url": base }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "Access token." },
                "adminKey": { "type": "apiKey", "in": "header", "name": "Authorization",
                              "description": "`KakaoAK {admin key}`, on servers only." },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, about: &About, generator: &mut SchemaGenerator) -> Value {
    let body = |form: Value| json!({ "content": { "application/x-www-form-urlencoded": { "schema": form } } });
    let security = match about.credential {
        Credential::None => json!([]),
        Credential::Token => json!([{ "token": [] }]),
        Credential::AdminKey => json!([{ "adminKey": [] }]),
        Credential::TokenOrAdminKey => json!([{ "token": [] }, { "adminKey": [] }]),
    };
    object([
        ("summary", Some(json!(about.summary))),
        ("description", (!about.more.is_empty()).then(|| json!(about.more))),
        ("parameters", Some(parameters(endpoint)).filter(|all| !all.is_empty()).map(Value::Array)),
        ("requestBody", form(endpoint).map(body)),
        ("responses", Some(responses(about, generator))),
        ("security", Some(security)),
    ])
}

/// Returns an object with the members that have a value.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn described(param: &Param) -> String {
    format!("{}: {}", param.needed.text(), param.rule)
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let text = json!({ "type": "string" });
    let in_path =
        endpoint.in_path().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }));
    let in_query = endpoint.in_query().map(|param| {
        json!({ "name": param.name, "in": "query", "required": param.needed == Needed::Yes, "schema": text,
                "description": described(param) })
    });
    in_path.chain(in_query).collect()
}

/// Returns the schema of the form, if there is one.
fn form(endpoint: &Endpoint) -> Option<Value> {
    let with_text =
        |param: &Param| (param.name.to_owned(), json!({ "type": "string", "description": described(param) }));
    let properties: Map<String, Value> = endpoint.in_form().map(with_text).collect();
    if properties.is_empty() {
        return None;
    }
    let required: Vec<&str> =
        endpoint.in_form().filter(|param| param.needed == Needed::Yes).map(|param| param.name).collect();
    Some(object([
        ("type", Some(json!("object"))),
        ("properties", Some(Value::Object(properties))),
        ("required", (!required.is_empty()).then(|| json!(required))),
    ]))
}

fn responses(about: &About, generator: &mut SchemaGenerator) -> Value {
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let success = |schema: Value| Some(json!({ "description": "Success.", "content": json_of(schema) }));
    let described = |text: &str| Some(json!({ "description": text }));
    let (ok, no_content) = match about.reply {
        Reply::Json(schema) => (success(json!(schema(generator))), None),
        Reply::Object => (success(json!({ "type": "object" })), None),
        Reply::Later => (success(json!({ "type": "object" })), described("Not yet.")),
        Reply::Page => (described("A page."), None),
        Reply::Nothing => (None, described("Done.")),
    };
    let error = match about.errors {
        Errors::Kapi => Some(generator.subschema_for::<KapiError>()),
        Errors::Kauth => Some(generator.subschema_for::<KauthError>()),
        Errors::Apps => Some(generator.subschema_for::<AppsError>()),
        Errors::Page => None,
    };
    let error = match error {
        Some(schema) => json!({ "description": "An error, or a redirect.", "content": json_of(json!(schema)) }),
        None => json!({ "description": "An error page, or a redirect." }),
    };
    object([("200", ok), ("204", no_content), ("default", Some(error))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    fn names(list: &Value) -> Vec<&str> {
        list.as_array().into_iter().flatten().map(|param| param["name"].as_str().expect("a name")).collect()
    }

    #[test]
    fn every_endpoint_is_described_where_its_parameters_go() {
        let document =
            document("https://login.example.com", |_| "https://login.example.com".to_owned(), &http::endpoints());
        let paths = &document["paths"];
        let token = &paths["/oauth/token"]["post"];
        let form = &token["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        assert_eq!(form["required"], json!(["grant_type", "client_id"]));
        assert!(form["properties"]["ios_bundle_id"]["description"].as_str().expect("text").starts_with("no: "));
        assert!(token["parameters"].is_null(), "all of it is in the form");
        assert_eq!(
            token["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/TokenReply"
        );
        // A page has its parameters in the query, and its form is sent to the same URL.
        let (shown, posted) = (&paths["/login"]["get"], &paths["/login"]["post"]);
        assert_eq!(
            (names(&shown["parameters"]), names(&posted["parameters"])),
            (vec!["continue", "lang"], vec!["continue", "lang"])
        );
        let form = &posted["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        assert_eq!(form["required"], json!(["loginId", "password"]));
        assert!(shown["requestBody"].is_null());
        // In a call with an admin key, parameters name the person.
        let of_me = names(&paths["/v2/user/me"]["get"]["parameters"]);
        assert_eq!(of_me[of_me.len() - 2..], ["target_id_type", "target_id"]);
        assert_eq!(paths["/v1/user/logout"]["post"]["security"], json!([{ "token": [] }, { "adminKey": [] }]));
        assert_eq!(paths["/docs/errors/{code}"]["get"]["parameters"][0]["in"], "path");
        assert!(paths["/docs/api"]["get"].is_object(), "it describes itself");
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document =
            document("https://login.example.com", |_| "https://login.example.com".to_owned(), &http::endpoints());
        let text = document.to_string();
        let named: Vec<&str> =
            text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.len() > 30, "{named:?}");
        for name in named {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
