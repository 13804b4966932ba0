//! The links of a page at which a request ends. Only verified URLs become links, so that no page sends people to a
//! foreign site.

use kakaw_core::app::{App, AppKey, KeyKind};
use kakaw_core::policy::Policy;
use kakaw_wire::Code;
use kakaw_wire::problem::{Problem, Surface};
use kakaw_wire::url::with_query;

/// The links of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// The same request for another person, as a path of ours.
    pub another: Option<String>,
    /// The same request from its beginning, as a path of ours.
    pub again: Option<String>,
    /// The link back to the app.
    pub back: Option<Back>,
}

/// The app's redirect URI with the error that Cancel sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// The app's name.
    pub app: String,
    pub url: String,
}

impl Back {
    /// Returns the link back, for a request whose redirect URI is registered for its key. Returns `None` for the SDK's
    /// built-in targets, and for schemes that a link must not have.
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
    /// Returns the links that help with this error.
    #[must_use]
    pub fn of(mut self, code: Code) -> Self {
        // For most errors, the same request would fail again.
        self.again = self.again.filter(|_| matches!(code, Code::KOE003 | Code::KOE203));
        self.another = self.another.filter(|_| code == Code::KOE005);
        self
    }
}
