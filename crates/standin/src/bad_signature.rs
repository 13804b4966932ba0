//! Breaks the signatures of tokens and webhooks.

use reqwest::header::{AUTHORIZATION, HeaderValue};

/// Returns the token with an invalid signature.
#[must_use]
pub fn with_bad_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
}

/// Changes a notice so that a receiver must refuse it: another admin key, or a token with an invalid signature.
#[must_use]
pub fn badly_signed(mut notice: reqwest::Request) -> reqwest::Request {
    if let Some(key) = notice.headers_mut().get_mut(AUTHORIZATION) {
        *key = HeaderValue::from_static("KakaoAK 00000000000000000000000000000000");
        return notice;
    }
    let token = notice.body().and_then(reqwest::Body::as_bytes).and_then(|bytes| std::str::from_utf8(bytes).ok());
    if let Some(token) = token.map(with_bad_signature) {
        *notice.body_mut() = Some(token.into());
    }
    notice
}
