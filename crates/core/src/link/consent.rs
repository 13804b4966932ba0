//! Which items a consent screen asks for, and what consent changes.

use std::collections::BTreeMap;

use kakaw_wire::Problem;
use kakaw_wire::scope::Item;
use kakaw_wire::user::AgreedBy;

use crate::account::{Attributes, NotCollectable, is_collectable};
use crate::app::service_terms::ServiceTerm;
use crate::app::{App, Channel, Consent, ConsentItem};
use crate::diagnosis::Refusal;
use crate::link::Link;
use crate::link::service_terms::{self, Agreement};
use crate::{Millis, Span};

/// The contents of a consent screen. An empty screen only asks to confirm the first link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    pub items: Vec<AskItem>,
    /// Service terms without agreement, in the app's order.
    pub terms: Vec<ServiceTerm>,
    /// Talk Channels that the person can add.
    pub channels: Vec<Channel>,
    /// Whether this is the first link. The screen is shown then, even if it asks for nothing.
    pub first: bool,
    /// Whether this is the screen of simple sign-up.
    pub simple: bool,
}

/// What a request asks for in addition to the app's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Items that `scope` names.
    pub scope: Vec<Item>,
    /// Tags of service terms. `None`: those of the settings. An empty list: no terms.
    pub service_terms: Option<Vec<String>>,
    /// Ids of Talk Channels. `None`: all that are connected.
    pub channels: Option<Vec<String>>,
}

/// One row of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskItem {
    pub item: Item,
    /// The person cannot continue without it.
    pub required: bool,
    /// The account lacks the value, and the screen collects it.
    pub collect: bool,
    /// The person agreed before, and only the value is missing (F19).
    pub agreed: bool,
    pub purpose: String,
}

impl Ask {
    /// Whether the screen has no contents.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.first && self.items.is_empty() && self.terms.is_empty()
    }

    /// Whether the person agreed to everything and only values are missing.
    #[must_use]
    pub(crate) fn only_collects(&self) -> bool {
        !self.first && self.terms.is_empty() && self.items.iter().all(|row| row.agreed)
    }

    /// Returns the rows as text, for the form token.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let rows = self
            .items
            .iter()
            .map(|row| format!("{}{}{}", row.item.id(), u8::from(row.required), u8::from(row.collect)));
        let terms = self.terms.iter().map(|term| format!("{}:{}{}", term.tag, term.version, u8::from(term.required)));
        let channels = self.channels.iter().map(|channel| channel.id.clone());
        rows.chain(terms).chain(channels).collect::<Vec<_>>().join(",")
    }
}

/// Decides what the screen asks for. `link` is the person's link if it is connected.
#[must_use]
pub fn ask(app: &App, attributes: &Attributes, link: Option<&Link>, wanted: &Wanted) -> Ask {
    let scope = &wanted.scope;
    let mut rows = Vec::new();
    for item in Item::ALL.iter().copied() {
        let Some(setting) = app.settings.item(item) else { continue };
        let named = scope.contains(&item);
        let agreed_at = link.and_then(|link| link.consents.get(&item)).copied();
        let missing = !attributes.has(item);
        let collect = missing && setting.collect_if_missing && is_collectable(item);
        let shown = match (link, agreed_at) {
            // F12: an item that became required after the link is asked for when `scope` names it.
            (Some(_), None) => named,
            // F20: people who agreed before collecting was switched on are not asked.
            (Some(_), Some(agreed_at)) => collect && agreed_at >= setting.collect_since,
            (None, _) => match setting.consent {
                Consent::Required => true,
                // F03: items of use appear on the first screen only when `scope` names them.
                Consent::OnUse => named,
                Consent::Optional => named || scope.is_empty(),
            },
        };
        // F04: a missing value that is not collected has nothing to show.
        if shown && (collect || !missing) {
            rows.push(AskItem {
                item,
                required: is_required(setting),
                collect,
                agreed: agreed_at.is_some(),
                purpose: setting.purpose.clone(),
            });
        }
    }
    let terms = terms_to_ask(app, link, wanted.service_terms.as_deref());
    let first = link.is_none();
    let simple = app.settings.simple_signup.enabled && (first || !terms.is_empty());
    let channels = if simple { channels_to_ask(app, link, wanted.channels.as_deref()) } else { Vec::new() };
    Ask { items: rows, terms, channels, first, simple }
}

/// Returns the terms of the screen: all of the app's at the first link, and later those that the request names. A
/// request that names terms must name a required one; otherwise none is shown.
fn terms_to_ask(app: &App, link: Option<&Link>, tags: Option<&[String]>) -> Vec<ServiceTerm> {
    let named = |term: &ServiceTerm| tags.is_none_or(|tags| tags.contains(&term.tag));
    let terms = &app.settings.service_terms;
    let shown = app.settings.simple_signup.enabled
        && match tags {
            None => link.is_none(),
            Some(_) => terms.iter().any(|term| term.required && named(term)),
        };
    let rows = service_terms::rows(app, link).filter(|row| shown && row.agreement.is_none() && named(row.term));
    rows.map(|row| row.term.clone()).collect()
}

fn channels_to_ask(app: &App, link: Option<&Link>, ids: Option<&[String]>) -> Vec<Channel> {
    let added = |id: &String| link.is_some_and(|link| link.channels.contains(id));
    let channels = app.settings.channels.iter();
    channels.filter(|c| ids.is_none_or(|ids| ids.contains(&c.id)) && !added(&c.id)).cloned().collect()
}

