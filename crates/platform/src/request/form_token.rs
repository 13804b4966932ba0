//! Form tokens: the state of a form, sealed into it. A form of another browser, session, person or request is refused.

use axum::http::{HeaderMap, header};
use kakaw_core::Millis;
use kakaw_core::account::session::SessionId;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::policy::INTERACTION_LIFETIME;
use kakaw_core::random;
use kakaw_wire::url::split_origin;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::request::context::RequestContext;

/// The name of the hidden field.
pub const FIELD: &str = "kakaw_form";

/// Everything that a form depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormToken {
    /// The page of the form.
    pub page: String,
    /// Hash of the browser cookie.
    pub browser: Option<String>,
    pub session: Option<SessionId>,
    /// Hash of the request that the form belongs to.
    pub request: String,
    /// The items that the form shows.
    pub shown: String,
}

#[derive(Serialize, Deserialize)]
struct Timed<T> {
    until: Millis,
    /// Makes each token another one, though sealing is deterministic.
    nonce: u64,
    value: T,
}

/// Seals a value that is valid for half an hour.
#[must_use]
pub fn seal<T: Serialize>(context: &RequestContext, purpose: Purpose, value: &T) -> String {
    let until = context.platform.now() + INTERACTION_LIFETIME;
    let nonce = u64::from_le_bytes(random::bytes(&*context.platform.random));
    let plain = serde_json::to_vec(&Timed { until, nonce, value }).unwrap_or_default();
    context.platform.sealer.seal(purpose, &plain)
}

/// Opens what [`seal`] made, unless it has expired.
#[must_use]
pub fn open<T: DeserializeOwned>(context: &RequestContext, purpose: Purpose, text: &str) -> Option<T> {
    let timed: Timed<T> = serde_json::from_slice(&context.platform.sealer.open(purpose, text)?).ok()?;
    (context.platform.now() < timed.until).then_some(timed.value)
}

impl FormToken {
    /// Makes the token for a form in this browser.
    #[must_use]
    pub(crate) fn new(context: &RequestContext, page: &str, request: &str, shown: &str) -> Self {
        Self {
            page: page.to_owned(),
            browser: context.browser.as_deref().map(secret::hash),
            session: context.session_id(),
            request: secret::hash(request),
            shown: shown.to_owned(),
        }
    }

    /// Whether the field contains exactly this token, and our own page sent the form.
    #[must_use]
    pub(crate) fn fits(&self, context: &RequestContext, headers: &HeaderMap, field: Option<&str>) -> bool {
        // A browser that lost its cookie gets the form again. Otherwise an empty browser would match an empty browser.
        self.browser.is_some()
            && is_same_origin(context, headers)
            && field.and_then(|text| open::<Self>(context, Purpose::Form, text)).as_ref() == Some(self)
    }

    /// The same for a form that can be sent once.
    #[must_use]
    pub(crate) fn fits_once(&self, context: &RequestContext, headers: &HeaderMap, field: Option<&str>) -> bool {
        self.fits(context, headers, field) && field.is_some_and(|field| context.platform.used_forms.take(field))
    }
}

/// Whether the form was sent by a page of ours. Browsers send `Origin: null` from our own pages, whose referrer policy
/// is `no-referrer`. Then `Sec-Fetch-Site` decides where browsers send it, and the token in any case.
#[must_use]
pub fn is_same_origin(context: &RequestContext, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin_fits =
        text(header::ORIGIN.as_str()).is_none_or(|origin| origin == split_origin(&context.base).0 || origin == "null");
    let site_fits = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    origin_fits && site_fits
}
