//! The rules for an app's settings. They report all problems at once, each with its path, the received value and the
//! expectation.

use kakaw_wire::scope::{Availability, Item};
use kakaw_wire::{Expected, SettingProblem};

use crate::account::{is_collectable, login_id};
use crate::app::service_terms::ServiceTerm;
use crate::app::{AppSettings, Consent, ConsentItem};
use crate::validate::name::{maybe_name, name};
use crate::validate::text::{is_hidden, maybe_words, repeated, words};
use crate::validate::{Limits, url};

/// Maximum length of a name, in characters.
const NAME: usize = 100;
/// Maximum length of a longer text, in characters.
const LINE: usize = 500;

impl AppSettings {
    /// Returns every problem with the settings.
    #[must_use]
    pub fn problems(&self, limits: &Limits) -> Vec<SettingProblem> {
        let mut problems: Vec<_> = name("name", &self.name, NAME).into_iter().collect();
        problems.extend(maybe_name("company", &self.company, NAME));
        for (index, login) in self.team.iter().enumerate().filter(|(_, login)| !login_id::is_login_id(login)) {
            problems.push(SettingProblem::new(format!("team[{index}]"), login, Expected::LoginId {}));
        }
        problems.extend(wrong_uris("logout_redirect_uris", &self.logout_redirect_uris));
        if self.simple_signup.enabled && !self.simple_signup.review_passed {
            problems.push(SettingProblem::new("simple_signup.enabled", "true", Expected::ReviewFirst {}));
        }
        for (item, setting) in &self.consent_items {
            problems.extend(item_problems(*item, setting, self.business));
        }
        problems.extend(self.list_problems());
        problems.extend(self.webhook_problems(limits));
        problems
    }

    fn list_problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        for (index, term) in self.service_terms.iter().enumerate() {
            let at = format!("service_terms[{index}]");
            problems.extend(term_problems(term).into_iter().map(|problem| problem.within(&at)));
        }
        problems.extend(repeated("service_terms", ".tag", self.service_terms.iter().map(|term| term.tag.as_str())));
        for (index, channel) in self.channels.iter().enumerate() {
            let at = format!("channels[{index}]");
            let found = [words("id", &channel.id, NAME), words("name", &channel.name, NAME)];
            problems.extend(found.into_iter().flatten().map(|problem| problem.within(&at)));
        }
        problems.extend(repeated("channels", ".id", self.channels.iter().map(|channel| channel.id.as_str())));
        for (index, name) in self.user_properties.iter().enumerate() {
            problems.extend(words(&format!("user_properties[{index}]"), name, NAME));
        }
        problems.extend(repeated("user_properties", "", self.user_properties.iter().map(String::as_str)));
        problems
    }

    fn webhook_problems(&self, limits: &Limits) -> Vec<SettingProblem> {
        let wrong = self.webhooks.urls().into_iter().filter_map(|(kind, text)| {
            let expected = url::webhook(&text, limits).err()?;
            Some(SettingProblem::new(format!("webhooks.{kind}.url"), &text, expected))
        });
        wrong.collect()
    }
}

/// Returns a problem for each URI of a list that cannot be registered.
pub(super) fn wrong_uris(path: &str, uris: &[String]) -> Vec<SettingProblem> {
    let wrong = uris
        .iter()
        .enumerate()
        .filter_map(|(index, uri)| Some(SettingProblem::new(format!("{path}[{index}]"), uri, url::redirect(uri)?)));
    wrong.collect()
}

fn item_problems(item: Item, setting: &ConsentItem, business: bool) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let consent = match setting.consent {
        Consent::Required => "required",
        Consent::Optional => "optional",
        Consent::OnUse => "on_use",
    };
    let mut add = |name: &str, received: &str, expected| {
        problems.push(SettingProblem::new(format!("consent_items.{}{name}", item.id()), received, expected));
    };
    if item == Item::AccountStatus && setting.consent != Consent::Optional {
        add("", consent, Expected::OptionalOnly {});
    }
    let required_email = item == Item::AccountEmail && setting.consent == Consent::Required;
    if (item.availability() != Availability::All || required_email) && !business {
        add("", consent, Expected::Business {});
    }
    if setting.collect_if_missing && !is_collectable(item) {
        add(".collect_if_missing", "true", Expected::Collectable {});
    }
    problems.extend(maybe_words(&format!("consent_items.{}.purpose", item.id()), &setting.purpose, LINE));
    problems
}

fn term_problems(term: &ServiceTerm) -> Vec<SettingProblem> {
    let mut problems: Vec<_> = words("title", &term.title, NAME).into_iter().collect();
    let separates = |c: char| c == ',' || c.is_whitespace() || is_hidden(c);
    if term.tag.is_empty() || term.tag.contains(separates) {
        problems.push(SettingProblem::new("tag", &term.tag, Expected::Tag {}));
    }
    if let Some(expected) = url::page(&term.url) {
        problems.push(SettingProblem::new("url", &term.url, expected));
    }
    if term.version < 1 {
        problems.push(SettingProblem::new("version", &term.version.to_string(), Expected::AtLeast { least: 1 }));
    }
    problems
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