/// A submitted consent form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Ticked items.
    pub scope: Vec<String>,
    /// Typed values, by item id.
    pub values: BTreeMap<String, String>,
    /// Tags of ticked service terms.
    pub terms: Vec<String>,
    /// Ids of ticked channels.
    pub channels: Vec<String>,
    /// Whether the form was shown again with the missing rows marked.
    pub again: bool,
}

/// What the consent changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Items that are newly agreed to.
    pub items: Vec<Item>,
    /// The account's attributes with the collected values, if there are any.
    pub attributes: Option<Attributes>,
    /// Service terms that are newly agreed to, each with its version.
    pub terms: Vec<(String, i64)>,
    /// Channels that are newly added.
    pub channels: Vec<String>,
    /// Whether this is the first link.
    pub first: bool,
    /// Whether the form was simple sign-up's screen.
    pub simple: bool,
}

/// Why a submitted form is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAgreed {
    /// Show the form again with these rows marked.
    Incomplete(Incomplete),
    /// A required row is missing, although the form marked it (KOE203).
    Required(Refusal),
}

/// What is missing from a submitted form, and which values do not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incomplete {
    /// Required items and tags of required service terms that are not ticked.
    pub missing: Vec<String>,
    /// Items whose typed value is invalid.
    pub wrong: Vec<Item>,
}

/// Decides the effect of a submitted form. The person can agree only to items that the form showed.
///
/// # Errors
/// A required row is missing, or a typed value is invalid.
pub fn submit(ask: &Ask, attributes: &Attributes, submitted: &Submitted) -> Result<Agreed, NotAgreed> {
    let ticked = |row: &AskItem| row.agreed || submitted.scope.iter().any(|id| id == row.item.id());
    let ticked_term = |term: &ServiceTerm| submitted.terms.contains(&term.tag);
    // Each row: id, whether it is required, and whether it is ticked.
    let items = ask.items.iter().map(|row| (row.item.id(), row.required, ticked(row)));
    let terms = ask.terms.iter().map(|term| (term.tag.as_str(), term.required, ticked_term(term)));
    let rows: Vec<_> = items.chain(terms).collect();
    let missing = rows.iter().filter(|(_, required, ticked)| *required && !ticked);
    let mut incomplete = Incomplete { missing: missing.map(|row| row.0.to_owned()).collect(), wrong: Vec::new() };
    if submitted.again && !incomplete.missing.is_empty() {
        let join = |which: fn(&(&str, bool, bool)) -> bool| {
            rows.iter().filter(|row| which(row)).map(|row| row.0).collect::<Vec<_>>().join(",")
        };
        let (required, agreed) = (join(|row| row.1), join(|row| row.2));
        return Err(NotAgreed::Required(Problem::RequiredNotAgreed { required, agreed }.into()));
    }
    let mut collected = attributes.clone();
    let mut items = Vec::new();
    for row in ask.items.iter().filter(|row| ticked(row)) {
        if !row.agreed {
            items.push(row.item);
        }
        let typed = submitted.values.get(row.item.id()).map(|v| v.trim()).filter(|v| !v.is_empty());
        // F19: the person may leave a value empty, and the log-in continues.
        if let (true, Some(value)) = (row.collect, typed) {
            match collected.collect(row.item, value) {
                Ok(()) => {}
                Err(NotCollectable { item }) => incomplete.wrong.push(item),
            }
        }
    }
    if incomplete != Incomplete::default() {
        return Err(NotAgreed::Incomplete(incomplete));
    }
    let terms = ask.terms.iter().filter(|term| ticked_term(term)).map(|term| (term.tag.clone(), term.version));
    let channels = ask.channels.iter().filter(|channel| submitted.channels.contains(&channel.id));
    Ok(Agreed {
        items,
        attributes: (collected != *attributes).then_some(collected),
        terms: terms.collect(),
        channels: channels.map(|channel| channel.id.clone()).collect(),
        first: ask.first,
        simple: ask.simple,
    })
}

/// The time after which a person who was linked but did not sign up is unlinked.
pub const SIGNUP_LIFETIME: Span = Span::hours(24);

/// Returns the link after consent. `before` is the person's link, connected or not, or a new one.
#[must_use]
pub fn linked(app: &App, before: &Link, agreed: &Agreed, now: Millis) -> Link {
    let mut link = before.clone();
    if agreed.first {
        let fresh = Link::new(app.id, before.account_id, before.user_id, now);
        link = Link { version: before.version, epoch: before.epoch, ..fresh };
        link.signup_due = (!app.settings.automatic_link).then(|| now + SIGNUP_LIFETIME);
        link.synched_at = agreed.simple.then_some(now);
    }
    for item in &agreed.items {
        link.consents.entry(*item).or_insert(now);
    }
    for (tag, version) in &agreed.terms {
        link.terms.insert(tag.clone(), Agreement { at: now, by: AgreedBy::Kauth, version: *version });
    }
    link.channels.extend(agreed.channels.iter().cloned());
    link
}

/// F03: an item of use that is on a screen is required there.
const fn is_required(setting: &ConsentItem) -> bool {
    matches!(setting.consent, Consent::Required | Consent::OnUse)
}

#[cfg(test)]
mod tests;
