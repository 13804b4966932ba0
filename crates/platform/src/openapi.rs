//! The description of the API, made from the code: what the head of each endpoint's file says of its parameters, and the
//! types of its replies.

use kakaw_wire::oidc::{Discovery, Jwks, UserInfo};
use kakaw_wire::shipping::{AppsError, ShippingAddresses};
use kakaw_wire::token::{AgtReply, CodeReply, KauthError, PrepareReply, TokenReply};
use kakaw_wire::user::{
    AccessTokenInfo, AgreedServiceTerms, KapiError, LegacyServiceTerms, RevokedServiceTerms, Scopes, ServiceTerms,
    User, UserId, UserIds,
};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// Which errors an endpoint answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errors {
    Kapi,
    Kauth,
    Apps,
    /// Pages.
    None,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anybody,
    Token,
    AdminKey,
    TokenOrAdminKey,
}

/// What an endpoint answers on success.
enum Reply {
    Json(fn(&mut SchemaGenerator) -> schemars::Schema),
    /// Any JSON object.
    Object,
    /// Any JSON object, or 204 while there is none.
    Later,
    /// A page, or a redirect.
    Page,
}

fn of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<T>()
}

struct Source {
    text: &'static str,
    errors: Errors,
    caller: Caller,
    /// The reply of each path of the file.
    replies: &'static [(&'static str, Reply)],
}

macro_rules! source {
    ($file:literal, $errors:ident, $caller:ident, $($path:literal => $reply:expr),+ $(,)?) => {
        Source {
            text: include_str!(concat!("http/", $file, ".rs")),
            errors: Errors::$errors,
            caller: Caller::$caller,
            replies: &[$(($path, $reply)),+],
        }
    };
}

const SOURCES: &[Source] = &[
    source!("kauth/authorize/mod", None, Anybody, "/oauth/authorize" => Reply::Page),
    source!("kauth/token/mod", Kauth, Anybody, "/oauth/token" => Reply::Json(of::<TokenReply>)),
    source!("kauth/tokeninfo", Kauth, Anybody, "/oauth/tokeninfo" => Reply::Object),
    source!("kauth/logout", None, Anybody, "/oauth/logout" => Reply::Page),
    source!("kauth/agt", Kauth, Anybody, "/api/agt" => Reply::Json(of::<AgtReply>)),
    source!("kauth/prepare", Kauth, Anybody, "/oauth/authorize/prepare" => Reply::Json(of::<PrepareReply>)),
    source!("kauth/discovery", Kauth, Anybody, "/.well-known/openid-configuration" => Reply::Json(of::<Discovery>)),
    source!("kauth/jwks", Kauth, Anybody, "/.well-known/jwks.json" => Reply::Json(of::<Jwks>)),
    source!("apiweb", Kauth, Anybody, "/apiweb/code.json" => Reply::Json(of::<CodeReply>)),
    source!("kapi/v2_user_me", Kapi, TokenOrAdminKey, "/v2/user/me" => Reply::Json(of::<User>)),
    source!("kapi/v1_user_access_token_info", Kapi, Token,
        "/v1/user/access_token_info" => Reply::Json(of::<AccessTokenInfo>),
        "/v1/user/check_access_token" => Reply::Json(of::<AccessTokenInfo>)),
    source!("kapi/v1_user_logout", Kapi, TokenOrAdminKey, "/v1/user/logout" => Reply::Json(of::<UserId>)),
    source!("kapi/v1_user_unlink", Kapi, TokenOrAdminKey, "/v1/user/unlink" => Reply::Json(of::<UserId>)),
    source!("kapi/v1_oidc_userinfo", Kapi, Token, "/v1/oidc/userinfo" => Reply::Json(of::<UserInfo>)),
    source!("kapi/v1_user_ids", Kapi, AdminKey, "/v1/user/ids" => Reply::Json(of::<UserIds>)),
    source!("kapi/v2_app_users", Kapi, AdminKey, "/v2/app/users" => Reply::Json(of::<Vec<User>>)),
    source!("kapi/v2_user_scopes", Kapi, TokenOrAdminKey,
        "/v2/user/scopes" => Reply::Json(of::<Scopes>),
        "/v2/user/revoke/scopes" => Reply::Json(of::<Scopes>)),
    source!("kapi/v2_user_service_terms", Kapi, TokenOrAdminKey,
        "/v2/user/service_terms" => Reply::Json(of::<ServiceTerms>),
        "/v2/user/upgrade/service_terms" => Reply::Json(of::<AgreedServiceTerms>),
        "/v2/user/revoke/service_terms" => Reply::Json(of::<RevokedServiceTerms>)),
    source!("kapi/v1_user_service_terms", Kapi, TokenOrAdminKey,
        "/v1/user/service/terms" => Reply::Json(of::<LegacyServiceTerms>)),
    source!("kapi/v1_user_signup", Kapi, Token, "/v1/user/signup" => Reply::Json(of::<UserId>)),
    source!("kapi/v1_user_update_profile", Kapi, Token, "/v1/user/update_profile" => Reply::Json(of::<UserId>)),
    source!("kapi/v1_user_shipping_address", Kapi, TokenOrAdminKey,
        "/v1/user/shipping_address" => Reply::Json(of::<ShippingAddresses>)),
    source!("apps/kpidt", Apps, Anybody,
        "/auth/kpidt" => Reply::Page, "/error/auth" => Reply::Page, "/error/server-error" => Reply::Page),
    source!("apps/address", Apps, Anybody, "/user/address" => Reply::Page, "/user/address/closed" => Reply::Page),
    source!("apps/proxy", Apps, Anybody, "/proxy" => Reply::Page, "/proxy/outcome" => Reply::Later),
    source!("accounts/create_account", None, Anybody, "/weblogin/create_account" => Reply::Page),
    source!("accounts/login", None, Anybody, "/login" => Reply::Page),
    source!("accounts/terms", None, Anybody, "/terms" => Reply::Page),
];

