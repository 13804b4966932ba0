//! Request bodies: read up to a limit, and only as a form.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};
use kakaw_wire::form::{FormError, Pairs};

/// The most that a form may hold, in bytes.
pub const LIMIT: usize = 64 * 1024;
/// The most that a world file may hold, in bytes.
pub const WORLD_FILE_LIMIT: usize = 64 * 1024 * 1024;

/// Why a body was not read as a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// It has another content type.
    NotAForm(String),
    /// It is larger than this many bytes, or it broke off.
    Unreadable(usize),
    /// It cannot be decoded.
    Form(FormError),
}

impl BodyError {
    /// What was received, what was expected.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::NotAForm(kind) if kind.is_empty() => {
                "the request has no Content-Type; expected application/x-www-form-urlencoded".to_owned()
            }
            Self::NotAForm(kind) => format!("Content-Type is {kind}; expected application/x-www-form-urlencoded"),
            Self::Unreadable(limit) => format!("the body is larger than {limit} bytes or broke off"),
            Self::Form(error) => format!("parameter {}: {}", error.parameter(), error.reason()),
        }
    }
}

/// Whether the content type is that of a form.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers)
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.chars().take(100).collect()
}

/// Reads a form.
///
/// # Errors
/// Why it could not.
pub async fn form(request: Request) -> Result<Pairs, BodyError> {
    if !is_form(request.headers()) {
        return Err(BodyError::NotAForm(content_type(request.headers())));
    }
    let bytes = bytes(request.into_body(), LIMIT).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| BodyError::Form(FormError::NotUtf8("body".to_owned())))?;
    Pairs::parse(text).map_err(BodyError::Form)
}

/// Whether a body holds nothing, whatever its type. HTTP clients send `{}` or `null` as JSON, or a multipart form without
/// parts, when their caller passed no data.
fn is_nothing(headers: &HeaderMap, bytes: &[u8]) -> bool {
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(200).collect();
    let without_parts = || {
        let body = bytes.trim_ascii();
        content_type(headers).to_ascii_lowercase().starts_with("multipart/")
            && body.starts_with(b"--")
            && body.ends_with(b"--")
            && !body.contains(&b'\n')
    };
    matches!(text.as_slice(), b"" | b"{}" | b"[]" | b"null" | b"\"\"") || without_parts()
}

/// Reads a form, or nothing from a body of whatever content type that holds nothing.
///
/// # Errors
/// Why it could not.
pub async fn form_or_nothing(request: Request) -> Result<Pairs, BodyError> {
    let (headers, body) = (request.headers().clone(), request.into_body());
    let bytes = bytes(body, LIMIT).await?;
    if is_nothing(&headers, &bytes) {
        return Ok(Pairs::default());
    }
    if !is_form(&headers) {
        return Err(BodyError::NotAForm(content_type(&headers)));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| BodyError::Form(FormError::NotUtf8("body".to_owned())))?;
    Pairs::parse(text).map_err(BodyError::Form)
}

/// Reads a body up to `limit` bytes.
///
/// # Errors
/// It is larger, or it broke off.
pub async fn bytes(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let collected = Limited::new(body, limit).collect().await.map_err(|_| BodyError::Unreadable(limit))?;
    Ok(collected.to_bytes().to_vec())
}
