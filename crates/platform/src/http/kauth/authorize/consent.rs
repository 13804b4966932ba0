//! The consent step: the screen, its answer, and what agreeing writes.

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::account::LoginId;
use kakaw_core::app::App;
use kakaw_core::authorize::Request;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::link::Link;
use kakaw_core::link::consent::{self, Agreed, Ask, Incomplete, NotAgreed, Submitted};
use kakaw_core::random;
use kakaw_core::webhook::Event;
use kakaw_store::{Statement, accounts, links};
use kakaw_wire::event::EventType;
use kakaw_wire::form::Pairs;
use kakaw_wire::problem::Problem;

use super::sent::Sent;
use super::step::Step;
use super::visit::Visit;
use crate::Platform;
use crate::deliver::events;
use crate::http::error::Error;
use crate::pages;
use crate::request::context::Here;
use crate::request::form_token::{self, FIELD, FormSeal};
use crate::request::redirect::with_cookie;

/// How the step ends.
pub enum Consented {
    Agreed(Box<Agreed>),
    Refused(Problem),
    Respond(Box<Response>),
}

/// Shows the consent screen, or takes its answer. A form that was shown for something else is shown again.
pub async fn ask(
    here: &mut Here,
    request: &Request<'_>,
    visit: &Visit,
    ask: &Ask,
    sent: &Sent,
    step: &Step,
    canonical: &str,
) -> Result<Consented, Error> {
    let (browser, cookie) = here.ensure_browser();
    let shown = format!("{}/{}", visit.account.id, ask.fingerprint());
    let seal = |page| FormSeal::new(here, &browser, page, canonical, &shown);
    let (first, again) = (seal("consent"), seal("consent again"));
    let mut notice = None;
    let mut typed = Submitted::default();
    if let Some(form) = &sent.form {
        let fits = |seal: &FormSeal| seal.fits(here, &sent.headers, form.one(FIELD).ok().flatten());
        let was_again = fits(&again);
        if was_again || fits(&first) {
            // Only what our own page sent is shown again: another page must not tick boxes.
            typed = Submitted { again: was_again, ..submitted(form) };
            match form.one("decision").ok().flatten() {
                Some("cancel") => return Ok(Consented::Refused(Problem::UserDenied {})),
                Some("accept") => match consent::submit(ask, &visit.account.attributes, &typed) {
                    Ok(agreed) if is_taken(here, visit, &agreed).await? => {
                        notice = Some(pages::consent::Notice::Taken);
                    }
                    Ok(agreed) => return Ok(Consented::Agreed(Box::new(agreed))),
                    Err(NotAgreed::Required(refusal)) => return Err(refusal.into()),
                    Err(NotAgreed::Incomplete(what)) => notice = Some(pages::consent::Notice::Incomplete(what)),
                },
                _ => {
                    let reason = "expected accept or cancel".to_owned();
                    return Err(Problem::MalformedRequest { parameter: "decision".to_owned(), reason }.into());
                }
            }
        } else {
            notice = Some(pages::consent::Notice::Expired);
        }
    }
    let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    // KOE203 is for forms that had marked what is missing.
    let marks =
        matches!(&notice, Some(pages::consent::Notice::Incomplete(Incomplete { missing, .. })) if !missing.is_empty());
    let seal = if marks { again } else { first };
    let view = pages::consent::Consent {
        app: request.app,
        account: &visit.account,
        ask,
        action: step.action(here, sent, canonical),
        form: form_token::seal(here, Purpose::Form, &seal),
        typed: &typed,
        notice,
        // A token always belongs to one person.
        switch: (!visit.by_agt).then(|| step.another(here, canonical)),
    };
    let response = pages::respond_with_script(here, status, &pages::consent::Page::new(here, &view));
    Ok(Consented::Respond(Box::new(with_cookie(response, cookie))))
}

/// The step without its screen: nothing submitted is Cancel.
pub fn answered(visit: &Visit, ask: &Ask, submitted: Option<Submitted>) -> Result<Consented, Error> {
    let Some(submitted) = submitted else { return Ok(Consented::Refused(Problem::UserDenied {})) };
    match consent::submit(ask, &visit.account.attributes, &submitted) {
        Ok(agreed) => Ok(Consented::Agreed(Box::new(agreed))),
        Err(NotAgreed::Required(refusal)) => Err(refusal.into()),
        // Nothing was typed, and nothing is shown again.
        Err(NotAgreed::Incomplete(_)) => Ok(Consented::Refused(Problem::UserDenied {})),
    }
}

/// Whether the email that was typed is another account's log-in id.
async fn is_taken(here: &Here, visit: &Visit, agreed: &Agreed) -> Result<bool, Error> {
    let typed = agreed.attributes.as_ref().and_then(|attributes| attributes.email.as_deref());
    let Some(email) = typed.filter(|email| Some(*email) != visit.account.attributes.email.as_deref()) else {
        return Ok(false);
    };
    let owner = accounts::by_login(&here.platform.store, &LoginId::of(email)).await?;
    Ok(owner.is_some_and(|owner| owner.account.id != visit.account.id))
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

/// The link as it will be, and what must be written for it.
pub fn link_changes(
    platform: &Platform,
    visit: &Visit,
    app: &App,
    agreed: Option<Agreed>,
    now: kakaw_core::Millis,
) -> (Link, Vec<Statement>) {
    let mut changes = Vec::new();
    let first = || Link::new(app.id, visit.account.id, random::user_id(&*platform.random), now);
    let before = visit.link.clone().unwrap_or_else(first);
    // Nothing to agree to: `next` issues only to linked people.
    let Some(agreed) = agreed else { return (before, changes) };
    if let Some(attributes) = &agreed.attributes {
        changes.push(accounts::update_attributes(&visit.account, attributes));
        if let (None, Some(email)) = (&visit.account.attributes.email, &attributes.email) {
            // The address becomes a log-in id; if another account took it meanwhile, the request is decided again.
            changes.push(accounts::put_login(&LoginId::of(email), visit.account.id));
        }
    }
    let link = consent::linked(app, &before, &agreed, now);
    changes.push(if visit.link.is_some() { links::update(&link) } else { links::insert(&link) });
    let mut happened = Vec::new();
    if agreed.first {
        happened.push(Event::new(EventType::UserLinked));
    }
    if !agreed.items.is_empty() {
        happened.push(Event::scopes(EventType::UserScopeConsent, agreed.items.clone()));
    }
    changes.extend(events::told(platform, app, &link, &happened));
    (link, changes)
}
