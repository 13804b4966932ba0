//! Every call of the control API, in one list: the command line, the OpenAPI document and the reference are generated from it.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::clock::Change;
use super::login::LogIn;
use super::people::{Page, Person};
use super::policy::Rules;
use super::worlds::{Keep, Restore, WorldState};
use crate::faults::FaultRule;
use crate::intercept;
use crate::json::set;
use crate::presets;
use crate::request_log::{Exchange, Filter};
use crate::worlds;
use kakaw_platform::endpoint::Method;
use kakaw_platform::manage::{
    DeleteAccount, Deliveries, DeliveryStatus, Replay, Resume, Trigger, Unlink, WebhookStatus,
};

/// The prefix of every path.
pub const PREFIX: &str = "/control/v1";

/// A call.
pub struct Call {
    /// The name after `kakaw ctl`.
    pub verb: &'static str,
    pub method: Method,
    /// The path after [`PREFIX`].
    pub path: &'static str,
    /// What the call does.
    pub about: &'static str,
    pub sends: Sends,
    /// The reply: JSON, or 204 without a body.
    pub answers: Option<fn() -> Value>,
}

/// The input of a call.
#[derive(Clone, Copy)]
pub enum Sends {
    Nothing,
    /// A JSON body.
    Json(fn() -> Value),
    /// Parameters of the query.
    Query(fn() -> Value),
    /// A world file as the body.
    WorldFile,
}

/// Returns the schema of a type, without references.
fn of<T: schemars::JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let mut schema = json!(settings.into_generator().into_root_schema_for::<T>());
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    schema
}

fn object() -> Value {
    json!({ "type": "object" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// A filter, and how long to wait for a match.
fn waiting() -> Value {
    let mut schema = of::<Filter>();
    let about = "Longest wait in seconds, or `5s`; up to 30, default 10. Without a match, the reply is 204.";
    let timeout = json!({ "type": "integer", "description": about });
    if let Some(properties) = schema.get_mut("properties") {
        set(properties, "timeout", timeout);
    }
    schema
}

macro_rules! call {
    ($verb:literal, $method:ident $path:literal, $about:literal, $sends:expr, $answers:expr) => {
        Call { verb: $verb, method: Method::$method, path: $path, about: $about, sends: $sends, answers: $answers }
    };
}

/// Every call.
pub const CALLS: &[Call] = &[
    call!("worlds", Get "/worlds", "List all worlds of the process.", Sends::Nothing, Some(of::<Vec<WorldState>>)),
    call!("world-create", Post "/worlds", "Create a world: empty, as a copy of another world, or from a world file.",
        Sends::Json(of::<worlds::CreateWorld>), Some(of::<WorldState>)),
    call!("world-delete", Delete "/worlds/{name}", "Delete a world.", Sends::Nothing, None),
    call!("snapshots", Get "/snapshots", "List the world's snapshots with their number of rows.", Sends::Nothing,
        Some(object)),
    call!("snapshot", Post "/snapshots", "Take a snapshot of the world: rows and clock.", Sends::Json(of::<Keep>), Some(object)),
    call!("restore", Post "/restore", "Restore a snapshot.", Sends::Json(of::<Restore>), None),
    call!("reset", Post "/reset", "Restore the initial state of the world, and delete its request log and fault rules.", Sends::Nothing,
        None),
    call!("apply", Post "/apply", "Apply a world file: TOML, or the same as JSON.",
        Sends::WorldFile, None),
    call!("export", Get "/export", "Export apps and people as a world file.", Sends::Nothing, Some(text)),
    call!("presets", Get "/presets", "List the presets: people who are edge cases for services.", Sends::Nothing,
        Some(of::<Vec<presets::Known>>)),
    call!("preset", Post "/presets", "Add the person of a preset to the world.", Sends::Json(of::<presets::UsePreset>),
        Some(of::<presets::Made>)),
    call!("unlink", Post "/people/unlink", "Unlink a person from an app; the app is notified.",
        Sends::Json(of::<Unlink>), None),
    call!("delete-account", Post "/people/delete", "Delete an account; every app that it is linked with is notified.",
        Sends::Json(of::<DeleteAccount>), None),
    call!("login", Post "/login", "Log a person in without pages; returns the redirect with its code or error, or the tokens.",
        Sends::Json(of::<LogIn>), Some(object)),
    call!("now", Get "/clock", "Show the world's time.", Sends::Nothing, Some(object)),
    call!("clock", Post "/clock", "Freeze, set or advance the world's time.", Sends::Json(of::<Change>), Some(object)),
    call!("faults", Get "/faults", "List the fault rules and how often each was applied.", Sends::Nothing,
        Some(of::<Vec<FaultRule>>)),
    call!("fault", Post "/faults", "Add a fault rule: it changes replies or webhook deliveries.", Sends::Json(of::<FaultRule>),
        Some(object)),
    call!("faults-clear", Delete "/faults", "Delete all fault rules.", Sends::Nothing, None),
    call!("requests", Get "/requests", "List requests with their replies and diagnoses.", Sends::Query(of::<Filter>),
        Some(of::<Vec<Exchange>>)),
    call!("requests-clear", Delete "/requests", "Clear the request log.", Sends::Nothing, None),
    call!("wait", Get "/requests/wait", "Wait for a request that matches, and return the first one.", Sends::Query(waiting),
        Some(of::<Exchange>)),
    call!("count", Get "/requests/count", "Count the requests that match.", Sends::Query(of::<Filter>), Some(object)),
    call!("har", Get "/requests/har", "Export the requests that match as an HTTP Archive (HAR 1.2).", Sends::Query(of::<Filter>),
        Some(object)),
    call!("curl", Get "/requests/{id}/curl", "Show a request as a curl command; fill in the masked values yourself.",
        Sends::Nothing, Some(object)),
    call!("webhooks", Get "/webhooks", "List all webhooks with their status.", Sends::Nothing, Some(of::<Vec<WebhookStatus>>)),
    call!("resume", Post "/webhooks/resume", "Resume a paused webhook.", Sends::Json(of::<Resume>), None),
    call!("trigger", Post "/webhooks/trigger",
        "Send a test notice, regardless of settings and consents.", Sends::Json(of::<Trigger>), Some(object)),
    call!("deliveries", Get "/deliveries", "List webhook deliveries, newest first, page by page.",
        Sends::Query(of::<Deliveries>),
        Some(of::<Vec<DeliveryStatus>>)),
    call!("replay", Post "/deliveries/replay", "Send a notice again, unchanged.", Sends::Json(of::<Replay>), Some(object)),
    call!("people", Get "/people", "List the people of the world with their links, sessions and logins, page by page.",
        Sends::Query(of::<Page>), Some(of::<Vec<Person>>)),
    call!("policy", Get "/policy", "Show the rules of the protocol that can be changed.", Sends::Nothing, Some(of::<Rules>)),
    call!("policy-set", Post "/policy", "Change rules of the protocol.", Sends::Json(of::<Rules>), Some(of::<Rules>)),
    call!("interception", Get "/interception", "Show where traffic to Kakao's hosts is intercepted.", Sends::Nothing, Some(object)),
    call!("intercept", Post "/interception",
        "Intercept traffic to Kakao's hosts for this world, with a proxy and a TLS listener.",
        Sends::Json(of::<intercept::Options>), Some(of::<intercept::Entrance>)),
    call!("rotate-keys", Post "/keys/rotate", "Sign ID tokens with a new key; the old keys stay in the key set.",
        Sends::Nothing, Some(object)),
];

impl Call {
    /// Returns the call with this name.
    #[must_use]
    pub fn of(verb: &str) -> Option<&'static Self> {
        CALLS.iter().find(|call| call.verb == verb)
    }

    /// Returns the parameters in the path.
    #[must_use]
    pub fn in_path(&self) -> Vec<&'static str> {
        self.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    /// Returns the fields of the body or query: name and schema.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        match self.sends {
            Sends::Json(schema) | Sends::Query(schema) => {
                schema().get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
            }
            Sends::Nothing | Sends::WorldFile => Map::new(),
        }
    }

    /// The required fields.
    #[must_use]
    pub fn required(&self) -> Vec<String> {
        let (Sends::Json(schema) | Sends::Query(schema)) = self.sends else { return Vec::new() };
        schema().get("required").and_then(|all| serde_json::from_value(all.clone()).ok()).unwrap_or_default()
    }
}

