//! The interaction: the state between the pages of one authorization request. It travels sealed in the URL and not in a
//! cookie, so that browser tabs do not disturb each other.

use axum::http::{HeaderValue, header};
use kakaw_core::GrantId;
use kakaw_core::account::session::SessionId;
use kakaw_core::app::AppKey;
use kakaw_core::authorize::code_polling;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_wire::form::Pairs;
use serde::{Deserialize, Serialize};

use super::sent::Sent;
use crate::request::context::RequestContext;
use crate::request::form_token;

/// Name of the URL parameter with the sealed [`Interaction`].
const PARAMETER: &str = "kakaw_interaction";

/// State that a client must not be able to forge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Interaction {
    /// Hash of the request's query.
    request: String,
    /// Hash of the browser cookie.
    #[serde(default)]
    browser: Option<String>,
    /// The session at the start. If it differs now, the person has logged in for this request.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// The session that the person chose in the account chooser.
    #[serde(default)]
    pub chosen: Option<SessionId>,
    /// The grant whose person an `agt` named.
    #[serde(default)]
    pub agt: Option<GrantId>,
    /// The registered domain of the page on which the log-in began.
    #[serde(default)]
    pub site: Option<String>,
}

impl Interaction {
    /// Returns the interaction of the request, if it belongs to this browser and request; otherwise a new one.
    pub(super) fn of(context: &RequestContext, pairs: &Pairs, sent: &Sent, key: &AppKey) -> Self {
        let sealed = pairs.one(PARAMETER).ok().flatten();
        let opened: Option<Self> = sealed.and_then(|sealed| form_token::open(context, Purpose::Interaction, sealed));
        let browser = context.browser.as_deref().map(secret::hash);
        let fits = |found: &Self| {
            found.request == of_request(&sent.canonical) && browser.is_some() && found.browser == browser
        };
        opened
            .filter(fits)
            .unwrap_or_else(|| Self { session: context.session_id(), ..Self::beginning(sent, key, None) })
    }

    /// Starts an interaction about the person of this grant.
    pub(super) fn about(grant: GrantId, sent: &Sent, key: &AppKey) -> Self {
        Self::beginning(sent, key, Some(grant))
    }

    fn beginning(sent: &Sent, key: &AppKey, agt: Option<GrantId>) -> Self {
        let referer = sent.headers.get(header::REFERER).and_then(|referer| referer.to_str().ok()).unwrap_or_default();
        Self {
            request: of_request(&sent.canonical),
            browser: None,
            session: None,
            chosen: None,
            agt,
            site: code_polling::site(key, referer).map(str::to_owned),
        }
    }

    /// Returns the request's URL with this interaction.
    pub(super) fn url(&self, context: &mut RequestContext, sent: &Sent) -> (String, Option<HeaderValue>) {
        let (browser, cookie) = context.ensure_browser();
        (self.url_in(context, &browser, &sent.canonical), cookie)
    }

    fn url_in(&self, context: &RequestContext, browser: &str, canonical: &str) -> String {
        let sealed = Self { browser: Some(secret::hash(browser)), ..self.clone() };
        format!("/oauth/authorize?{canonical}&{PARAMETER}={}", form_token::seal(context, Purpose::Interaction, &sealed))
    }

    /// Returns the URL to which a page of the account returns. A log-in after this counts as one for this request.
    pub(super) fn return_url(&self, context: &mut RequestContext, sent: &Sent) -> (String, Option<HeaderValue>) {
        let updated = Self { session: context.session_id(), ..self.clone() };
        updated.url(context, sent)
    }

    /// The same, with this session's account chosen.
    pub(crate) fn chosen_url(
        &self,
        context: &mut RequestContext,
        sent: &Sent,
        session: &SessionId,
    ) -> (String, Option<HeaderValue>) {
        let chosen = Self { chosen: Some(session.clone()), ..self.clone() };
        chosen.url(context, sent)
    }

    /// Returns the URL for the forms of this request. Browsers send no `Referer` from our pages, so the URL contains
    /// where the log-in began.
    pub(super) fn action(&self, context: &mut RequestContext, sent: &Sent) -> String {
        match self.site {
            Some(_) => self.url(context, sent).0,
            None => format!("/oauth/authorize?{}", sent.query),
        }
    }

    /// Returns the URL of the same request for another person. It keeps where the log-in began.
    pub(crate) fn another_url(&self, context: &RequestContext, sent: &Sent) -> String {
        let other = with_prompt_login(&sent.canonical);
        let (Some(_), Some(browser)) = (&self.site, &context.browser) else {
            return format!("/oauth/authorize?{other}");
        };
        let (request, session) = (of_request(&other), context.session_id());
        let another = Self { request, session, chosen: None, agt: None, ..self.clone() };
        another.url_in(context, browser, &other)
    }
}

/// Returns the hash of a request. The language does not count, so that people can change it on every page.
fn of_request(canonical: &str) -> String {
    let kept = canonical.split('&').filter(|pair| !pair.starts_with("lang="));
    secret::hash(&kept.collect::<Vec<_>>().join("&"))
}

/// Returns the query without our own parameters and without one-time tokens.
pub(crate) fn canonical(query: &str) -> String {
    let own = format!("{PARAMETER}=");
    let kept = query.split('&').filter(|pair| !pair.starts_with(&own) && !pair.starts_with("agt="));
    kept.collect::<Vec<_>>().join("&")
}

/// Returns the same request for another person.
pub(crate) fn with_prompt_login(canonical: &str) -> String {
    // A hint names the person who is to be replaced.
    let names = |pair: &&str| !pair.starts_with("prompt=") && !pair.starts_with("login_hint=");
    let kept = canonical.split('&').filter(names).collect::<Vec<_>>().join("&");
    format!("{kept}&prompt=login")
}
