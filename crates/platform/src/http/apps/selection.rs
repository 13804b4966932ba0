//! An address selection: its parameters, its person, and where its result goes.

use kakaw_core::{GrantId, Millis, Span};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::app::platform::{self, Identity};
use kakaw_core::app::{App, AppKey, AppStatus, KeyKind};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::token::grant::Bearer;
use kakaw_store::{Outcome, Statement, app_keys, apps, grants, pending_results};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::scope::Item;
use kakaw_wire::url::with_query;
use serde::{Deserialize, Serialize};

use crate::http::error::{Error, apps_error};
use crate::pages;
use crate::request::context::RequestContext;
use crate::request::redirect::redirect;

/// How long a selection is valid.
const LIFETIME: Span = Span::minutes(10);
/// Minimum length of a `trans_id`, in characters: it must not be guessable. Flutter Web sends 20 random letters and
/// digits.
const TRANS_ID: usize = 20;

/// The parameters that the picker was opened with.
pub(crate) struct AddressSelection {
    pub app: Arc<App>,
    pub key: AppKey,
    pub to: Target,
    /// The address that is selected already.
    pub address_id: Option<i64>,
}

/// Where the result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A redirect to a native app's own scheme, or to a page of a registered domain.
    Return(String),
    /// The frame that polls with this transaction.
    Proxy(String),
}

/// The person of a selection. It travels sealed in the URL and is valid for this browser, key and transaction only.
#[derive(Serialize, Deserialize)]
pub(crate) struct SelectionToken {
    pub grant_id: GrantId,
    browser: String,
    request: String,
    until: Millis,
}

/// Name of the URL parameter with the sealed [`SelectionToken`].
pub(crate) const SELECTION: &str = "kakaw_selection";

/// A result that waits for the frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingOutcome {
    /// The text that the frame posts.
    pub message: String,
    /// The key's registered domains: no other page receives the message.
    pub targets: Vec<String>,
}

impl AddressSelection {
    /// Reads the parameters of `/user/address`.
    ///
    /// # Errors
    /// KAE002, KAE003 or KAE104. There is no place to send them to.
    pub(super) async fn read(context: &RequestContext, pairs: &Pairs) -> Result<Self, Error> {
        let selection = Self::parse(context, pairs).await;
        if selection.is_err() {
            // What a layer in front decided has no place to go to either.
            context.admitted()?;
        }
        selection
    }

