//! `GET /.well-known/security.txt` — where to report a vulnerability (RFC 9116). The route exists only if the operator
//! names a contact.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing;
use kakaw_core::{Millis, Span};

use crate::Platform;
use crate::endpoint::Routes;
use crate::origins::Surface;

const PATH: &str = "/.well-known/security.txt";

/// How long the file is valid from now, if no moment is configured. RFC 9116 §2.5.5 recommends less than a year.
const VALID: Span = Span::days(180);

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityTxt {
    /// URIs, the preferred one first.
    pub contact: Vec<String>,
    pub expires: Option<Millis>,
    /// The URL of a policy.
    pub policy: Option<String>,
    /// Language tags.
    pub languages: Vec<String>,
}

pub(super) fn routes(platform: &Platform) -> Routes<Arc<Platform>> {
    match platform.security_txt {
        Some(_) => Routes::new().plain(PATH, routing::get(get)),
        None => Routes::new(),
    }
}

async fn get(State(platform): State<Arc<Platform>>) -> Response {
    let text = platform.security_txt.as_ref().map(|file| file.text(&platform, platform.now())).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

impl SecurityTxt {
    fn text(&self, platform: &Platform, now: Millis) -> String {
        let issuer = platform.surroundings.issuer();
        let mut urls = Surface::ALL.map(|surface| platform.surroundings.surface(&issuer, surface)).to_vec();
        urls.sort_unstable();
        urls.dedup();
        self.lines(&urls, now).iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    fn lines(&self, urls: &[String], now: Millis) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> = self.contact.iter().map(|contact| ("Contact", contact.clone())).collect();
        lines.push(("Expires", self.expires.unwrap_or(now + VALID).rfc3339()));
        if !self.languages.is_empty() {
            lines.push(("Preferred-Languages", self.languages.join(", ")));
        }
        lines.extend(urls.iter().map(|url| ("Canonical", format!("{url}{PATH}"))));
        lines.extend(self.policy.iter().map(|policy| ("Policy", policy.clone())));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_expiry_is_configured_or_half_a_year_from_now() {
        let now = Millis::from_rfc3339("2026-11-20T03:00:00Z").unwrap();
        let file = SecurityTxt { contact: vec!["mailto:a@example.com".to_owned()], ..SecurityTxt::default() };
        let expires = |file: &SecurityTxt| {
            let lines = file.lines(&["https://login.example.com".to_owned()], now);
            lines.into_iter().filter(|(name, _)| *name == "Expires").map(|(_, value)| value).collect::<Vec<_>>()
        };
        assert_eq!(expires(&file), ["2027-05-19T03:00:00Z"]);
        assert_eq!(expires(&SecurityTxt { expires: Some(now), ..file }), ["2026-11-20T03:00:00Z"]);
    }
}