/// An endpoint, as the head of its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub method: String,
    pub path: String,
    /// What it is for.
    pub summary: String,
    pub params: Vec<Param>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    /// `yes`, `no`, or when.
    pub needed: String,
    pub rule: String,
}

/// Every endpoint.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    SOURCES.iter().flat_map(read).collect()
}

/// The OpenAPI document (version 3.0) of a server at `base`.
#[must_use]
pub fn document(base: &str) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let errors = [
        (Errors::Kapi, generator.subschema_for::<KapiError>()),
        (Errors::Kauth, generator.subschema_for::<KauthError>()),
        (Errors::Apps, generator.subschema_for::<AppsError>()),
    ];
    let mut paths = Map::new();
    for source in SOURCES {
        for endpoint in read(source) {
            let error = errors.iter().find(|(of, _)| *of == source.errors).map(|(_, schema)| json!(schema));
            let operation = operation(source, &endpoint, error, &mut generator);
            let path = paths.entry(&endpoint.path).or_insert_with(|| json!({}));
            path[endpoint.method.to_lowercase()] = operation;
        }
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

fn operation(source: &Source, endpoint: &Endpoint, error: Option<Value>, generator: &mut SchemaGenerator) -> Value {
    let described = |param: &Param| format!("{}: {}", param.needed, param.rule);
    let text = json!({ "type": "string" });
    let mut operation = json!({ "summary": endpoint.summary, "responses": {} });
    if endpoint.method == "GET" {
        let params = endpoint.params.iter().map(|param| {
            json!({ "name": param.name, "in": "query", "required": param.needed == "yes", "schema": text,
                    "description": described(param) })
        });
        operation["parameters"] = params.collect();
    } else {
        let with_text =
            |param: &Param| (param.name.clone(), json!({ "type": "string", "description": described(param) }));
        let properties: Map<String, Value> = endpoint.params.iter().map(with_text).collect();
        let required: Vec<&String> =
            endpoint.params.iter().filter(|param| param.needed == "yes").map(|param| &param.name).collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        operation["requestBody"] = json!({ "content": { "application/x-www-form-urlencoded": { "schema": schema } } });
    }
    let reply = source.replies.iter().find(|(path, _)| *path == endpoint.path).map(|(_, reply)| reply);
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let success = match reply {
        Some(Reply::Json(schema)) => json!({ "description": "Success.", "content": json_of(json!(schema(generator))) }),
        Some(Reply::Object | Reply::Later) => {
            json!({ "description": "Success.", "content": json_of(json!({ "type": "object" })) })
        }
        Some(Reply::Page) | None => json!({ "description": "A page." }),
    };
    operation["responses"]["200"] = success;
    if let Some(Reply::Later) = reply {
        operation["responses"]["204"] = json!({ "description": "Not yet." });
    }
    operation["responses"]["default"] = match error {
        Some(schema) => json!({ "description": "An error, or a redirect.", "content": json_of(schema) }),
        None => json!({ "description": "An error page, or a redirect." }),
    };
    let security = match source.caller {
        Caller::Anybody => json!([]),
        Caller::Token => json!([{ "token": [] }]),
        Caller::AdminKey => json!([{ "adminKey": [] }]),
        Caller::TokenOrAdminKey => json!([{ "token": [] }, { "adminKey": [] }]),
    };
    operation["security"] = security;
    operation
}

/// Reads the head of a file: `METHOD /path` between backticks, a dash and what it is for; then the table.
fn read(source: &Source) -> Vec<Endpoint> {
    let lines: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let mut endpoints = Vec::new();
    for (index, line) in
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("`GET /") || line.starts_with("`POST /"))
    {
        let rest = lines[index + 1..].iter().take_while(|next| !next.is_empty() && !next.starts_with('`'));
        let whole = std::iter::once(line).chain(rest).copied().collect::<Vec<_>>().join(" ");
        // A line may describe two: `GET /login` — …. `POST /login` — ….
        let mut pending = Vec::new();
        for (at, part) in whole.split('`').enumerate() {
            let route = part
                .split_once(' ')
                .filter(|(method, path)| at % 2 == 1 && matches!(*method, "GET" | "POST") && path.starts_with('/'));
            if let Some((method, path)) = route {
                pending.push(endpoints.len());
                endpoints.push(Endpoint {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    summary: String::new(),
                    params: Vec::new(),
                });
            } else if let Some((_, summary)) = part.split_once("— ") {
                for index in pending.drain(..) {
                    let summary = summary.split(". ").next().unwrap_or_default().trim().trim_end_matches('.');
                    summary.clone_into(&mut endpoints[index].summary);
                }
            }
        }
    }
    let params = params(&lines);
    for endpoint in &mut endpoints {
        endpoint.params.clone_from(&params);
    }
    endpoints
}

