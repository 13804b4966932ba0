use proptest::prelude::*;

use super::*;
use crate::app::AppSettings;
use crate::{AccountId, AppId, UserId};

fn app(items: &[(Item, Consent, bool)]) -> App {
    let item = |consent, collect| ConsentItem {
        consent,
        collect_if_missing: collect,
        collect_since: Millis(100),
        purpose: String::new(),
        permission: true,
    };
    let consent_items = items.iter().map(|(id, consent, collect)| (*id, item(*consent, *collect))).collect();
    App { id: AppId(1), version: 1, settings: AppSettings { consent_items, ..AppSettings::new("App") } }
}

fn link(consents: &[(Item, i64)]) -> Link {
    let consents = consents.iter().map(|(item, at)| (*item, Millis(*at))).collect();
    Link { consents, ..Link::new(AppId(1), AccountId(1), UserId(1 << 32), Millis(0)) }
}

fn wanted(scope: &[Item]) -> Wanted {
    Wanted { scope: scope.to_vec(), ..Wanted::default() }
}

fn ids(ask: &Ask) -> Vec<&'static str> {
    ask.items.iter().map(|row| row.item.id()).collect()
}

#[test]
fn f03_items_of_use_wait_for_scope() {
    let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Gender, Consent::OnUse, false)]);
    let person = Attributes { gender: Some(crate::account::Gender::Male), ..Attributes::default() };
    assert_eq!(ids(&ask(&app, &person, None, &wanted(&[]))), ["profile_nickname"]);
    let named = ask(&app, &person, Some(&link(&[(Item::ProfileNickname, 1)])), &wanted(&[Item::Gender]));
    assert_eq!(ids(&named), ["gender"]);
    assert!(named.items[0].required);
}

#[test]
fn f04_missing_values_are_collected_or_not_shown() {
    let person = Attributes::default();
    assert_eq!(
        ids(&ask(&app(&[(Item::AccountEmail, Consent::Required, false)]), &person, None, &wanted(&[]))),
        [""; 0]
    );
    let collecting = ask(&app(&[(Item::AccountEmail, Consent::Required, true)]), &person, None, &wanted(&[]));
    assert!(collecting.items[0].collect);
    let phone = ask(&app(&[(Item::PhoneNumber, Consent::Required, true)]), &person, None, &wanted(&[]));
    assert_eq!(ids(&phone), [""; 0], "never for the phone number");
}

#[test]
fn f12_items_required_later_do_not_interrupt() {
    let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Name, Consent::Required, false)]);
    let person = Attributes { name: Some("N".into()), ..Attributes::default() };
    assert!(ask(&app, &person, Some(&link(&[(Item::ProfileNickname, 1)])), &wanted(&[])).is_empty());
}

#[test]
fn f19_f20_collecting_asks_those_who_agreed_since_it_was_switched_on() {
    let app = app(&[(Item::AccountEmail, Consent::Required, true)]);
    let person = Attributes::default();
    assert!(ask(&app, &person, Some(&link(&[(Item::AccountEmail, 99)])), &wanted(&[])).is_empty());
    let later = ask(&app, &person, Some(&link(&[(Item::AccountEmail, 100)])), &wanted(&[]));
    assert!(later.only_collects());
    let refused = submit(&later, &person, &Submitted::default()).expect("going on without a value is allowed");
    assert_eq!((refused.items, refused.attributes), (vec![], None));
}

#[test]
fn only_what_was_shown_can_be_agreed_to() {
    let app = app(&[(Item::ProfileNickname, Consent::Required, false), (Item::Name, Consent::Optional, false)]);
    let person = Attributes { name: Some("N".into()), ..Attributes::default() };
    let shown = ask(&app, &person, None, &wanted(&[]));
    let form =
        |ids: &[&str]| Submitted { scope: ids.iter().map(|s| (*s).to_owned()).collect(), ..Submitted::default() };
    let agreed = submit(&shown, &person, &form(&["profile_nickname", "gender", "x"])).expect("agreed");
    assert_eq!(agreed.items, [Item::ProfileNickname]);
    let marked = Incomplete { missing: vec!["profile_nickname".to_owned()], wrong: vec![] };
    assert_eq!(submit(&shown, &person, &form(&["name"])), Err(NotAgreed::Incomplete(marked)));
    let again = Submitted { again: true, ..form(&["name"]) };
    let Err(NotAgreed::Required(refusal)) = submit(&shown, &person, &again) else { panic!("KOE203 expected") };
    assert_eq!(refusal.problem.code().id(), "KOE203");
}

