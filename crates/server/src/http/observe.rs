//! In a stand-in every exchange passes here: it is written to the log, and spoilt where a fault rule says so.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body::Frame;
use http_body_util::BodyExt as _;
use kakaw_core::random;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Surface;
use kakaw_wire::text::{self, Lang};
use kakaw_wire::user::KapiError;
use kakaw_wire::{Code, Problem};
use serde_json::{Value, json};

use crate::fault_rules::{Drop, Fault as Spoilt, IdToken, Keys};
use crate::http::fault::{self, Explained, Fault};
use crate::http::{body, cookie, here};
use crate::request_log::{self, Exchange};
use crate::world::World;

/// Whether an exchange is of the stand-in itself, and not of what it stands in for.
fn is_own(path: &str) -> bool {
    ["/control/", "/assets/", "/docs/", "/demo", "/inspector", "/sdk/", "/kakao_js_sdk/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
        || path == "/"
}

/// The layer.
pub async fn observe(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if is_own(&path) {
        return next.run(request).await;
    }
    let (started, at) = (Instant::now(), world.now());
    let method = request.method().as_str().to_owned();
    let base = here::base(&world, request.headers());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (request, form) = read_form(request).await;
    let app_key = app_key(&query, &form);
    let keys = keys_of(&world, &request, &path, &form);
    let spoilt = if world.faults.is_empty() {
        None
    } else {
        let chance = f64::from(u32::from_be_bytes(random::bytes(&*world.random))) / f64::from(u32::MAX);
        world.faults.choose(&method, &path, app_key.as_deref(), chance)
    };
    let (rule, response) = match spoilt {
        None => (None, next.run(request).await),
        Some((id, fault)) => (Some(id), spoil(&world, &base, &path, &fault, request, next).await),
    };
    let (flow, response) = flow(&world, &path, &query, &keys, response).await;
    let explained = response.extensions().get::<Explained>();
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let mut parameters = request_log::kept(&query);
    parameters.extend(request_log::kept(&form));
    world.requests.add(Exchange {
        id: 0,
        flow,
        at: at.rfc3339_exact(),
        method,
        path,
        parameters,
        app_key,
        status: response.status().as_u16(),
        took_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        location: location.map(request_log::kept_location),
        code: explained.map(|explained| explained.code),
        diagnosis: explained.map(|explained| explained.diagnosis.clone()).unwrap_or_default(),
        fault: rule,
    });
    response
}

/// What ties an exchange to a log-in: the browser on pages, the code at the exchange, the token at the user API.
fn keys_of(world: &World, request: &Request, path: &str, form: &str) -> Vec<String> {
    let headers = request.headers();
    let mut keys = Vec::new();
    if path == "/oauth/token" {
        let pairs = Pairs::parse(form).unwrap_or_default();
        keys.extend(
            ["code", "refresh_token"].iter().filter_map(|name| pairs.one(name).ok().flatten()).map(str::to_owned),
        );
    } else if let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        keys.extend(value.split_once(' ').map(|(_, token)| token.to_owned()));
    } else {
        keys.extend(cookie::read(headers, &cookie::Names::of(world).browser));
    }
    keys
}

/// The log-in that an exchange belongs to. A first authorization request begins one; its code and tokens carry it on.
async fn flow(world: &World, path: &str, query: &str, keys: &[String], response: Response) -> (u64, Response) {
    let log = &world.requests;
    let first = path == "/oauth/authorize" && !query.contains("kakaw_step=");
    let known = keys.iter().find_map(|key| log.flow_of(key));
    let flow = match known {
        Some(flow) if !first => flow,
        _ if first => log.begin_flow(),
        _ => return (0, response),
    };
    for key in keys {
        log.belongs(key, flow);
    }
    let headers = response.headers();
    let name = cookie::Names::of(world).browser;
    for line in headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()) {
        if let Some(value) = line.strip_prefix(&format!("{name}=")) {
            log.belongs(value.split(';').next().unwrap_or_default(), flow);
        }
    }
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
    let back = Pairs::parse(location.split_once('?').map_or("", |(_, query)| query)).unwrap_or_default();
    if let Some(code) = back.one("code").ok().flatten() {
        log.belongs(code, flow);
    }
    if path != "/oauth/token" || !response.status().is_success() {
        return (flow, response);
    }
    let response = changed(response, |reply| {
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = reply[name].as_str() {
                log.belongs(token, flow);
            }
        }
    })
    .await;
    (flow, response)
}

/// Reads a form on its way, so that the log can tell its parameters; the handler gets it whole.
async fn read_form(request: Request) -> (Request, String) {
    if !body::is_form(request.headers()) {
        return (request, String::new());
    }
    let (parts, body) = request.into_parts();
    match body::bytes(body, body::LIMIT).await {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            (Request::from_parts(parts, Body::from(bytes)), text)
        }
        // Too large: the handler refuses it in its own words.
        Err(_) => (Request::from_parts(parts, Body::from(vec![b'x'; body::LIMIT + 1])), String::new()),
    }
}

