//! What an app of a world file may not be: each refusal says what was received and what was expected.

use std::collections::BTreeSet;

use anyhow::bail;
use kakaw_core::app::platform;
use kakaw_core::app::{Consent, Permission};
use kakaw_wire::scope::{Availability, Item};

use super::{App, ConsentItem};
use crate::outgoing;

/// Keys of one kind that an app may have.
const KEYS: usize = 5;

/// Checks the settings of an app against each other.
pub(super) fn check(file: &App, private_networks: bool) -> anyhow::Result<()> {
    if file.simple_signup.enabled && !file.simple_signup.review_passed {
        bail!("simple_signup is enabled; it can be switched on only after the review: set review_passed = true first");
    }
    for (item, setting) in &file.consent_items {
        let consent = match setting {
            ConsentItem::Word(consent) => *consent,
            ConsentItem::Table(table) => table.consent,
        };
        check_item(file, *item, consent)?;
    }
    let counts = [
        ("rest_api_keys", file.rest_api_keys.len()),
        ("javascript_keys", file.javascript_keys.len()),
        ("native_keys", file.native_keys.len()),
        ("admin_keys", file.admin_keys.len()),
    ];
    let more = file.permissions.contains(&Permission::IncreasedAppKeyCount);
    if let Some((name, count)) = counts.into_iter().find(|(_, count)| *count > KEYS && !more) {
        bail!("{count} {name}; expected {KEYS} at most without the permission INCREASED_APP_KEY_COUNT");
    }
    if file.admin_keys.iter().filter(|key| key.primary).count() > 1 {
        bail!("more than one admin key is primary; expected one at most");
    }
    let rest = file.rest_api_keys.iter().flat_map(|key| &key.allowed_ips);
    for text in rest.chain(file.admin_keys.iter().flat_map(|key| &key.allowed_ips)) {
        if platform::network(text).is_none() {
            bail!("allowed_ips holds {text:?}; expected an address, a CIDR block, or an address with a subnet mask");
        }
    }
    check_terms(file)?;
    check_unique("channels", file.channels.iter().map(|channel| channel.id.as_str()))?;
    check_unique("user_properties", file.user_properties.iter().map(String::as_str))?;
    let unlink = file.webhooks.unlink.as_ref().map(|webhook| &webhook.url);
    let status = file.webhooks.account_status.as_ref().map(|webhook| &webhook.url);
    for url in [unlink, status].into_iter().flatten() {
        outgoing::check_url(url, private_networks).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn check_item(file: &App, item: Item, consent: Consent) -> anyhow::Result<()> {
    let id = item.id();
    if item == Item::AccountStatus && consent != Consent::Optional {
        bail!("{id} can be optional only");
    }
    let needs_business =
        item.availability() != Availability::All || item == Item::AccountEmail && consent == Consent::Required;
    if needs_business && !file.business {
        bail!("{id} is for business apps (business = true)");
    }
    Ok(())
}

fn check_terms(file: &App) -> anyhow::Result<()> {
    for term in &file.service_terms {
        if term.tag.is_empty() || term.tag.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control()) {
            bail!("service term tag {:?}: expected text without commas and white space", term.tag);
        }
        if !(term.url.starts_with("http://") || term.url.starts_with("https://")) {
            bail!("service term {}: url is {:?}; expected an http or https URL", term.tag, term.url);
        }
    }
    check_unique("service_terms", file.service_terms.iter().map(|term| term.tag.as_str()))
}

fn check_unique<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value) {
            bail!("{name} holds {value:?} twice");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let app = |more: &str| {
            let text = format!("[[apps]]\nid = 1\nname = \"A\"\n{more}");
            check(&super::super::parse(&text, "w.toml").expect("parses").apps[0], false)
        };
        let six = "[[apps.rest_api_keys]]\n".repeat(6);
        let term = "[[apps.service_terms]]\ntag = \"a\"\ntitle = \"A\"\nurl = \"https://a.example\"\n";
        for (wrong, part) in [
            ("simple_signup = { enabled = true }".to_owned(), "review"),
            ("business = false\n[apps.consent_items]\ngender = \"optional\"".to_owned(), "gender is for business apps"),
            ("business = false\n[apps.consent_items]\naccount_email = \"required\"".to_owned(), "business"),
            ("[apps.consent_items]\naccount_status = \"required\"".to_owned(), "optional only"),
            (six.clone(), "INCREASED_APP_KEY_COUNT"),
            ("[[apps.admin_keys]]\nprimary = true\n".repeat(2), "more than one admin key"),
            ("[[apps.rest_api_keys]]\nallowed_ips = [\"10.0.0.0/33\"]".to_owned(), "10.0.0.0/33"),
            (term.repeat(2), "\"a\" twice"),
            (term.replace("\"a\"", "\"a,b\""), "commas"),
            (term.replace("https", "ftp"), "http or https"),
            ("user_properties = [\"x\", \"x\"]".to_owned(), "\"x\" twice"),
            ("webhooks.unlink = { url = \"http://a.example/\" }".to_owned(), "https only"),
            ("webhooks.unlink = { url = \"https://169.254.169.254/\" }".to_owned(), "public internet"),
        ] {
            let error = app(&wrong).expect_err(&wrong).to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
        for right in [
            "business = false\n[apps.consent_items]\naccount_email = \"optional\"".to_owned(),
            format!("permissions = [\"INCREASED_APP_KEY_COUNT\"]\n{six}"),
            "webhooks.unlink = { url = \"https://a.example/\", method = \"GET\" }".to_owned(),
        ] {
            assert!(app(&right).is_ok(), "{right}");
        }
    }
}
