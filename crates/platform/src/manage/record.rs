//! The rows of the audit trail for changes.

use std::collections::BTreeMap;

use kakaw_core::AppId;
use kakaw_store::{Error, Statement};
use serde_json::{Value, json};

use super::{Change, What};
use crate::Platform;
use crate::audit::{self, Entry, Event, Person};

/// Returns the rows for changes that are about to be committed.
pub(super) async fn rows(platform: &Platform, changes: &[Change]) -> Result<Vec<Statement>, Error> {
    let mut rows = Vec::new();
    if !platform.audit.is_on() {
        return Ok(rows);
    }
    let mut people: BTreeMap<_, Option<Person>> = BTreeMap::new();
    for change in changes.iter().filter(|change| !change.is_nothing()) {
        if let Some(account) = change.account
            && !people.contains_key(&account)
        {
            let is_gone = matches!(change.what, What::Account { .. }) && change.after.is_none();
            let person = if is_gone {
                audit::person(platform, account).await?
            } else {
                audit::person_of_commit(platform, account).await?.map(|(person, key)| {
                    rows.extend(key);
                    person
                })
            };
            people.insert(account, person);
        }
        let person = change.account.and_then(|account| people.get(&account)?.as_ref());
        rows.extend(entry(change, person, event(change)).statement(platform));
        if ended_everywhere(change) {
            rows.extend(Entry::new(Event::LogoutEverywhere, change.by.name()).person(person).statement(platform));
        }
    }
    Ok(rows)
}

/// Returns the row for a change of a key, which is about nobody.
pub(super) fn of_key(platform: &Platform, change: &Change) -> Option<Statement> {
    entry(change, None, event(change)).statement(platform)
}

/// What is about a person is private; about apps, only who is in their team.
fn entry<'a>(change: &Change, person: Option<&'a Person>, event: Event) -> Entry<'a> {
    let entry = Entry::new(event, change.by.name()).person(person);
    let both = json!({ "before": change.before, "after": change.after });
    match &change.what {
        What::App { app } => entry.app(AppId(*app)).detail(without_team(both)),
        What::Webhook { app, webhook } => {
            entry.app(AppId(*app)).detail(json!({ "webhook": webhook, "before": change.before, "after": change.after }))
        }
        What::Delivery { app, id } => entry.app(AppId(*app)).detail(json!({ "id": id, "after": change.after })),
        What::SigningKey { kid } => entry.detail(json!({ "kid": kid })),
        What::SealingKey { id } => entry.detail(json!({ "id": id, "after": change.after })),
        What::Account { login } => entry
            .detail(names(change))
            .private(json!({ "login": login, "before": change.before, "after": change.after })),
        What::Link { app, user_id } => entry
            .app(AppId(*app))
            .detail(names(change))
            .private(json!({ "user_id": user_id, "before": change.before, "after": change.after })),
        What::Address { id } => {
            entry.detail(names(change)).private(json!({ "id": id, "before": change.before, "after": change.after }))
        }
    }
}

const fn event(change: &Change) -> Event {
    use Event::{
        AccountChanged, AccountCreated, AccountDeleted, AddressChanged, AddressCreated, AddressDeleted, AppChanged,
        AppCreated, AppDeleted, LinkChanged, LinkCreated, LinkDeleted,
    };
    let [created, changed, deleted] = match change.what {
        What::App { .. } => [AppCreated, AppChanged, AppDeleted],
        What::Account { .. } => [AccountCreated, AccountChanged, AccountDeleted],
        What::Link { .. } => [LinkCreated, LinkChanged, LinkDeleted],
        What::Address { .. } => [AddressCreated, AddressChanged, AddressDeleted],
        What::Webhook { .. } => [Event::WebhookChanged; 3],
        What::Delivery { .. } => [Event::DeliveryCreated; 3],
        What::SigningKey { .. } => [Event::SigningKeyCreated, Event::SigningKeyRetired, Event::SigningKeyDeleted],
        What::SealingKey { .. } => [Event::SealingKeyCreated, Event::SealingKeyCreated, Event::SealingKeyDeleted],
    };
    match (&change.before, &change.after) {
        (None, _) => created,
        (Some(_), Some(_)) => changed,
        (Some(_), None) => deleted,
    }
}

/// Whether the change ended every login of a person: a new password increases the account's epoch.
fn ended_everywhere(change: &Change) -> bool {
    let epoch = |view: &Option<Value>| view.as_ref().and_then(|view| view.get("epoch")?.as_i64());
    matches!(change.what, What::Account { .. })
        && matches!((epoch(&change.before), epoch(&change.after)), (Some(before), Some(after)) if before != after)
}

/// The names of what differs. They are no personal data.
fn names(change: &Change) -> Value {
    let of = |view: &Option<Value>| -> Vec<String> {
        view.as_ref().and_then(Value::as_object).map(|view| view.keys().cloned().collect()).unwrap_or_default()
    };
    let mut names = of(&change.before);
    names.extend(of(&change.after));
    names.sort_unstable();
    names.dedup();
    json!({ "changed": names })
}

/// Replaces the login ids of the team by their number.
fn without_team(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let taken = member.take();
                *member = match taken {
                    Value::Array(team) if name == "team" => json!(team.len()),
                    other => without_team(other),
                };
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| *item = without_team(item.take())),
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use kakaw_core::Millis;

    use super::*;
    use crate::manage::Actor;

    fn change(what: What, before: Option<Value>, after: Option<Value>) -> Change {
        Change { at: Millis(1), by: Actor::CommandLine, what, before, after, account: None }
    }

    #[test]
    fn the_event_says_what_was_changed_and_how() {
        let app = || What::App { app: 1 };
        let some = || Some(json!({}));
        assert_eq!(event(&change(app(), None, some())), Event::AppCreated);
        assert_eq!(event(&change(app(), some(), some())), Event::AppChanged);
        assert_eq!(event(&change(app(), some(), None)), Event::AppDeleted);
        assert_eq!(event(&change(What::SigningKey { kid: "k".to_owned() }, None, some())), Event::SigningKeyCreated);
        let kid = || What::SigningKey { kid: "k".to_owned() };
        assert_eq!(event(&change(kid(), some(), some())), Event::SigningKeyRetired);
        assert_eq!(event(&change(kid(), some(), None)), Event::SigningKeyDeleted);
        let sealing = || What::SealingKey { id: 2 };
        assert_eq!(event(&change(sealing(), None, some())), Event::SealingKeyCreated);
        assert_eq!(event(&change(sealing(), some(), None)), Event::SealingKeyDeleted);
    }

    #[test]
    fn no_login_id_of_a_team_is_written_into_a_row_that_outlives_its_people() {
        let before = json!({ "settings": { "team": ["ryan@example.com"], "name": "A" } });
        let hidden = without_team(json!({ "before": before, "after": [{ "team": [] }] }));
        assert_eq!(hidden, json!({ "before": { "settings": { "team": 1, "name": "A" } }, "after": [{ "team": 0 }] }));
    }

    #[test]
    fn a_new_epoch_of_an_account_ended_its_logins() {
        let account = || What::Account { login: "ryan".to_owned() };
        let epoch = |n: i64| Some(json!({ "epoch": n }));
        assert!(ended_everywhere(&change(account(), epoch(0), epoch(1))));
        assert!(!ended_everywhere(&change(account(), Some(json!({})), Some(json!({})))));
        assert!(!ended_everywhere(&change(account(), None, epoch(1))));
        assert_eq!(
            names(&change(account(), epoch(0), Some(json!({ "restricted": true })))),
            json!({ "changed": ["epoch", "restricted"] })
        );
    }
}
