//! Request bodies: read up to a limit, and only as a form.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kakaw_wire::form::{FormError, Pairs};

use crate::server;

/// Maximum size of a form, in bytes.
pub const LIMIT: usize = 64 * 1024;
/// Maximum size of a world file, in bytes.
pub const WORLD_FILE_LIMIT: usize = 64 * 1024 * 1024;

/// Why a form could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// It has another content type.
    NotAForm(String),
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// It did not arrive in time.
    Late,
    /// The connection broke.
    BrokeOff,
    /// It cannot be decoded.
    Form(FormError),
}

impl BodyError {
    /// Returns what was received and what was expected.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::NotAForm(kind) if kind.is_empty() => {
                "the request has no Content-Type; expected application/x-www-form-urlencoded".to_owned()
            }
            Self::NotAForm(kind) => format!("Content-Type is {kind}; expected application/x-www-form-urlencoded"),
            Self::TooLarge(limit) => format!("the body is larger than {limit} bytes"),
            Self::Late => "the body did not arrive in time".to_owned(),
            Self::BrokeOff => "the body broke off".to_owned(),
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

/// The first hundred bytes at most: errors repeat it. `to_str` gives ASCII only.
fn content_type(headers: &HeaderMap) -> &str {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.get(..100).unwrap_or(kind)
}

/// Reads a form.
///
/// # Errors
/// Why the form could not be read.
pub async fn form(request: Request) -> Result<Pairs, BodyError> {
    if !is_form(request.headers()) {
        return Err(BodyError::NotAForm(content_type(request.headers()).to_owned()));
    }
    parse(&bytes(request.into_body(), LIMIT).await?)
}

/// Whether a body is empty in effect, whatever its type. When their caller passes no data, HTTP clients send `{}` or
/// `null` as JSON, or a multipart form without parts.
fn is_nothing(headers: &HeaderMap, bytes: &[u8]) -> bool {
    // One byte more than the longest that means nothing.
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(5).collect();
    let without_parts = || {
        let body = bytes.trim_ascii();
        content_type(headers).to_ascii_lowercase().starts_with("multipart/")
            && body.starts_with(b"--")
            && body.ends_with(b"--")
            && !body.contains(&b'\n')
    };
    matches!(text.as_slice(), b"" | b"{}" | b"[]" | b"null" | b"\"\"") || without_parts()
}

/// Reads a form. A body of any content type that is empty in effect gives no parameters.
///
/// # Errors
/// Why the form could not be read.
pub(crate) async fn form_or_nothing(headers: &HeaderMap, body: Body) -> Result<Pairs, BodyError> {
    let bytes = bytes(body, LIMIT).await?;
    if is_nothing(headers, &bytes) {
        return Ok(Pairs::default());
    }
    if !is_form(headers) {
        return Err(BodyError::NotAForm(content_type(headers).to_owned()));
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Pairs, BodyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Form(FormError::NotUtf8("body".to_owned())))?;
    Pairs::parse(text).map_err(BodyError::Form)
}

/// Reads a body up to `limit` bytes.
///
/// # Errors
/// The body is larger, came too late, or broke off.
pub async fn bytes(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge(limit)),
        Err(error) if server::is_late(&*error) => Err(BodyError::Late),
        Err(_) => Err(BodyError::BrokeOff),
    }
}
