//! The consent items of a person: what is agreed to, and taking it back.

use kakaw_wire::Problem;
use kakaw_wire::scope::Item;

use crate::app::{App, Consent};
use crate::diagnosis::Refusal;
use crate::link::Link;

/// An item of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub item: Item,
    /// Whether the app uses it today.
    pub using: bool,
    pub agreed: bool,
    /// Whether the person can take it back: it is agreed to, and the app does not require it.
    pub revocable: bool,
}

/// The app's items, and those that the person agreed to before the app dropped them.
#[must_use]
pub fn rows(app: &App, link: &Link) -> Vec<Row> {
    let row = |item: &Item| {
        let setting = app.settings.item(*item);
        let agreed = link.consents.contains_key(item);
        let required = setting.is_some_and(|setting| setting.consent == Consent::Required);
        (setting.is_some() || agreed).then_some(Row {
            item: *item,
            using: setting.is_some(),
            agreed,
            revocable: agreed && !required,
        })
    };
    Item::ALL.iter().filter_map(row).collect()
}

/// The link without these consents.
///
/// # Errors
/// -2 when none of them is agreed to, -3 when the app requires one.
pub fn revoke(app: &App, link: &Link, ids: &[String]) -> Result<Link, Refusal> {
    let rows = rows(app, link);
    let named: Vec<Row> =
        rows.into_iter().filter(|row| row.agreed && ids.iter().any(|id| id == row.item.id())).collect();
    if named.is_empty() {
        return Err(Problem::NothingToRevoke { scopes: ids.join(",") }.into());
    }
    let kept: Vec<&str> = named.iter().filter(|row| !row.revocable).map(|row| row.item.id()).collect();
    if !kept.is_empty() {
        return Err(Problem::NotRevocable { scopes: kept.join(",") }.into());
    }
    let mut after = link.clone();
    after.consents.retain(|item, _| named.iter().all(|row| row.item != *item));
    Ok(after)
}