#[test]
fn every_mistake_of_a_form_is_reported_at_once() {
    let app = app(&[
        (Item::ProfileNickname, Consent::Required, false),
        (Item::AccountEmail, Consent::Required, true),
        (Item::Birthyear, Consent::Optional, true),
    ]);
    let shown = ask(&app, &Attributes::default(), None, &wanted(&[]));
    let values = [("account_email", "no address"), ("birthyear", "95")];
    let mut form = Submitted {
        scope: vec!["account_email".to_owned(), "birthyear".to_owned()],
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Submitted::default()
    };
    let both = vec![Item::AccountEmail, Item::Birthyear];
    let incomplete = Incomplete { missing: vec!["profile_nickname".to_owned()], wrong: both };
    assert_eq!(submit(&shown, &Attributes::default(), &form), Err(NotAgreed::Incomplete(incomplete)));
    // An invalid value is never KOE203, however often it is sent.
    form.scope.push("profile_nickname".to_owned());
    form.again = true;
    form.values.remove("account_email");
    let incomplete = Incomplete { missing: vec![], wrong: vec![Item::Birthyear] };
    assert_eq!(submit(&shown, &Attributes::default(), &form), Err(NotAgreed::Incomplete(incomplete)));
}

/// An app with simple sign-up, three terms and two channels. The third term is optional.
fn shop() -> App {
    let mut app = app(&[(Item::ProfileNickname, Consent::Required, false)]);
    let term = |tag: &str, required| ServiceTerm {
        tag: tag.to_owned(),
        title: tag.to_owned(),
        url: "https://a.example/".to_owned(),
        required,
        version: 2,
    };
    app.settings.simple_signup.enabled = true;
    app.settings.service_terms = vec![term("use", true), term("privacy", true), term("news", false)];
    app.settings.channels = ["_a", "_b"].map(|id| Channel { id: id.to_owned(), name: id.to_owned() }).into();
    app
}

