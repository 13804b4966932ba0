//! The rules for a link that an operator sets, without a consent screen. They report all problems at once.

use kakaw_wire::{Expected, SettingProblem};

use crate::app::App;
use crate::link::{Link, properties};
use crate::validate::text::is_hidden;

/// From here on, ids are not exact in JavaScript, which stores numbers as `f64`.
const EXACT: i64 = 1 << 53;

/// Whether JavaScript represents the id exactly.
#[must_use]
pub fn is_id(id: i64) -> bool {
    (1..EXACT).contains(&id)
}

/// Returns the problem with the id of an app.
#[must_use]
pub fn app_id_problem(id: i64) -> Option<SettingProblem> {
    (!is_id(id)).then(|| SettingProblem::new("id", &id.to_string(), Expected::AppId {}))
}

impl Link {
    /// Returns every problem with a link to this app, which exists.
    #[must_use]
    pub fn problems(&self, app: &App) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if !is_id(self.user_id.0) {
            problems.push(SettingProblem::new("user_id", &self.user_id.to_string(), Expected::UserId {}));
        }
        for (tag, agreement) in &self.terms {
            // Version 0 means that no version was given for a term that the app does not have.
            let known = app.settings.service_terms.iter().any(|term| term.tag == *tag);
            if agreement.version < 1 {
                let expected = if known { Expected::AtLeast { least: 1 } } else { Expected::KnownTerm {} };
                problems.push(SettingProblem::new(format!("terms.{tag}"), tag, expected));
            }
        }
        for (key, value) in &self.properties {
            if value.chars().count() > properties::VALUE || value.contains('\0') {
                let expected = Expected::Characters { at_most: properties::VALUE };
                problems.push(SettingProblem::new(format!("properties.{key}"), value, expected));
            }
        }
        for channel in self.channels.iter().filter(|id| id.is_empty() || id.contains(is_hidden)) {
            problems.push(SettingProblem::new("channels", channel, Expected::NoHiddenCharacters {}));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use kakaw_wire::user::AgreedBy;
    use proptest::prelude::*;

    use super::*;
    use crate::Millis;
    use crate::app::AppSettings;
    use crate::app::service_terms::ServiceTerm;
    use crate::link::service_terms::Agreement;
    use crate::{AccountId, AppId, UserId};

    fn app() -> App {
        let mut settings = AppSettings::new("A");
        let (tag, title, url) = ("use".to_owned(), "Use".to_owned(), "https://a.example".to_owned());
        settings.service_terms.push(ServiceTerm { tag, title, url, required: true, version: 2 });
        App { id: AppId(1), version: 1, settings }
    }

    fn link() -> Link {
        Link::new(AppId(1), AccountId(2), UserId(2_480_131_177), Millis(0))
    }

    fn found(link: &Link) -> Vec<(String, Expected)> {
        link.problems(&app()).into_iter().map(|problem| (problem.path, problem.expected)).collect()
    }

    #[test]
    fn each_value_is_checked() {
        let agreement = |version| Agreement { at: Millis(0), by: AgreedBy::Kauth, version };
        let mut right = link();
        right.terms = [("use".to_owned(), agreement(1)), ("old".to_owned(), agreement(4))].into();
        right.properties = [("tier".to_owned(), "x".repeat(2000))].into();
        right.channels = ["_ZeUTxl".to_owned()].into();
        assert_eq!(found(&right), []);
        type Case = (fn(&mut Link), &'static str, Expected);
        let cases: &[Case] = &[
            (|l| l.user_id = UserId(0), "user_id", Expected::UserId {}),
            (|l| l.user_id = UserId(9_007_199_254_740_992), "user_id", Expected::UserId {}),
            (|l| l.terms.values_mut().for_each(|a| a.version = 0), "terms.old", Expected::KnownTerm {}),
            (|l| l.terms.values_mut().for_each(|a| a.version = -1), "terms.use", Expected::AtLeast { least: 1 }),
            (
                |l| drop(l.properties.insert("tier".into(), "x".repeat(2001))),
                "properties.tier",
                Expected::Characters { at_most: properties::VALUE },
            ),
            (
                |l| drop(l.properties.insert("tier".into(), "\0".into())),
                "properties.tier",
                Expected::Characters { at_most: properties::VALUE },
            ),
            (|l| l.channels = [String::new()].into(), "channels", Expected::NoHiddenCharacters {}),
        ];
        for (change, path, expected) in cases {
            let mut link = right.clone();
            change(&mut link);
            let found = found(&link);
            assert!(found.contains(&((*path).to_owned(), expected.clone())), "{path}: {found:?}");
        }
        assert!(app_id_problem(1001).is_none() && app_id_problem(0).is_some());
    }

    proptest! {
        #[test]
        fn ids_are_those_that_javascript_holds(id in prop_oneof![any::<i64>(), -3..3i64, 9_007_199_254_740_980..9_007_199_254_741_000i64]) {
            prop_assert_eq!(is_id(id), id > 0 && id <= 9_007_199_254_740_991);
        }
    }
}
