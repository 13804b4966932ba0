//! Error pages: what happened, why, how to fix it, and the diagnosis where diagnoses are open.

use askama::Template;
use kakaw_core::Refusal;
use kakaw_wire::Code;
use kakaw_wire::problem::{Problem, Surface, fill};
use kakaw_wire::text::{self, Text};

use super::ways::Ways;
use super::{Frame, languages};
use crate::request::context::RequestContext;

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    frame: Frame,
    code: &'static str,
    kind: &'static str,
    app: Option<String>,
    title: String,
    message: String,
    wire: String,
    cause: String,
    fix: String,
    diagnosis: Vec<String>,
    /// What a person can do who is not a member of the app's team.
    person: &'static str,
    ways: Ways,
    /// The number of the request, for the operator.
    request_id: String,
    /// Whether pages have room for diagnoses.
    wide: bool,
    /// The text of the link to the same request.
    again: &'static str,
}

impl ErrorPage {
    #[must_use]
    pub(crate) fn new(context: &RequestContext, refusal: &Refusal, ways: Ways, id: &str) -> Self {
        let problem = &refusal.problem;
        let app = match problem {
            Problem::LoginDisabled { app } | Problem::NotTeamMember { app } => Some(app.clone()),
            _ => None,
        };
        let reason = match problem {
            Problem::MalformedRequest { parameter, reason } => vec![format!("{parameter}: {reason}")],
            _ => Vec::new(),
        };
        let diagnosis = [refusal.diagnosis.for_team(), &reason].concat();
        let page = Self::of(context, problem.code(), &diagnosis, ways, id);
        let words = text::of(problem.code(), context.lang);
        Self {
            app,
            message: words
                .map(|w| fill(&page.frame.brand.in_own_words(&w.message, page.frame.w), &problem.evidence()))
                .unwrap_or_default(),
            wire: problem.message(Surface::Page),
            ..page
        }
    }

    /// Makes the page of a code without evidence.
    #[must_use]
    pub(crate) fn of(context: &RequestContext, code: Code, diagnosis: &[String], ways: Ways, id: &str) -> Self {
        let words = text::of(code, context.lang);
        let mut frame = Frame::new(context);
        // The URL may contain a secret or an address, which no page repeats: the explanation is in every language.
        frame.languages = languages::of(&format!("/docs/errors/{}", code.id()), context.lang);
        let part = |of: fn(&Text) -> &String| {
            words.map(|words| frame.brand.in_own_words(of(words), frame.w)).unwrap_or_default()
        };
        Self {
            code: code.id(),
            kind: kind(code),
            app: None,
            title: part(|words| &words.title),
            message: part(|words| &words.message),
            wire: String::new(),
            cause: part(|words| &words.cause),
            fix: part(|words| &words.fix),
            diagnosis: if context.platform.settings.open_diagnosis { diagnosis.to_vec() } else { Vec::new() },
            person: match code {
                Code::KOE002 => "error_person_url",
                Code::KOE003 => "error_person_wait",
                Code::KOE005 => "error_person_team",
                _ => "error_person",
            },
            ways: ways.of(code),
            request_id: id.to_owned(),
            wide: context.platform.settings.open_diagnosis,
            again: if code == Code::KOE003 { "way_retry" } else { "way_again" },
            frame,
        }
    }
}

impl ErrorPage {
    fn heading(&self) -> String {
        format!("{} ({})", self.frame.w.t(self.kind), self.code)
    }
}

fn kind(code: Code) -> &'static str {
    match code {
        Code::KOE003 => "error_kind_temporary",
        Code::KOE004 | Code::KOE005 | Code::KOE006 | Code::KOE007 | Code::KOE008 | Code::KOE101 | Code::KOE102 => {
            "error_kind_admin"
        }
        _ => "error_kind_request",
    }
}