fn tags(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

#[test]
fn simple_sign_up_asks_for_terms_and_channels_once() {
    let (mut app, person) = (shop(), Attributes::default());
    let mut link = link(&[(Item::ProfileNickname, 1)]);
    link.terms = [("use".to_owned(), Agreement { at: Millis(1), by: AgreedBy::Kauth, version: 2 })].into();
    link.channels = ["_a".to_owned()].into();
    let of = |app: &App, link, terms: Option<&[&str]>, channels: Option<&[&str]>| {
        let wanted = Wanted { service_terms: terms.map(tags), channels: channels.map(tags), ..Wanted::default() };
        let ask = ask(app, &person, link, &wanted);
        let terms: Vec<_> = ask.terms.iter().map(|term| term.tag.clone()).collect();
        let channels: Vec<_> = ask.channels.iter().map(|channel| channel.id.clone()).collect();
        (terms.join(" "), channels.join(" "), ask.simple)
    };
    let shown = |terms: &str, channels: &str, simple| (terms.to_owned(), channels.to_owned(), simple);
    for (link, terms, channels, expected) in [
        (None, None, None, shown("use privacy news", "_a _b", true)),
        (None, Some(&["use", "news"][..]), Some(&["_b", "_x"][..]), shown("use news", "_b", true)),
        (None, Some(&["news"]), Some(&[]), shown("", "", true)),
        (None, Some(&[]), None, shown("", "_a _b", true)),
        (Some(&link), None, None, shown("", "", false)),
        (Some(&link), Some(&["use", "news"]), None, shown("news", "_b", true)),
        (Some(&link), Some(&["news"]), None, shown("", "", false)),
    ] {
        assert_eq!(of(&app, link, terms, channels), expected, "{} {terms:?} {channels:?}", link.is_some());
    }
    app.settings.simple_signup.enabled = false;
    assert_eq!(of(&app, None, Some(&["use"]), None), shown("", "", false));
}

#[test]
fn a_screen_is_empty_or_only_collects_for_people_who_are_linked() {
    let app = shop();
    let linked = link(&[(Item::ProfileNickname, 1)]);
    let of = |link: Option<&Link>, scope: &[Item], terms: Option<&[&str]>| {
        let wanted = Wanted { scope: scope.to_vec(), service_terms: terms.map(tags), channels: None };
        let ask = ask(&app, &Attributes::default(), link, &wanted);
        (ask.is_empty(), ask.only_collects())
    };
    assert_eq!(of(None, &[], Some(&[])), (false, false), "the first link is always confirmed");
    assert_eq!(of(Some(&linked), &[], None), (true, true));
    assert_eq!(of(Some(&linked), &[], Some(&["use"])), (false, false));
    let unlinked = link(&[]);
    assert_eq!(of(Some(&unlinked), &[Item::ProfileNickname], None), (false, false), "not agreed to");
}

#[test]
fn a_form_is_good_for_the_rows_that_it_was_shown_with() {
    let shown = ask(&shop(), &Attributes::default(), None, &Wanted::default());
    assert_eq!(shown.fingerprint(), "profile_nickname10,use:21,privacy:21,news:20,_a,_b");
    let changes: [fn(&mut Ask); 6] = [
        |ask| ask.items[0].required = false,
        |ask| ask.items[0].collect = true,
        |ask| ask.items.clear(),
        |ask| ask.terms[2].version = 3,
        |ask| ask.terms[2].required = true,
        |ask| drop(ask.channels.pop()),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = shown.clone();
        change(&mut other);
        assert_ne!(other.fingerprint(), shown.fingerprint(), "{number}");
    }
}

#[test]
fn terms_and_channels_are_agreed_to_by_their_ticks() {
    let (app, person) = (shop(), Attributes::default());
    let shown = ask(&app, &person, None, &Wanted::default());
    let mut form = Submitted {
        scope: tags(&["profile_nickname"]),
        terms: tags(&["use", "other"]),
        channels: tags(&["_b", "_x"]),
        ..Submitted::default()
    };
    let marked = Incomplete { missing: tags(&["privacy"]), wrong: vec![] };
    assert_eq!(submit(&shown, &person, &form), Err(NotAgreed::Incomplete(marked)));
    form.again = true;
    let Err(NotAgreed::Required(refusal)) = submit(&shown, &person, &form) else { panic!("KOE203 expected") };
    let (required, agreed) = ("profile_nickname,use,privacy".to_owned(), "profile_nickname,use".to_owned());
    assert_eq!(refusal.problem, Problem::RequiredNotAgreed { required, agreed });
    form.terms.push("privacy".to_owned());
    let agreed = submit(&shown, &person, &form).expect("agreed");
    assert_eq!(agreed.terms, [("use".to_owned(), 2), ("privacy".to_owned(), 2)]);
    assert_eq!((agreed.channels, agreed.first, agreed.simple), (tags(&["_b"]), true, true));
}

#[test]
fn a_collected_value_is_kept_only_where_it_was_asked_for() {
    let app = app(&[(Item::AccountEmail, Consent::Optional, true), (Item::Name, Consent::Optional, false)]);
    let person = Attributes { name: Some("N".into()), ..Attributes::default() };
    let shown = ask(&app, &person, None, &wanted(&[]));
    let values = [("account_email", " a@b.example "), ("name", "Other")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let form =
        |ticked: &[&str]| Submitted { scope: tags(ticked), values: values.clone().into(), ..Submitted::default() };
    let email = |ticked: &[&str]| {
        let attributes = submit(&shown, &person, &form(ticked)).expect("agreed").attributes?;
        assert_eq!(attributes.name.as_deref(), Some("N"), "nobody asked for the name");
        attributes.email
    };
    assert_eq!(email(&["account_email", "name"]).as_deref(), Some("a@b.example"));
    assert_eq!(email(&["name"]), None, "a value without its tick is not taken");
}

#[test]
fn agreeing_makes_a_link_anew_or_adds_to_it() {
    let (now, app) = (Millis(1000), shop());
    let agreed = |first| Agreed {
        items: vec![Item::ProfileNickname],
        attributes: None,
        terms: vec![("use".to_owned(), 2)],
        channels: tags(&["_b"]),
        first,
        simple: first,
    };
    let mut before = link(&[(Item::ProfileNickname, 1), (Item::Name, 1)]);
    (before.version, before.epoch) = (4, 3);
    before.channels = ["_a".to_owned()].into();
    before.properties = [("tier".to_owned(), "gold".to_owned())].into();
    let later = linked(&app, &before, &agreed(false), now);
    assert_eq!((later.consents[&Item::ProfileNickname], later.connected_at), (Millis(1), before.connected_at));
    assert_eq!(later.channels, ["_a".to_owned(), "_b".to_owned()].into());
    assert_eq!((later.synched_at, later.properties.len()), (None, 1));
    let gone = Link { connected: false, ..before.clone() };
    let anew = linked(&app, &gone, &agreed(true), now);
    assert_eq!((anew.version, anew.epoch, anew.user_id), (4, 3, before.user_id), "F18: the user id stays");
    assert_eq!(anew.consents, [(Item::ProfileNickname, now)].into(), "what was agreed to before the unlink is gone");
    assert_eq!(anew.terms["use"], Agreement { at: now, by: AgreedBy::Kauth, version: 2 });
    assert_eq!((anew.connected, anew.connected_at, anew.synched_at), (true, now, Some(now)));
    assert!(anew.properties.is_empty() && anew.is_registered());
    let mut by_hand = app;
    by_hand.settings.automatic_link = false;
    let waiting = linked(&by_hand, &before, &Agreed { simple: false, ..agreed(true) }, now);
    assert_eq!((waiting.signup_due, waiting.synched_at), (Some(Millis(1000 + 24 * 3600 * 1000)), None));
    assert!(linked(&by_hand, &before, &agreed(false), now).is_registered(), "who is linked is not asked again");
}

proptest! {
    /// Whatever is sent, the result contains only items that were shown, and every required one.
    #[test]
    fn what_is_agreed_to_was_shown_and_holds_what_is_required(
        settings in prop::collection::btree_map(
            prop::sample::select(Item::ALL),
            (prop::sample::select(vec![Consent::Required, Consent::Optional, Consent::OnUse]), any::<bool>()),
            0..6,
        ),
        scope in prop::collection::vec(prop::sample::select(Item::ALL), 0..3),
        ticked in prop::collection::vec(prop::sample::select(Item::ALL), 0..8),
        terms in prop::collection::vec(prop::sample::select(vec!["use", "privacy", "news", "x"]), 0..4),
        again in any::<bool>(),
    ) {
        let settings: Vec<_> = settings.into_iter().map(|(item, (consent, collect))| (item, consent, collect)).collect();
        let mut app = app(&settings);
        (app.settings.service_terms, app.settings.simple_signup) = (shop().settings.service_terms, shop().settings.simple_signup);
        let person = Attributes { nickname: Some("N".into()), name: Some("N".into()), ..Attributes::default() };
        let shown = ask(&app, &person, None, &wanted(&scope));
        let ticked: Vec<String> = ticked.iter().map(|item| item.id().to_owned()).collect();
        let form = Submitted { scope: ticked.clone(), terms: tags(&terms), again, ..Submitted::default() };
        match submit(&shown, &person, &form) {
            Ok(agreed) => {
                for row in &shown.items {
                    prop_assert_eq!(agreed.items.contains(&row.item), ticked.contains(&row.item.id().to_owned()));
                    prop_assert!(!row.required || agreed.items.contains(&row.item));
                }
                prop_assert!(agreed.items.iter().all(|item| shown.items.iter().any(|row| row.item == *item)));
                prop_assert!(["use", "privacy"].iter().all(|tag| agreed.terms.iter().any(|(t, _)| t == tag)));
            }
            Err(NotAgreed::Incomplete(incomplete)) => prop_assert!(!again && !incomplete.missing.is_empty()),
            Err(NotAgreed::Required(_)) => prop_assert!(again),
        }
    }
}