    async fn parse(context: &RequestContext, pairs: &Pairs) -> Result<Self, Error> {
        let wrong = |parameter: &str, reason: &str| {
            Error::from(Problem::AppsInvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() })
        };
        let one = |name: &str| {
            pairs.one(name).map_err(|_| wrong(name, "it was sent more than once")).map(|v| v.filter(|v| !v.is_empty()))
        };
        let app_key = one("app_key")?.ok_or_else(|| wrong("app_key", "it is missing"))?;
        let found = app_keys::with_app(&context.platform.store, app_key).await?;
        let found = match found {
            Some(found) => found,
            // An admin key is found by its keyed hash.
            None => app_keys::with_app(
                &context.platform.store,
                &secret::keyed_hash(context.platform.sealer.hash_key(), app_key),
            )
            .await?
            .ok_or_else(|| wrong("app_key", "no app has this key"))?,
        };
        let (app, key) = found;
        if !matches!(key.kind, KeyKind::Native | KeyKind::Javascript) {
            return Err(Problem::AppsKeyType {}.into());
        }
        let to = match (one("return_url")?, one("trans_id")?) {
            (Some(url), _) if is_own(&key, url) => Target::Return(url.to_owned()),
            (Some(_), _) => {
                return Err(wrong("return_url", "expected a page of a registered domain, or the native app's scheme"));
            }
            (None, Some(id)) if id.len() >= TRANS_ID => Target::Proxy(id.to_owned()),
            (None, Some(_)) => return Err(wrong("trans_id", "expected 20 characters or more")),
            (None, None) => {
                let reason = "neither return_url nor trans_id was sent".to_owned();
                return Err(Problem::AppsInvalidRequest { reason }.into());
            }
        };
        let address_id = one("address_id")?.map(str::parse).transpose();
        let address_id = address_id.map_err(|_| wrong("address_id", "expected a whole number"))?;
        if platform::check(&key, &Identity::of(one("ka")?.unwrap_or_default())).is_err() {
            return Err(wrong("ka", "its origin is not registered for the key"));
        }
        Ok(Self { app, key, to, address_id })
    }

    /// Checks whether the app may open the picker.
    ///
    /// # Errors
    /// KAE101, KAE102 or KAE103, or what a layer in front decided.
    pub(crate) fn check_app(&self, context: &RequestContext) -> Result<(), Error> {
        context.admitted()?;
        let settings = &self.app.settings;
        if settings.status != AppStatus::Active || !settings.kakao_login {
            return Err(Problem::AppsAppType {}.into());
        }
        match settings.consent_items.get(&Item::ShippingAddress) {
            None => Err(Problem::AppsScope {}.into()),
            Some(setting) if !setting.permission => Err(Problem::AppsPermission {}.into()),
            Some(_) => Ok(()),
        }
    }

    /// Returns the person of a grant, if they may use the picker.
    ///
    /// # Errors
    /// KAE201, KAE202, KAE204 or KAE205.
    pub(super) async fn person(&self, context: &RequestContext, grant_id: GrantId) -> Result<Bearer, Error> {
        let bearer = grants::bearer(&context.platform.store, grant_id).await?.ok_or(Problem::AppsAuth {})?;
        if bearer.grant.authorization.app_key != self.key.key {
            return Err(Problem::AppsAuth {}.into());
        }
        if bearer.account.restricted {
            return Err(Problem::AppsLoginRequired {}.into());
        }
        if !bearer.link.connected {
            return Err(Problem::AppsNotRegisteredUser {}.into());
        }
        if bearer.live().is_err() {
            return Err(Problem::AppsAuth {}.into());
        }
        if !bearer.account.agreed_to_terms {
            return Err(Problem::AppsAccountTerms {}.into());
        }
        Ok(bearer)
    }

    /// Seals the person into the URL of the page.
    pub(super) fn seal(&self, context: &RequestContext, browser: &str, grant_id: GrantId) -> String {
        let token = SelectionToken {
            grant_id,
            browser: secret::hash(browser),
            request: self.request(),
            until: context.platform.now() + LIFETIME,
        };
        context.platform.sealer.seal(Purpose::Selection, &serde_json::to_vec(&token).unwrap_or_default())
    }

    /// Opens the sealed person.
    ///
    /// # Errors
    /// KAE201 without a token for this browser, key and transaction; KAE004 when it has expired.
    pub(super) fn open(&self, context: &RequestContext, text: Option<&str>) -> Result<SelectionToken, Error> {
        let plain = text.and_then(|text| context.platform.sealer.open(Purpose::Selection, text));
        let token: Option<SelectionToken> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        let browser = context.browser.as_deref().map(secret::hash);
        let token = token.filter(|token| Some(&token.browser) == browser.as_ref() && token.request == self.request());
        match token {
            None => Err(Problem::AppsAuth {}.into()),
            Some(token) if context.platform.now() >= token.until => Err(Problem::AppsTimeExpired {}.into()),
            Some(token) => Ok(token),
        }
    }

    fn request(&self) -> String {
        let to = match &self.to {
            Target::Return(url) => url,
            Target::Proxy(id) => id,
        };
        secret::hash(&format!("{}/{to}", self.key.key))
    }

    /// Ends with an address. `changes` are committed together with it.
    pub(super) async fn chosen(
        &self,
        context: &RequestContext,
        address_id: i64,
        changes: Vec<Statement>,
    ) -> Result<Response, Error> {
        let id = address_id.to_string();
        let query = [("status", Some("success")), ("address_id", Some(id.as_str()))];
        let message = serde_json::json!({ "address_id": address_id }).to_string();
        self.end(context, &query, message, changes, "picker_chosen").await
    }

    /// Ends with an error, for an identified person.
    pub(super) async fn failed(&self, context: &RequestContext, problem: &Problem) -> Result<Response, Error> {
        let (query, message) = failure(problem);
        let query = query.each_ref().map(|(name, value)| (*name, Some(value.as_str())));
        self.end(context, &query, message, Vec::new(), FAILED).await
    }

    /// Ends with an error, without an identified person. Anybody can cause it, so it is not written to the database.
    pub(crate) fn failed_for_nobody(&self, context: &RequestContext, problem: &Problem) -> Response {
        let (query, message) = failure(problem);
        if let Target::Proxy(id) = &self.to {
            let now = context.platform.now();
            let answer = self.sealed(context, message);
            let until = now + LIFETIME;
            context.platform.transient_results.put(&pending_id(id), &context.address, answer, now, until);
        }
        let query = query.each_ref().map(|(name, value)| (*name, Some(value.as_str())));
        self.answer(context, &query, FAILED)
    }

    /// Ends because the person closed the window. The page receives the word `closed`.
    pub(super) async fn closed(&self, context: &RequestContext) -> Result<(), Error> {
        if let Target::Proxy(id) = &self.to {
            let pending = self.insert(context, id, "closed".to_owned());
            let (Outcome::Committed | Outcome::Conflict { .. }) = context.platform.store.commit(vec![pending]).await?;
        }
        Ok(())
    }

    async fn end(
        &self,
        context: &RequestContext,
        query: &[(&str, Option<&str>)],
        message: String,
        mut changes: Vec<Statement>,
        words: &'static str,
    ) -> Result<Response, Error> {
        if let Target::Proxy(id) = &self.to {
            changes.push(self.insert(context, id, message));
        }
        if !changes.is_empty() {
            // A second result of the same transaction is ignored.
            let (Outcome::Committed | Outcome::Conflict { .. }) = context.platform.store.commit(changes).await?;
        }
        Ok(self.answer(context, query, words))
    }

    fn answer(&self, context: &RequestContext, query: &[(&str, Option<&str>)], words: &'static str) -> Response {
        match &self.to {
            Target::Return(url) => redirect(&with_query(url, query), true),
            Target::Proxy(_) => pages::respond_with_script(StatusCode::OK, &pages::address::Ended::new(context, words)),
        }
    }

    fn insert(&self, context: &RequestContext, trans_id: &str, message: String) -> Statement {
        let until = context.platform.now() + LIFETIME;
        pending_results::insert(&pending_id(trans_id), self.app.id, &self.sealed(context, message), until)
    }

    fn sealed(&self, context: &RequestContext, message: String) -> String {
        let pending = PendingOutcome { message, targets: self.key.settings.sdk_domains.clone() };
        context.platform.sealer.seal(Purpose::Keep, &serde_json::to_vec(&pending).unwrap_or_default())
    }
}

