//! The sample service's page: a log-in button, or the result of the log-in.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_wire::token::TokenReply;
use serde_json::Value;

use super::words;
use kakaw_platform::pages::Frame;
use kakaw_platform::pages::words::Words;
use kakaw_platform::request::context::RequestContext;

/// The contents of the page.
pub enum Shown {
    /// No app has registered the demo's redirect URI.
    Unregistered { redirect_uri: String },
    /// The log-in button.
    LoggedOut { app: String },
    /// Tokens and user information.
    LoggedIn { app: String, tokens: Box<TokenReply>, me: String, log_out: String },
    /// A request was refused.
    Failed { step: &'static str, error: String },
}

#[derive(Template)]
#[template(path = "demo.html")]
pub struct Demo {
    frame: Frame,
    w: &'static Words,
    shown: Shown,
}

impl Demo {
    #[must_use]
    pub fn new(context: &RequestContext, shown: Shown) -> Self {
        Self { frame: Frame::new(context), w: words::of(context.lang), shown }
    }

    /// Whether the page shows tokens, which are long.
    const fn is_wide(&self) -> bool {
        matches!(self.shown, Shown::LoggedIn { .. } | Shown::Failed { .. })
    }
}

/// Decodes header and claims of an ID token into indented JSON.
fn decoded(id_token: &str) -> String {
    let parts = id_token.split('.').take(2).map(|part| format!("{:#}", part_of(part)));
    parts.collect::<Vec<_>>().join("\n")
}

/// Returns the `nonce` claim of an ID token, or an empty text.
#[must_use]
pub fn nonce(id_token: &str) -> String {
    let claims = part_of(id_token.split('.').nth(1).unwrap_or_default());
    claims.get("nonce").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn part_of(part: &str) -> Value {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
