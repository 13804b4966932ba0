//! Test cases of the rules for settings.

use proptest::prelude::*;

use super::*;
use crate::Millis;
use crate::app::service_terms::SimpleSignup;
use crate::app::webhooks::{AccountStatusWebhook, UnlinkWebhook};
use crate::app::{Channel, Permission};

fn item(consent: Consent) -> ConsentItem {
    ConsentItem {
        consent,
        collect_if_missing: false,
        collect_since: Millis(0),
        purpose: String::new(),
        permission: true,
    }
}

fn term(tag: &str) -> ServiceTerm {
    let (title, url) = ("Terms".to_owned(), "https://a.example/terms#first".to_owned());
    ServiceTerm { tag: tag.to_owned(), title, url, required: true, version: 1 }
}

/// Valid settings in which no list is empty.
fn full() -> AppSettings {
    let mut settings = AppSettings::new("Coffee Club");
    settings.company = "Coffee Club Inc.".to_owned();
    settings.team = vec!["ryan@example.com".to_owned(), "noel".to_owned(), "+82 10-1234-5678".to_owned()];
    settings.logout_redirect_uris = vec!["http://localhost:3000/bye".to_owned()];
    settings.simple_signup = SimpleSignup { enabled: true, review_passed: true };
    settings.service_terms = vec![term("use"), term("privacy")];
    settings.channels = vec![Channel { id: "_ZeUTxl".to_owned(), name: "News".to_owned() }];
    settings.user_properties = vec!["tier".to_owned()];
    settings.permissions = vec![Permission::OidcSseSupported];
    settings.consent_items = [
        (Item::AccountEmail, ConsentItem { collect_if_missing: true, ..item(Consent::Required) }),
        (Item::Gender, item(Consent::OnUse)),
        (Item::AccountStatus, item(Consent::Optional)),
    ]
    .into();
    settings.webhooks.unlink =
        Some(UnlinkWebhook { url: "https://a.example/hook".to_owned(), method: Default::default() });
    settings.webhooks.account_status =
        Some(AccountStatusWebhook { url: "https://b.example/hook".to_owned(), events: Vec::new() });
    settings
}

/// Returns path and expectation of each problem.
fn found(settings: &AppSettings) -> Vec<(String, Expected)> {
    settings.problems(&Limits::default()).into_iter().map(|problem| (problem.path, problem.expected)).collect()
}

#[test]
fn settings_without_a_problem_have_none() {
    assert_eq!(found(&full()), []);
    assert_eq!(found(&AppSettings::new("A")), []);
    let mut small = AppSettings::new("A");
    small.business = false;
    small.consent_items = [(Item::AccountEmail, item(Consent::Optional))].into();
    assert_eq!(found(&small), []);
}

