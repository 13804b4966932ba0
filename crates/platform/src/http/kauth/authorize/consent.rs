//! The consent screen: reads its form, and returns what consent writes.

use axum::http::HeaderValue;
use kakaw_core::account::LoginId;
use kakaw_core::app::App;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::link::Link;
use kakaw_core::link::consent::{self, Agreed, Ask, Incomplete, NotAgreed, Submitted};
use kakaw_core::webhook::Event;
use kakaw_core::{Millis, random};
use kakaw_store::consents::Text;
use kakaw_store::{Statement, accounts, links};
use kakaw_wire::event::EventType;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Problem;

use super::sent::Sent;
use super::subject::Subject;
use crate::Platform;
use crate::deliver::events;
use crate::http::error::Error;
use crate::pages::consent::Notice;
use crate::request::context::RequestContext;
use crate::request::form_token::{self, FIELD, FormToken};

/// The person's answer.
pub(super) enum Answer {
    Agreed(Box<Agreed>),
    Cancelled,
    /// No valid answer: show the screen.
    Show(Box<Screen>),
}

/// The contents of the screen.
pub(crate) struct Screen {
    pub ask: Ask,
    pub form: String,
    pub typed: Submitted,
    pub notice: Option<Notice>,
    pub cookie: Option<HeaderValue>,
}

/// Reads the answer to the consent screen. If the form was rendered for something else, the screen is shown again.
pub(super) async fn read(
    context: &mut RequestContext,
    subject: &Subject,
    ask: Ask,
    text: &Text,
    sent: &Sent,
) -> Result<Answer, Error> {
    let (_, cookie) = context.ensure_browser();
    // With the text: the person agrees to what they have read.
    let shown = format!("{}/{}/{}", subject.account.id, ask.fingerprint(), text.version);
    let token = |page| FormToken::new(context, page, &sent.canonical, &shown);
    let (first, again) = (token("consent"), token("consent again"));
    let screen = |typed, notice: Option<Notice>| {
        // KOE203 needs a form that had marked the missing rows.
        let marks = matches!(&notice, Some(Notice::Incomplete(Incomplete { missing, .. })) if !missing.is_empty());
        let form = form_token::seal(context, Purpose::Form, if marks { &again } else { &first });
        Answer::Show(Box::new(Screen { ask: ask.clone(), form, typed, notice, cookie: cookie.clone() }))
    };
    let Some(form) = &sent.form else { return Ok(screen(Submitted::default(), None)) };
    let fits = |token: &FormToken| token.fits(context, &sent.headers, sent.field(FIELD));
    let was_again = fits(&again);
    if !was_again && !fits(&first) {
        // Show again only what our own page sent, because another page must not tick boxes.
        return Ok(screen(Submitted::default(), Some(Notice::Expired)));
    }
    let typed = Submitted { again: was_again, ..submitted(form) };
    match sent.field("decision") {
        Some("cancel") => Ok(Answer::Cancelled),
        Some("accept") => match consent::submit(&ask, &subject.account.attributes, &typed) {
            Ok(agreed) if is_taken(context, subject, &agreed).await? => Ok(screen(typed, Some(Notice::Taken))),
            Ok(agreed) => Ok(Answer::Agreed(Box::new(agreed))),
            Err(NotAgreed::Required(refusal)) => Err(refusal.into()),
            Err(NotAgreed::Incomplete(what)) => Ok(screen(typed, Some(Notice::Incomplete(what)))),
        },
        _ => {
            let reason = "expected accept or cancel".to_owned();
            Err(Problem::MalformedRequest { parameter: "decision".to_owned(), reason }.into())
        }
    }
}

/// Returns the answer of a person who sees no pages.
pub(super) fn unattended(subject: &Subject, ask: &Ask, submitted: &Submitted) -> Result<Answer, Error> {
    match consent::submit(ask, &subject.account.attributes, submitted) {
        Ok(agreed) => Ok(Answer::Agreed(Box::new(agreed))),
        Err(NotAgreed::Required(refusal)) => Err(refusal.into()),
        // Nothing was typed, and no page can be shown again.
        Err(NotAgreed::Incomplete(_)) => Ok(Answer::Cancelled),
    }
}

/// Whether the typed email is the log-in id of another account.
async fn is_taken(context: &RequestContext, subject: &Subject, agreed: &Agreed) -> Result<bool, Error> {
    let typed = agreed.attributes.as_ref().and_then(|attributes| attributes.email.as_deref());
    let Some(email) = typed.filter(|email| Some(*email) != subject.account.attributes.email.as_deref()) else {
        return Ok(false);
    };
    let owner = accounts::by_login(&context.platform.store, &LoginId::of(email)).await?;
    Ok(owner.is_some_and(|owner| owner.account.id != subject.account.id))
}

fn submitted(form: &Pairs) -> Submitted {
    let values =
        form.iter().filter_map(|(name, value)| Some((name.strip_prefix("value_")?.to_owned(), value.to_owned())));
    let all = |name| form.all(name).map(str::to_owned).collect();
    Submitted {
        scope: all("scope"),
        values: values.collect(),
        terms: all("term"),
        channels: all("channel"),
        again: false,
    }
}

/// Returns the link in its new state, and the statements for it.
pub(crate) fn link_changes(
    platform: &Platform,
    subject: &Subject,
    app: &App,
    agreed: Option<&Agreed>,
    now: Millis,
) -> (Link, Vec<Statement>) {
    let mut changes = Vec::new();
    let first = || Link::new(app.id, subject.account.id, random::user_id(&*platform.random), now);
    let before = subject.link.clone().unwrap_or_else(first);
    // Nothing new to agree to: `next` issues codes only to linked people.
    let Some(agreed) = agreed else { return (before, changes) };
    if let Some(attributes) = &agreed.attributes {
        changes.push(accounts::update_attributes(&subject.account, attributes, now));
        if let (None, Some(email)) = (&subject.account.attributes.email, &attributes.email) {
            // The address becomes a log-in id. If another account takes it meanwhile, the request is decided again.
            changes.push(accounts::put_login(&LoginId::of(email), subject.account.id));
        }
    }
    let link = consent::linked(app, &before, agreed, now);
    changes.push(if subject.link.is_some() { links::update(&link) } else { links::insert(&link) });
    let mut happened = Vec::new();
    if agreed.first {
        happened.push(Event::new(EventType::UserLinked));
    }
    if !agreed.items.is_empty() {
        happened.push(Event::scopes(EventType::UserScopeConsent, agreed.items.clone()));
    }
    changes.extend(events::notify(platform, app, &link, &happened));
    (link, changes)
}
