//! What a layer in front of the endpoints decided about a request: who answers its pages, or how it ends.
//!
//! It is an extension of the request. No client can set one.

use std::borrow::Cow;

use kakaw_core::authorize::Next;
use kakaw_core::link::consent::{Ask, Submitted};
use kakaw_wire::problem::Problem;

/// An extension of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// This person logs in without pages.
    Subject(Unattended),
    /// The log-in ended elsewhere with this `error` and `error_description` (RFC 6749 §4.1.2.1).
    Ended(Cow<'static, str>, Cow<'static, str>),
    /// The request ends with this error, where its errors go: to the app, to the picker's page, or to the page that
    /// polls.
    Refused(Problem),
    /// A parameter or header with this name is malformed, for this reason (KOE001).
    Malformed(&'static str, String),
}

/// A person who logs in without pages, and their answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unattended {
    /// A log-in id.
    pub person: String,
    /// Whether they cancel.
    pub deny: bool,
    /// The items, service terms and channels that they agree to. `None`: everything that is asked.
    pub only: Option<Vec<String>>,
    /// The parameter or header that named them, for errors.
    pub named_by: &'static str,
}

impl Unattended {
    /// Applies cancelling to the decision: the person is not asked, and gets no code even if they are linked.
    #[must_use]
    pub fn cancel(&self, next: Next) -> Next {
        match next {
            Next::AgreeToTerms | Next::Consent(_) | Next::Issue { .. } if self.deny => {
                Next::Refuse(Problem::UserDenied {})
            }
            next => next,
        }
    }

    /// Returns the form that the person submits on the consent screen.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Submitted {
        let ticked = |id: &str| self.only.as_ref().is_none_or(|only| only.iter().any(|one| one == id));
        let all = |ids: Vec<&str>| ids.into_iter().filter(|id| ticked(id)).map(str::to_owned).collect();
        Submitted {
            scope: all(ask.items.iter().map(|row| row.item.id()).collect()),
            terms: all(ask.terms.iter().map(|term| term.tag.as_str()).collect()),
            channels: all(ask.channels.iter().map(|channel| channel.id.as_str()).collect()),
            values: Default::default(),
            // There is nobody to show the form to again.
            again: true,
        }
    }
}