/// Returns the values that the schema allows.
#[must_use]
pub fn words_of(schema: &Value) -> Vec<String> {
    let all = |name: &str| schema.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let inner = ["oneOf", "anyOf", "allOf"].iter().flat_map(|name| all(name)).flat_map(|inner| words_of(&inner));
    let own = all("enum").into_iter().filter_map(|word| word.as_str().map(str::to_owned));
    own.chain(inner).collect()
}

/// Returns the OpenAPI document (version 3.0) of the control API of a world at `base`.
#[must_use]
pub fn document(base: &str) -> Value {
    let mut paths = Map::new();
    for call in CALLS {
        let path = paths.entry(format!("{PREFIX}{}", call.path)).or_insert_with(|| json!({}));
        set(path, &call.method.name().to_lowercase(), operation(call));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Kakaw control API", "version": env!("CARGO_PKG_VERSION"),
                  "description": "Controls a running stand-in. Only kakaw dev and kakaw run have this API." },
        "servers": [{ "url": base }],
        "paths": paths,
        "components": { "securitySchemes": {
            "control": { "type": "apiKey", "in": "header", "name": "Kakaw-Control",
                         "description": "`1` on the same machine; from other machines the stand-in's token." },
        } },
        "security": [{ "control": [] }],
    })
}

fn operation(call: &Call) -> Value {
    let mut parameters: Vec<Value> = call
        .in_path()
        .into_iter()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text() }))
        .collect();
    let mut operation = json!({ "operationId": call.verb, "summary": call.about });
    match call.sends {
        Sends::Nothing => {}
        Sends::Query(_) => parameters.extend(call.fields().into_iter().map(|(name, schema)| {
            json!({ "name": name, "in": "query", "description": schema.get("description"), "schema": schema })
        })),
        Sends::Json(schema) => {
            let body = json!({ "content": { "application/json": { "schema": schema() } } });
            set(&mut operation, "requestBody", body);
        }
        Sends::WorldFile => {
            let content = json!({ "application/toml": { "schema": text() }, "application/json": { "schema": object() } });
            set(&mut operation, "requestBody", json!({ "content": content }));
        }
    }
    if !parameters.is_empty() {
        set(&mut operation, "parameters", parameters);
    }
    let error = json!({ "type": "object", "properties": { "error": text(), "error_description": text() } });
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let kind = if call.verb == "export" { "application/toml" } else { "application/json" };
    let mut responses = match call.answers {
        Some(schema) => json!({ "200": { "description": "Done.", "content": { kind: { "schema": schema() } } } }),
        None => json!({ "204": { "description": "Done." } }),
    };
    if call.verb == "wait" {
        set(&mut responses, "204", json!({ "description": "No request matched in time." }));
    }
    let refused = json!({ "description": "What was received and what was expected.", "content": content(error) });
    set(&mut responses, "400", refused);
    set(&mut operation, "responses", responses);
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_described() {
        for call in CALLS {
            for (name, schema) in call.fields() {
                assert!(schema["description"].is_string(), "{} {name}: {schema}", call.verb);
            }
        }
    }
}