fn app_key(query: &str, form: &str) -> Option<String> {
    let of = |text: &str| {
        let pairs = Pairs::parse(text).ok()?;
        let key = pairs.one("client_id").ok().flatten().or_else(|| pairs.one("app_key").ok().flatten())?;
        Some(key.chars().take(64).collect::<String>())
    };
    of(query).or_else(|| of(form))
}

async fn spoil(world: &World, base: &str, path: &str, fault: &Spoilt, request: Request, next: Next) -> Response {
    if let Some(latency) = fault.latency_ms {
        let spread = fault.spread_ms.unwrap_or(0);
        let chance = u64::from(u32::from_be_bytes(random::bytes(&*world.random)));
        tokio::time::sleep(Duration::from_millis(latency + spread * chance / u64::from(u32::MAX))).await;
    }
    if fault.drop == Some(Drop::Before) {
        return broken(Bytes::new());
    }
    if let Some(code) = fault.error.as_deref().and_then(Code::from_id) {
        return answer(world, base, path, code);
    }
    if let Some(status) = fault.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        return (status, [(header::CONTENT_TYPE, "text/html")], page).into_response();
    }
    let mut response = next.run(request).await;
    if fault.drop == Some(Drop::After) {
        return broken(Bytes::new());
    }
    if let Some(kind) = fault.id_token {
        response = changed(response, |reply| spoil_id_token(world, reply, kind)).await;
    }
    if let Some(kind) = fault.jwks {
        response = changed(response, |set| match (kind, set["keys"].as_array_mut()) {
            (Keys::Empty, Some(keys)) => keys.clear(),
            (Keys::Stale, Some(keys)) if !keys.is_empty() => drop(keys.remove(0)),
            _ => {}
        })
        .await;
    }
    if let Some(kind) = fault.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    match fault.cut {
        Some(length) => {
            let bytes = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            broken(bytes.slice(..length.min(bytes.len())))
        }
        None => response,
    }
}

/// A response that breaks off: the server ends the connection.
fn broken(start: Bytes) -> Response {
    Response::new(Body::new(Broken(Some(start))))
}

/// A body that fails after its first frame.
struct Broken(Option<Bytes>);

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.0.take().filter(|start| !start.is_empty()) {
            Some(start) => Ok(Frame::data(start)),
            None => Err(std::io::Error::other("a fault was injected")),
        }))
    }
}

async fn changed(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    // What was broken on purpose stays broken.
    let Ok(collected) = body.collect().await else { return broken(Bytes::new()) };
    let bytes = collected.to_bytes();
    let Ok(mut value) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut value);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// Alters the ID token of a token reply and signs it again, or spoils its signature.
fn spoil_id_token(world: &World, reply: &mut Value, kind: IdToken) {
    let Some(token) = reply["id_token"].as_str() else { return };
    if kind == IdToken::BadSignature {
        let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        reply["id_token"] = json!(format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default()));
        return;
    }
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(mut claims) = payload.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else { return };
    match kind {
        IdToken::Expired => {
            claims["exp"] = json!(world.now().seconds() - 3600);
            claims["iat"] = json!(world.now().seconds() - 7200);
        }
        IdToken::OtherAudience => claims["aud"] = json!("another-app"),
        IdToken::OtherNonce => claims["nonce"] = json!("another-nonce"),
        IdToken::OtherIssuer => claims["iss"] = json!("https://another-issuer.example"),
        IdToken::BadSignature => {}
    }
    if let Some(signed) = world.signer.try_keys().and_then(|keys| keys.first()?.sign_as("JWT", &claims)) {
        reply["id_token"] = json!(signed);
    }
}

/// An error of the catalogue, in the shape of the path's surface; also one that is never answered otherwise.
fn answer(world: &World, base: &str, path: &str, code: Code) -> Response {
    let surface = surface(path);
    if let Some(problem) = Problem::injected(code, surface) {
        let fault = Fault::from(problem);
        return match surface {
            Surface::Kapi => fault.kapi(world, base),
            Surface::Apps => fault.apps(world, base),
            _ => fault.kauth(world, base),
        };
    }
    let words = text::of(code, Lang::En).map(|words| words.message.clone()).unwrap_or_default();
    match (code.id().parse::<i32>(), surface) {
        (Ok(number), _) => {
            let status = if number == -9798 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
            fault::json(status, &KapiError::new(words, number))
        }
        (_, Surface::Apps) => {
            fault::json(StatusCode::BAD_REQUEST, &json!({ "error_code": code.id(), "error_msg": words }))
        }
        _ => {
            let name = code.answers().first().map_or("invalid_request", |answer| answer.error);
            let name = if name.is_empty() { "invalid_request" } else { name };
            let error_code = code.id().starts_with("KOE").then(|| code.id());
            let body = json!({ "error": name, "error_description": words, "error_code": error_code });
            fault::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}

fn surface(path: &str) -> Surface {
    if path.starts_with("/v1/") || path.starts_with("/v2/") {
        Surface::Kapi
    } else if ["/auth/", "/user/", "/proxy", "/error/"].iter().any(|prefix| path.starts_with(prefix)) {
        Surface::Apps
    } else {
        Surface::Kauth
    }
}
