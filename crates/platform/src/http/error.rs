//! Turns problems into HTTP: a page, or JSON of kauth or kapi. No other file does.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kakaw_core::Refusal;
use kakaw_store::Error as StoreError;
use kakaw_wire::problem::{Code, Problem, Surface};
use kakaw_wire::scope;
use kakaw_wire::shipping::AppsError;
use kakaw_wire::token::KauthError;
use kakaw_wire::user::KapiError;

use crate::Platform;
use crate::pages;
use crate::pages::ways::Ways;
use crate::password::Busy;
use crate::request::context::RequestContext;
use crate::request::current;

/// Why a request failed: the client's mistake or ours.
#[derive(Debug)]
pub enum Error {
    /// A mistake of the client's, or a state of the platform.
    Refused(Refusal),
    /// The database failed.
    Store(StoreError),
    /// Too many passwords wait to be hashed.
    Busy,
}

/// The diagnosis of a refusal, as an extension of the response for layers that record exchanges.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The code of the catalogue.
    pub code: &'static str,
    /// The text that only the team may read.
    pub diagnosis: Vec<String>,
    /// The name of the problem in the catalogue; empty for a code that is only explained.
    pub problem: &'static str,
    /// The evidence of the problem, by name.
    pub evidence: Vec<(&'static str, String)>,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl Error {
    /// Adds a finding to the diagnosis. Without a diagnosis, it is added to the evidence, which is shown in its place.
    #[must_use]
    pub fn because(self, finding: impl Into<String>) -> Self {
        match self {
            Self::Refused(refusal) => {
                let all = findings(&refusal).into_iter().chain([finding.into()]);
                Self::Refused(all.fold(Refusal::new(refusal.problem), Refusal::because))
            }
            ours => ours,
        }
    }

    /// Renders an error page.
    #[must_use]
    pub fn page(self, context: &RequestContext) -> Response {
        self.page_with(context, Ways::default())
    }

    /// Renders an error page with links.
    #[must_use]
    pub fn page_with(self, context: &RequestContext, mut ways: Ways) -> Response {
        let refusal = self.into_refusal(Problem::TemporaryFault {});
        let id = note(&context.platform, &refusal);
        let status = page_status(refusal.problem.code());
        if refusal.problem.code() == Code::KOE003 && ways.again.is_none() {
            // After a temporary failure, the same request may succeed.
            ways.again = context.own_url.clone();
        }
        let response = pages::respond(status, &pages::error::ErrorPage::new(context, &refusal, ways, &id));
        mark(response, &context.base, explained(&refusal), &id)
    }

    /// Renders JSON of kauth.
    #[must_use]
    pub fn kauth(self, platform: &Platform, base: &str) -> Response {
        let refusal = self.into_refusal(Problem::TemporaryFault {});
        let id = note(platform, &refusal);
        let answer = refusal.problem.answer(Surface::Kauth);
        let code = refusal.problem.code();
        let message = refusal.problem.message(Surface::Kauth);
        let body = KauthError {
            error: if answer.error.is_empty() { "invalid_request" } else { answer.error }.to_owned(),
            error_description: Some(message).filter(|m| !m.is_empty()),
            error_code: code.id().starts_with("KOE").then(|| code.id().to_owned()),
        };
        mark(json(status(answer.status), &body), base, explained(&refusal), &id)
    }

    /// Renders JSON of kapi.
    #[must_use]
    pub fn kapi(self, platform: &Platform, base: &str) -> Response {
        let refusal = self.into_refusal(Problem::InternalError {});
        let id = note(platform, &refusal);
        let answer = refusal.problem.answer(Surface::Kapi);
        let code = refusal.problem.code().id().parse().unwrap_or(-1);
        let mut body = KapiError::new(refusal.problem.message(Surface::Kapi), code);
        if let Problem::InsufficientScopes { api_type, required, allowed } = &refusal.problem {
            let list = |text: &String| scope::split(text).map(str::to_owned).collect();
            body.api_type = Some(api_type.clone());
            (body.required_scopes, body.allowed_scopes) = (Some(list(required)), Some(list(allowed)));
        }
        let mut response = json(status(answer.status), &body);
        if code == -401 {
            let admin = match &refusal.problem {
                Problem::AdminKeyUnknown { .. } => true,
                Problem::IpMismatched { scheme, .. } => scheme == "KakaoAK",
                _ => false,
            };
            let challenge = if admin { "KakaoAK error=invalid_token" } else { "Bearer error=invalid_token" };
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        mark(response, base, explained(&refusal), &id)
    }

    /// Renders JSON of the apps host.
    #[must_use]
    pub fn apps(self, platform: &Platform, base: &str) -> Response {
        let refusal = self.into_refusal(Problem::AppsInternalError {});
        let id = note(platform, &refusal);
        let answer = refusal.problem.answer(Surface::Apps);
        mark(json(status(answer.status), &apps_error(&refusal.problem)), base, explained(&refusal), &id)
    }

    /// Logs the refusal and returns its problem of the apps host.
    #[must_use]
    pub(crate) fn logged_for_apps(self, platform: &Platform) -> Problem {
        let refusal = self.into_refusal(Problem::AppsInternalError {});
        note(platform, &refusal);
        refusal.problem
    }

    fn into_refusal(self, ours: Problem) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Store(error) => {
                tracing::error!(%error, "the database failed");
                Refusal::new(ours).because(error.to_string())
            }
            Self::Busy => Refusal::new(ours).because("more log-ins at once than this machine can hash"),
        }
    }
}

