//! Ways on from a page at which a request ends. Only what was checked becomes a link, so that no page leads people away.

use kakaw_core::app::{App, AppKey, KeyKind};
use kakaw_core::policy::Policy;
use kakaw_wire::Code;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::url::with_query;

/// The links of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// The same request for another person: a path of ours.
    pub another: Option<String>,
    /// The same request from its beginning: a path of ours.
    pub again: Option<String>,
    /// Back to the app.
    pub back: Option<Back>,
}

/// The app's redirect URI with an error, as Cancel would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// The app's name.
    pub app: String,
    pub url: String,
}

impl Back {
    /// The way back of a request whose redirect URI is registered for its key. Nothing for the SDK's built-in targets,
    /// and for schemes that a link must not have.
    #[must_use]
    pub fn of(app: &App, key: &AppKey, uri: &str, state: Option<&str>, policy: &Policy, why: &Problem) -> Option<Self> {
        let any_port = policy.overrides.any_local_port && key.accepts_on_another_port(uri);
        if key.kind == KeyKind::Admin || !(key.accepts_redirect_uri(uri) || any_port) {
            return None;
        }
        let own = format!("kakao{}://", key.key);
        if !["http://", "https://", own.as_str()].iter().any(|scheme| uri.starts_with(scheme))
            || kakaw_core::app::is_built_in(uri)
        {
            return None;
        }
        let (error, message) = (why.answer(Surface::Redirect).error, why.message(Surface::Redirect));
        let parameters = [("error", Some(error)), ("error_description", Some(message.as_str())), ("state", state)];
        Some(Self { app: app.settings.name.clone(), url: with_query(uri, &parameters) })
    }
}

impl Ways {
    /// Those that lead out of this error.
    #[must_use]
    pub fn of(mut self, code: Code) -> Self {
        // The same request would get most errors again.
        self.again = self.again.filter(|_| matches!(code, Code::KOE003 | Code::KOE203));
        self.another = self.another.filter(|_| code == Code::KOE005);
        self
    }
}