/// The key of the text for a failed selection.
const FAILED: &str = "picker_failed";

/// Returns an error as a query and as a message to a page.
fn failure(problem: &Problem) -> ([(&'static str, String); 3], String) {
    let error = apps_error(problem);
    let message = serde_json::to_string(&error).unwrap_or_default();
    let query = [("status", "error".to_owned()), ("error_code", error.error_code), ("error_msg", error.error_msg)];
    (query, message)
}

/// Returns the id of a selection's pending result.
pub fn pending_id(trans_id: &str) -> String {
    secret::hash(&format!("picker/{trans_id}"))
}

/// Whether the result may go there: to the scheme of the native key, or to a page of a registered domain.
fn is_own(key: &AppKey, url: &str) -> bool {
    let of_domain = |domain: &String| {
        url == domain || url.strip_prefix(domain.as_str()).is_some_and(|rest| rest.starts_with(['/', '?']))
    };
    match key.kind {
        KeyKind::Native => url == format!("kakao{}://address", key.key),
        _ => key.settings.sdk_domains.iter().any(of_domain) && !url.chars().any(|c| c.is_control() || c == '\\'),
    }
}

/// Returns the app at the version that the request uses.
pub(super) async fn app_of(context: &RequestContext, bearer: &Bearer) -> Result<Option<Arc<App>>, Error> {
    Ok(apps::at(&context.platform.store, bearer.grant.authorization.app_id, bearer.app_version).await?)
}
