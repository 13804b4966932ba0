//! The consent items of a person: listing and revoking them.

use kakaw_wire::Problem;
use kakaw_wire::scope::Item;

use crate::app::{App, Consent};
use crate::diagnosis::Refusal;
use crate::link::Link;

/// The state of an item for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub item: Item,
    /// Whether the app uses it now.
    pub using: bool,
    pub agreed: bool,
    /// Whether the person can revoke it: they agreed to it, and the app does not require it.
    pub revocable: bool,
}

/// Returns the app's items, and those that the person agreed to before the app removed them.
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

/// Returns the link without these consents.
///
/// # Errors
/// -2 when the person agreed to none of them, -3 when the app requires one.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn given() -> (App, Link) {
        let items = [
            (Item::ProfileNickname, Consent::Required),
            (Item::Gender, Consent::OnUse),
            (Item::Name, Consent::Optional),
        ];
        (samples::app(&items), samples::link(&[Item::ProfileNickname, Item::Name, Item::Birthyear]))
    }

    #[test]
    fn what_the_app_uses_is_listed_and_what_was_agreed_to_before() {
        let (app, link) = given();
        let rows: Vec<_> =
            rows(&app, &link).iter().map(|row| (row.item, row.using, row.agreed, row.revocable)).collect();
        assert_eq!(
            rows,
            [
                (Item::ProfileNickname, true, true, false),
                (Item::Name, true, true, true),
                (Item::Gender, true, false, false),
                (Item::Birthyear, false, true, true),
            ]
        );
    }

    #[test]
    fn consent_is_taken_back_all_or_nothing() {
        let (app, link) = given();
        for (sent, expected) in [
            (&["name"][..], Ok(vec![Item::ProfileNickname, Item::Birthyear])),
            (&["name", "birthyear", "gender", "x"], Ok(vec![Item::ProfileNickname])),
            (&["gender"], Err("-2")),
            (&["x"], Err("-2")),
            (&[], Err("-2")),
            (&["name", "profile_nickname"], Err("-3")),
        ] {
            let after = revoke(&app, &link, &ids(sent)).map(|link| link.consents.into_keys().collect());
            assert_eq!(after.map_err(|refusal| refusal.problem.code().id()), expected, "{sent:?}");
        }
        let refusal = revoke(&app, &link, &ids(&["name", "profile_nickname"])).expect_err("required");
        assert_eq!(refusal.problem, Problem::NotRevocable { scopes: "profile_nickname".to_owned() });
    }

    proptest! {
        /// Whatever is named, required items stay, and nothing is added.
        #[test]
        fn revoking_only_removes(named in prop::collection::vec(prop::sample::select(Item::ALL), 0..5)) {
            let (app, link) = given();
            let named: Vec<String> = named.iter().map(|item| item.id().to_owned()).collect();
            if let Ok(after) = revoke(&app, &link, &named) {
                prop_assert!(after.consents.contains_key(&Item::ProfileNickname));
                prop_assert!(after.consents.keys().all(|item| link.consents.contains_key(item)));
                prop_assert!(after.consents.keys().all(|item| !named.contains(&item.id().to_owned())));
            }
        }
    }
}
