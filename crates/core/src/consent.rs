//! Which items a consent screen asks for, and what agreeing changes.

use std::collections::BTreeMap;

use kakaw_wire::Problem;
use kakaw_wire::scope::Item;

use crate::Millis;
use crate::account::{Attributes, NotCollectable, is_collectable};
use crate::app::{App, Consent, ConsentItem};
use crate::diagnosis::Refusal;
use crate::link::Link;

/// What a consent screen asks for. Empty, it only asks to confirm the first link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    pub items: Vec<AskItem>,
    /// Whether this is the first link: then the screen is shown even with nothing to ask.
    pub first: bool,
}

/// One row of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskItem {
    pub item: Item,
    /// There is no going on without it.
    pub required: bool,
    /// The account lacks the value, and the screen asks for it.
    pub collect: bool,
    /// The person agreed before and only the value is missing (F19).
    pub agreed: bool,
    pub purpose: String,
}

impl Ask {
    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.first && self.items.is_empty()
    }

    /// Whether everything is agreed to and only values are missing.
    #[must_use]
    pub fn only_collects(&self) -> bool {
        !self.first && self.items.iter().all(|row| row.agreed)
    }

    /// The rows as they travel in a form's seal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let rows = self
            .items
            .iter()
            .map(|row| format!("{}{}{}", row.item.id(), u8::from(row.required), u8::from(row.collect)));
        rows.collect::<Vec<_>>().join(",")
    }
}

/// Decides what to ask. `link` is the link if it is connected; `scope` are the items that the request names.
#[must_use]
pub fn ask(app: &App, attributes: &Attributes, link: Option<&Link>, scope: &[Item]) -> Ask {
    let mut rows = Vec::new();
    for item in Item::ALL.iter().copied() {
        let Some(setting) = app.settings.consent_items.get(&item) else { continue };
        let named = scope.contains(&item);
        let agreed_at = link.and_then(|link| link.consents.get(&item)).copied();
        let missing = !attributes.has(item);
        let collect = missing && setting.collect_if_missing && is_collectable(item);
        let shown = match (link, agreed_at) {
            // F12: what became required after the link waits until `scope` names it.
            (Some(_), None) => named,
            // F20: who agreed before collecting was switched on is not asked.
            (Some(_), Some(agreed_at)) => collect && agreed_at >= setting.collect_since,
            (None, _) => match setting.consent {
                Consent::Required => true,
                // F03: items of use never stand on the first screen by themselves.
                Consent::OnUse => named,
                Consent::Optional => named || scope.is_empty(),
            },
        };
        // F04: a missing value that is not collected leaves nothing to show.
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
    Ask { items: rows, first: link.is_none() }
}

/// What the person sent back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Ticked items.
    pub scope: Vec<String>,
    /// Typed values, by item id.
    pub values: BTreeMap<String, String>,
}

/// What agreeing changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Items newly agreed to.
    pub items: Vec<Item>,
    /// The account's attributes with the collected values, if any were given.
    pub attributes: Option<Attributes>,
}

/// Why a submitted form is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAgreed {
    /// A required item was left out (KOE203).
    Required(Refusal),
    /// A typed value does not fit: show the form again.
    Value(NotCollectable),
}

/// Decides what the submitted form means. Only items that were shown can be agreed to.
///
/// # Errors
/// A required item is missing, or a typed value does not fit.
pub fn submit(ask: &Ask, attributes: &Attributes, submitted: &Submitted) -> Result<Agreed, NotAgreed> {
    let ticked = |row: &AskItem| row.agreed || submitted.scope.iter().any(|id| id == row.item.id());
    let join = |rows: Vec<&AskItem>| rows.iter().map(|row| row.item.id()).collect::<Vec<_>>().join(",");
    let required: Vec<_> = ask.items.iter().filter(|row| row.required).collect();
    if required.iter().any(|row| !ticked(row)) {
        let agreed = join(ask.items.iter().filter(|row| ticked(row)).collect());
        return Err(NotAgreed::Required(Problem::RequiredNotAgreed { required: join(required), agreed }.into()));
    }
    let mut collected = attributes.clone();
    let mut items = Vec::new();
    for row in ask.items.iter().filter(|row| ticked(row)) {
        if !row.agreed {
            items.push(row.item);
        }
        let typed = submitted.values.get(row.item.id()).map(|v| v.trim()).filter(|v| !v.is_empty());
        // F19: a value that the person will not give stays empty, and the log-in goes on.
        if let (true, Some(value)) = (row.collect, typed) {
            collected.collect(row.item, value).map_err(NotAgreed::Value)?;
        }
    }
    Ok(Agreed { items, attributes: (collected != *attributes).then_some(collected) })
}