#[test]
fn each_problem_is_named_with_its_place() {
    type Case = (fn(&mut AppSettings), &'static str, Expected);
    let cases: &[Case] = &[
        (|s| s.name.clear(), "name", Expected::Words { at_most: NAME }),
        (|s| s.company = "a\u{202e}b".into(), "company", Expected::Words { at_most: NAME }),
        (|s| s.team.push("a b".into()), "team[3]", Expected::LoginId {}),
        (
            |s| s.logout_redirect_uris.push("javascript:alert(1)".into()),
            "logout_redirect_uris[1]",
            Expected::HttpUrl {},
        ),
        (|s| s.simple_signup.review_passed = false, "simple_signup.enabled", Expected::ReviewFirst {}),
        (
            |s| drop(s.consent_items.insert(Item::AccountStatus, item(Consent::Required))),
            "consent_items.account_status",
            Expected::OptionalOnly {},
        ),
        (
            |s| {
                let phone = ConsentItem { collect_if_missing: true, ..item(Consent::Optional) };
                s.consent_items.insert(Item::PhoneNumber, phone);
            },
            "consent_items.phone_number.collect_if_missing",
            Expected::Collectable {},
        ),
        (
            |s| s.consent_items.values_mut().for_each(|item| item.purpose = "x".repeat(LINE + 1)),
            "consent_items.account_email.purpose",
            Expected::Words { at_most: LINE },
        ),
        (|s| s.service_terms[1].tag = "a,b".into(), "service_terms[1].tag", Expected::Tag {}),
        (|s| s.service_terms[1].tag = "a b".into(), "service_terms[1].tag", Expected::Tag {}),
        (|s| s.service_terms[1].tag = "a\u{7}".into(), "service_terms[1].tag", Expected::Tag {}),
        (|s| s.service_terms[1].tag = String::new(), "service_terms[1].tag", Expected::Tag {}),
        (|s| s.service_terms[1].tag = "use".into(), "service_terms[1].tag", Expected::Once {}),
        (|s| s.service_terms[0].title = " ".into(), "service_terms[0].title", Expected::Words { at_most: NAME }),
        (|s| s.service_terms[0].url = "ftp://a.example".into(), "service_terms[0].url", Expected::HttpUrl {}),
        (|s| s.service_terms[0].version = 0, "service_terms[0].version", Expected::AtLeast { least: 1 }),
        (|s| s.channels[0].name.clear(), "channels[0].name", Expected::Words { at_most: NAME }),
        (|s| s.channels[0].id.clear(), "channels[0].id", Expected::Words { at_most: NAME }),
        (|s| s.channels.push(s.channels[0].clone()), "channels[1].id", Expected::Once {}),
        (|s| s.user_properties.push("tier".into()), "user_properties[1]", Expected::Once {}),
        (|s| s.user_properties.push("\n".into()), "user_properties[1]", Expected::Words { at_most: NAME }),
        (
            |s| s.webhooks.unlink.as_mut().expect("set").url = "http://a.example/".into(),
            "webhooks.unlink.url",
            Expected::Https {},
        ),
        (
            |s| s.webhooks.account_status.as_mut().expect("set").url = "https://169.254.169.254/".into(),
            "webhooks.account_status.url",
            Expected::PublicAddress {},
        ),
    ];
    for (change, path, expected) in cases {
        let mut settings = full();
        change(&mut settings);
        let found = found(&settings);
        assert!(found.contains(&((*path).to_owned(), expected.clone())), "{path}: {found:?}");
    }
}

#[test]
fn items_of_businesses_are_refused_to_others() {
    let mut settings = full();
    settings.business = false;
    assert_eq!(
        found(&settings),
        [
            ("consent_items.account_email".to_owned(), Expected::Business {}),
            ("consent_items.gender".to_owned(), Expected::Business {}),
            ("consent_items.account_status".to_owned(), Expected::Business {}),
        ]
    );
}

#[test]
fn every_problem_is_found_at_once() {
    let mut settings = full();
    settings.name.clear();
    settings.team.push(String::new());
    settings.service_terms[0].tag.clear();
    settings.simple_signup.review_passed = false;
    assert_eq!(found(&settings).len(), 4);
}

proptest! {
    /// The rules do not depend on the order of lists, and each further wrong entry is one more problem.
    #[test]
    fn each_wrong_entry_is_a_problem_of_its_own(right in 0..5usize, wrong in 0..5usize) {
        let mut settings = AppSettings::new("A");
        let uris = (0..right).map(|n| format!("https://a.example/{n}"));
        settings.logout_redirect_uris = uris.chain((0..wrong).map(|n| format!("ftp://a.example/{n}"))).collect();
        prop_assert_eq!(found(&settings).len(), wrong);
        settings.logout_redirect_uris.reverse();
        prop_assert_eq!(found(&settings).len(), wrong);
        let paths: Vec<_> = found(&settings).into_iter().map(|(path, _)| path).collect();
        prop_assert_eq!(paths, (0..wrong).map(|n| format!("logout_redirect_uris[{n}]")).collect::<Vec<_>>());
    }

    /// A list of names has the problems of its names, and one more for each duplicate.
    #[test]
    fn a_name_stands_once(names in proptest::collection::vec("[a-c]{1,2}", 0..8)) {
        let mut settings = AppSettings::new("A");
        let different: std::collections::BTreeSet<_> = names.iter().cloned().collect();
        settings.user_properties = names.clone();
        prop_assert_eq!(found(&settings).len(), names.len() - different.len());
    }
}