/// Renders the page of a code that appears on pages only as an explanation.
#[must_use]
pub fn page_of(context: &RequestContext, code: Code, because: &str, ways: Ways) -> Response {
    let findings = vec![because.to_owned()];
    let id = current::id_or_new(&*context.platform.random);
    let view = pages::error::ErrorPage::of(context, code, &findings, ways, &id);
    let explained = Explained { code: code.id(), diagnosis: findings, problem: "", evidence: Vec::new() };
    mark(pages::respond(page_status(code), &view), &context.base, explained, &id)
}

/// Returns the status of an error page. An error that is otherwise a redirect has none of its own.
fn page_status(code: Code) -> StatusCode {
    let answers = code.answers();
    let answer = answers.iter().find(|answer| answer.surface == Surface::Page).or(answers.first());
    status(answer.map_or(400, |answer| answer.status).max(400))
}

/// Returns `error_code` and `error_msg` of a problem.
#[must_use]
pub(crate) fn apps_error(problem: &Problem) -> AppsError {
    AppsError { error_code: problem.code().id().to_owned(), error_msg: problem.message(Surface::Apps) }
}

/// Builds a JSON response with the content type of Kakao Login.
#[must_use]
pub fn json<T: serde::Serialize>(status: StatusCode, body: &T) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Writes one log line for a refusal. The diagnosis is for the team; where diagnoses are open, the reader of the log is
/// the team.
fn note(platform: &Platform, refusal: &Refusal) -> String {
    let code = refusal.problem.code().id();
    if platform.settings.open_diagnosis {
        let findings = findings(refusal).join("; ");
        tracing::info!(code, "refused: {findings} (kakaw explain {code})");
    } else {
        tracing::info!(code, "refused");
    }
    current::id_or_new(&*platform.random)
}

/// Returns the text for the team: the diagnosis, or else the problem's evidence.
fn findings(refusal: &Refusal) -> Vec<String> {
    match refusal.diagnosis.for_team() {
        [] => refusal.problem.evidence().iter().map(|(name, value)| format!("{name}: {value}")).collect(),
        found => found.to_vec(),
    }
}

/// Whether the code means a temporary failure of the server: the same request may succeed in a moment.
fn is_ours(code: &str) -> bool {
    [Code::KOE003, Code::Kapi1, Code::KAE001].iter().any(|ours| ours.id() == code)
}

fn explained(refusal: &Refusal) -> Explained {
    let evidence = refusal.problem.evidence().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let problem = &refusal.problem;
    Explained { code: problem.code().id(), diagnosis: findings(refusal), problem: problem.name(), evidence }
}

fn mark(mut response: Response, base: &str, explained: Explained, id: &str) -> Response {
    let code = explained.code;
    let link = format!("<{base}/docs/errors/{code}>; rel=\"help\"");
    response.extensions_mut().insert(explained);
    if is_ours(code) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for (name, value) in [(header::LINK, link), (HeaderName::from_static("x-request-id"), id.to_owned())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