/// The consents of a link after agreeing.
#[must_use]
pub fn merged(before: Option<&Link>, items: &[Item], now: Millis) -> BTreeMap<Item, Millis> {
    let mut consents = before.filter(|link| link.connected).map(|link| link.consents.clone()).unwrap_or_default();
    for item in items {
        consents.entry(*item).or_insert(now);
    }
    consents
}

/// F03: an item of use that stands on a screen is required there.
const fn is_required(setting: &ConsentItem) -> bool {
    matches!(setting.consent, Consent::Required | Consent::OnUse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{AppSettings, Under14};

    fn app(items: &[(Item, Consent, bool)]) -> App {
        let item = |consent, collect| ConsentItem {
            consent,
            collect_if_missing: collect,
            collect_since: Millis(100),
            purpose: String::new(),
        };
        App {
            id: 1,
            version: 1,
            settings: AppSettings {
                name: "App".into(),
                company: String::new(),
                kakao_login: true,
                oidc: false,
                test_app: false,
                under_14: Under14::Allow,
                team: vec![],
                logout_redirect_uris: vec![],
                consent_items: items.iter().map(|(id, consent, collect)| (*id, item(*consent, *collect))).collect(),
                legacy_properties: false,
            },
        }
    }

    fn link(consents: &[(Item, i64)]) -> Link {
        Link {
            app_id: 1,
            account_id: 1,
            user_id: 1 << 32,
            version: 1,
            epoch: 0,
            connected: true,
            connected_at: Millis(0),
            consents: consents.iter().map(|(item, at)| (*item, Millis(*at))).collect(),
        }
    }

    fn ids(ask: &Ask) -> Vec<&'static str> {
        ask.items.iter().map(|row| row.item.id()).collect()
    }

    #[test]
    fn f03_items_of_use_wait_for_scope() {
        let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Gender, Consent::OnUse, false)]);
        let person = Attributes { gender: Some(crate::account::Gender::Male), ..Attributes::default() };
        assert_eq!(ids(&ask(&app, &person, None, &[])), ["profile_nickname"]);
        let named = ask(&app, &person, Some(&link(&[(Item::ProfileNickname, 1)])), &[Item::Gender]);
        assert_eq!(ids(&named), ["gender"]);
        assert!(named.items[0].required);
    }

    #[test]
    fn f04_missing_values_are_collected_or_not_shown() {
        let person = Attributes::default();
        assert_eq!(ids(&ask(&app(&[(Item::AccountEmail, Consent::Required, false)]), &person, None, &[])), [""; 0]);
        let collecting = ask(&app(&[(Item::AccountEmail, Consent::Required, true)]), &person, None, &[]);
        assert!(collecting.items[0].collect);
        let phone = ask(&app(&[(Item::PhoneNumber, Consent::Required, true)]), &person, None, &[]);
        assert_eq!(ids(&phone), [""; 0], "never for the phone number");
    }

    #[test]
    fn f12_items_required_later_do_not_interrupt() {
        let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Name, Consent::Required, false)]);
        let person = Attributes { name: Some("N".into()), ..Attributes::default() };
        assert!(ask(&app, &person, Some(&link(&[(Item::ProfileNickname, 1)])), &[]).is_empty());
    }

    #[test]
    fn f19_f20_collecting_asks_those_who_agreed_since_it_was_switched_on() {
        let app = app(&[(Item::AccountEmail, Consent::Required, true)]);
        let person = Attributes::default();
        assert!(ask(&app, &person, Some(&link(&[(Item::AccountEmail, 99)])), &[]).is_empty());
        let later = ask(&app, &person, Some(&link(&[(Item::AccountEmail, 100)])), &[]);
        assert!(later.only_collects());
        let refused = submit(&later, &person, &Submitted::default()).expect("going on without a value is allowed");
        assert_eq!(refused, Agreed { items: vec![], attributes: None });
    }

    #[test]
    fn only_what_was_shown_can_be_agreed_to() {
        let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Name, Consent::Optional, false)]);
        let person = Attributes { name: Some("N".into()), ..Attributes::default() };
        let shown = ask(&app, &person, None, &[]);
        let form =
            |ids: &[&str]| Submitted { scope: ids.iter().map(|s| (*s).to_owned()).collect(), ..Submitted::default() };
        let agreed = submit(&shown, &person, &form(&["profile_nickname", "gender", "x"])).expect("agreed");
        assert_eq!(agreed.items, [Item::ProfileNickname]);
        let Err(NotAgreed::Required(refusal)) = submit(&shown, &person, &form(&["name"])) else {
            panic!("KOE203 expected")
        };
        assert_eq!(refusal.problem.code().id(), "KOE203");
    }
}
