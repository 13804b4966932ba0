//! What survives between the steps of one authorization request: it travels sealed in the URL, never in a cookie, so that
//! tabs do not fight.

use axum::http::{StatusCode, header};
use axum::response::Response;
use kakaw_core::GrantId;
use kakaw_core::account::Account;
use kakaw_core::account::session::Session;
use kakaw_core::app::AppKey;
use kakaw_core::authorize::Request;
use kakaw_core::authorize::code_polling;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_store::{Outcome, agts, grants};
use kakaw_wire::authorize::Params;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Problem;
use kakaw_wire::text::Lang;
use serde::{Deserialize, Serialize};

use super::sent::Sent;
use crate::http::error::Error;
use crate::pages;
use crate::request::context::Here;
use crate::request::form_token;
use crate::request::redirect::{continue_url, redirect, with_cookie};

/// The parameter of ours that carries a sealed [`Step`].
const STEP: &str = "kakaw_step";

/// What must not be forged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Hash of the request's query.
    request: String,
    /// Hash of the browser cookie.
    browser: String,
    /// The session at the start: another one now means that the person logged in for this request.
    pub session: String,
    /// The session that was chosen on the account chooser.
    #[serde(default)]
    pub chosen: String,
    /// The grant whose person an `agt` named.
    #[serde(default)]
    pub agt: Option<GrantId>,
    /// The registered domain on whose page the log-in began.
    #[serde(default)]
    pub site: Option<String>,
}

impl Step {
    /// The step that the request carries, if it is this browser's and this request's.
    pub fn of(here: &Here, pairs: &Pairs, canonical: &str) -> Option<Self> {
        let step: Self = form_token::open(here, Purpose::Step, pairs.one(STEP).ok().flatten()?)?;
        let browser = here.browser.as_deref().map(secret::hash);
        (step.request == secret::hash(canonical) && Some(&step.browser) == browser.as_ref()).then_some(step)
    }

    /// The first step of a request.
    pub fn begin(here: &Here, sent: &Sent, key: &AppKey, canonical: &str) -> Self {
        Self {
            request: secret::hash(canonical),
            browser: String::new(),
            session: here.session_id().unwrap_or_default(),
            chosen: String::new(),
            agt: None,
            site: site(sent, key),
        }
    }

    /// The request's URL with this step.
    fn url(&self, here: &mut Here, canonical: &str) -> (String, Option<axum::http::HeaderValue>) {
        let (browser, cookie) = here.ensure_browser();
        (self.url_in(here, &browser, canonical), cookie)
    }

    fn url_in(&self, here: &Here, browser: &str, canonical: &str) -> String {
        let step = Self { browser: secret::hash(browser), ..self.clone() };
        format!("/oauth/authorize?{canonical}&{STEP}={}", form_token::seal(here, Purpose::Step, &step))
    }

    /// To a page of the account, and from there back to this request.
    pub fn to_page(&self, here: &mut Here, page: &str, params: &Params, canonical: &str) -> Response {
        // A log-in from here on is for this request; an older one was not.
        let step = Self { session: here.session_id().unwrap_or_default(), ..self.clone() };
        let (url, cookie) = step.url(here, canonical);
        let mut location = format!("{page}?continue={}", continue_url(&url));
        if let Some(lang) = params.lang.as_deref().and_then(Lang::from_id) {
            location.push_str(&format!("&lang={}", lang.id()));
        }
        with_cookie(redirect(&location, false), cookie)
    }

    /// Where a form of this request is sent back to. Browsers send no `Referer` from our pages, so the URL says where the
    /// log-in began.
    pub fn action(&self, here: &mut Here, sent: &Sent, canonical: &str) -> String {
        match self.site {
            Some(_) => self.url(here, canonical).0,
            None => format!("/oauth/authorize?{}", sent.query),
        }
    }

    /// The URL of the same request for another person: the log-in began where it began.
    pub fn another(&self, here: &Here, canonical: &str) -> String {
        let other = with_prompt_login(canonical);
        let (Some(_), Some(browser)) = (&self.site, &here.browser) else {
            return format!("/oauth/authorize?{other}");
        };
        let (request, session) = (secret::hash(&other), here.session_id().unwrap_or_default());
        let step = Self { request, session, chosen: String::new(), agt: None, ..self.clone() };
        step.url_in(here, browser, &other)
    }

    /// Asks which account is meant.
    pub fn choose(
        &self,
        here: &mut Here,
        request: &Request<'_>,
        session: &Session,
        account: &Account,
        canonical: &str,
    ) -> Response {
        let chosen = Self { chosen: session.id.clone(), ..self.clone() };
        let (url, cookie) = chosen.url(here, canonical);
        let another = self.another(here, canonical);
        let view = pages::choose::Choose::new(here, request.app, account, url, another);
        with_cookie(pages::respond(here, StatusCode::OK, &view), cookie)
    }
}

/// The registered domain whose page sent the request.
fn site(sent: &Sent, key: &AppKey) -> Option<String> {
    let referer = sent.headers.get(header::REFERER).and_then(|referer| referer.to_str().ok()).unwrap_or_default();
    code_polling::site(key, referer).map(str::to_owned)
}

/// Spends an `agt` and goes on without it: what stands in an address bar is worth nothing any more.
pub async fn redeem_agt(
    here: &mut Here,
    agt: &str,
    request: &Request<'_>,
    sent: &Sent,
    canonical: &str,
) -> Result<Response, Error> {
    let refuse = |reason: &str| Problem::MalformedRequest { parameter: "agt".to_owned(), reason: reason.to_owned() };
    let (id, now) = (secret::hash(agt), here.platform.now());
    let found = agts::by_id(&here.platform.store, &id).await?.ok_or_else(|| refuse("no such agt was issued here"))?;
    if found.spent_at.is_some() || now >= found.expires_at {
        return Err(refuse("it was used already, or its minute is over").into());
    }
    let bearer = grants::bearer(&here.platform.store, found.grant_id).await?;
    if !bearer.is_some_and(|bearer| bearer.live().is_ok() && bearer.grant.authorization.app_key == request.key.key) {
        return Err(refuse("it was made with a token of another key, or the token has ended").into());
    }
    let Outcome::Committed = here.platform.store.commit(vec![agts::spend(&id, now)]).await? else {
        return Err(refuse("it was used already").into());
    };
    let step = Step {
        request: secret::hash(canonical),
        browser: String::new(),
        session: String::new(),
        chosen: String::new(),
        agt: Some(found.grant_id),
        site: site(sent, request.key),
    };
    let (url, cookie) = step.url(here, canonical);
    Ok(with_cookie(redirect(&url, true), cookie))
}

/// The query without what is ours, and without what is good for one use.
pub fn canonical(query: &str) -> String {
    let own = format!("{STEP}=");
    let kept = query.split('&').filter(|pair| !pair.starts_with(&own) && !pair.starts_with("agt="));
    kept.collect::<Vec<_>>().join("&")
}

/// The same request, for another person.
pub fn with_prompt_login(canonical: &str) -> String {
    // A hint names the person who is not meant any more.
    let names = |pair: &&str| !pair.starts_with("prompt=") && !pair.starts_with("login_hint=");
    let kept = canonical.split('&').filter(names).collect::<Vec<_>>().join("&");
    format!("{kept}&prompt=login")
}
