//! Use cases for shipping addresses, as an operator sets them.

use kakaw_core::account::shipping::{self, Address};
use kakaw_core::link::rules;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::shipping_addresses;

use super::Actor;
use super::change::{self, Change, What};
use super::draft::Draft;
use crate::Platform;

/// Creates or changes an address. `path` is the path of its description.
pub(super) fn put(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    after: &Address,
    before: Option<&Address>,
    path: &str,
) {
    if !rules::is_id(after.id) {
        draft.refuse(path, vec![SettingProblem::new("id", &after.id.to_string(), Expected::UserId {})]);
    }
    draft.refuse(path, shipping::problems(&after.fields).into_iter().map(|problem| problem.within("address")));
    match before {
        None => {
            draft.push_unique(shipping_addresses::insert(after), &format!("{path}.id"), &after.id.to_string());
        }
        Some(before) if before != after => draft.push(shipping_addresses::update(after)),
        Some(_) => {}
    }
    let (old, new) = (before.map(change::address_view), Some(change::address_view(after)));
    let change = Change::new(platform, actor, What::Address { id: after.id }, old, new);
    draft.changes.push(change.of(after.account_id));
}
