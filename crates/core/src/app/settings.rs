//! The rules for an app's settings. They report all problems at once, each with its path, the received value and the
//! expectation.

use std::net::IpAddr;
use std::sync::OnceLock;

use ipnet::IpNet;
use kakaw_wire::scope::{Availability, Item};
use kakaw_wire::{Expected, SettingProblem};
use url::Url;

use crate::account::{is_collectable, login_id};
use crate::app::service_terms::ServiceTerm;
use crate::app::{AppSettings, Consent, ConsentItem, redirect_uri};
use crate::text::{maybe_words, repeated, words};

/// Maximum length of a name, in characters.
const NAME: usize = 100;
/// Maximum length of a longer text, in characters.
const LINE: usize = 500;

/// Limits that the operator sets for the teams of apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Whether webhooks may use private addresses and plain HTTP.
    pub private_networks: bool,
    /// The host of our own public URL, which webhooks may not call.
    pub own_host: Option<String>,
    /// Whether client secrets must have 128 bits.
    pub strong_secrets: bool,
}

impl AppSettings {
    /// Returns every problem with the settings.
    #[must_use]
    pub fn problems(&self, limits: &Limits) -> Vec<SettingProblem> {
        let mut problems: Vec<_> = words("name", &self.name, NAME).into_iter().collect();
        problems.extend(maybe_words("company", &self.company, NAME));
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
        let wrong = self.webhooks.urls().into_iter().filter_map(|(kind, url)| {
            let expected = webhook_url(&url, limits).err()?;
            Some(SettingProblem::new(format!("webhooks.{kind}.url"), &url, expected))
        });
        wrong.collect()
    }
}

/// Returns a problem for each URI of a list that cannot be registered.
pub(super) fn wrong_uris(path: &str, uris: &[String]) -> Vec<SettingProblem> {
    let wrong = uris.iter().enumerate().filter_map(|(index, uri)| {
        Some(SettingProblem::new(format!("{path}[{index}]"), uri, redirect_uri::wrong(uri)?))
    });
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
    let separates = |c: char| c == ',' || c.is_whitespace() || crate::text::is_hidden(c);
    if term.tag.is_empty() || term.tag.contains(separates) {
        problems.push(SettingProblem::new("tag", &term.tag, Expected::Tag {}));
    }
    if let Some(expected) = redirect_uri::wrong(&term.url).filter(|expected| *expected != Expected::NoFragment {}) {
        problems.push(SettingProblem::new("url", &term.url, expected));
    }
    if term.version < 1 {
        problems.push(SettingProblem::new("version", &term.version.to_string(), Expected::AtLeast { least: 1 }));
    }
    problems
}

/// Parses the URL of a webhook. The addresses of its host name are checked at every connection.
///
/// # Errors
/// What was expected.
pub fn webhook_url(text: &str, limits: &Limits) -> Result<Url, Expected> {
    let url = Url::parse(text).map_err(|_| Expected::HttpUrl {})?;
    if url.scheme() != "https" && !(url.scheme() == "http" && limits.private_networks) {
        return Err(Expected::Https {});
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Expected::NoUserInfo {});
    }
    let host = url.host_str().unwrap_or_default();
    if limits.own_host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host)) {
        return Err(Expected::OtherHost {});
    }
    // An IP address in the URL is never resolved, so it is checked here.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !limits.private_networks && !is_public(address)) {
        return Err(Expected::PublicAddress {});
    }
    Ok(url)
}

/// Ranges outside the public internet (IANA special-purpose address registries, RFC 6890 and its updates).
const SPECIAL: [&str; 29] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/127",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
];

/// Whether an address belongs to the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    static RANGES: OnceLock<Vec<IpNet>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| SPECIAL.iter().filter_map(|range| range.parse().ok()).collect());
    let address = address.to_canonical();
    // `::a.b.c.d`, the deprecated IPv4-compatible form.
    let embeds_v4 = matches!(address, IpAddr::V6(v6) if v6.segments()[..6].iter().all(|segment| *segment == 0));
    let multicast = matches!(address, IpAddr::V6(v6) if v6.is_multicast());
    !embeds_v4 && !multicast && !ranges.iter().any(|range| range.contains(&address))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