fn params(lines: &[&str]) -> Vec<Param> {
    let rows = lines.iter().filter(|line| line.starts_with("| `"));
    let read = |line: &&str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let names: Vec<String> = cells.first()?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let (needed, rule) = ((*cells.get(1)?).to_owned(), (*cells.get(2)?).to_owned());
        Some(names.into_iter().map(move |name| Param { name, needed: needed.clone(), rule: rule.clone() }))
    };
    rows.filter_map(read).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_describes_the_paths_that_it_serves() {
        for source in SOURCES {
            let found = read(source);
            for (path, _) in source.replies {
                assert!(found.iter().any(|endpoint| endpoint.path == *path), "{path} is not described");
            }
            for endpoint in &found {
                let served = source.text.contains(&format!("\"{}\"", endpoint.path));
                assert!(served, "{} is described and not served by the same file", endpoint.path);
                assert!(!endpoint.summary.is_empty(), "{} {}", endpoint.method, endpoint.path);
                assert!(source.replies.iter().any(|(path, _)| *path == endpoint.path), "{}", endpoint.path);
            }
        }
    }

    #[test]
    fn tables_are_read_whole() {
        let all = endpoints();
        let of = |method: &str, path: &str| all.iter().find(|e| e.method == method && e.path == path).expect(path);
        let token = of("POST", "/oauth/token");
        let names: Vec<_> = token.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names[..3], ["grant_type", "client_id", "client_secret"]);
        assert!(names.contains(&"ios_bundle_id"), "a row may name several: {names:?}");
        assert_eq!(of("GET", "/login").summary, "the log-in page");
        assert_eq!(of("POST", "/login").summary, "its form");
    }
}
