use serde_json::{Value, json};

use super::*;
use crate::account::{BirthdayType, Gender};
use crate::app::Consent;
use crate::samples::{self, NOW};

const PICTURES: Pictures<'_> = Pictures { base: "https://us" };

/// A person with a value for every attribute.
fn person() -> Attributes {
    let text = |text: &str| Some(text.to_owned());
    Attributes {
        email: text("ryan@b.example"),
        email_verified: true,
        email_valid: true,
        nickname: text("Ryan"),
        profile_image: text("cat"),
        talk: true,
        phone_number: text("+82 10-1234-5678"),
        name: text("Name"),
        gender: Some(Gender::Male),
        birthyear: text("1995"),
        birthday: text("1130"),
        birthday_type: Some(BirthdayType::Lunar),
        ci: text("ci"),
        ci_authenticated_at: Some(Millis(0)),
        ..Attributes::default()
    }
}

fn app() -> App {
    samples::app(&Item::ALL.iter().map(|item| (*item, Consent::Optional)).collect::<Vec<_>>())
}

/// Returns what `/v2/user/me` shows of a person who agreed to these items.
fn user_info(app: &App, person: Attributes, agreed: &[Item]) -> Value {
    let bearer = samples::bearer(person, agreed);
    json!(me((&bearer).into(), app, &Keys::All, &PICTURES, NOW))
}

/// An item, its `…_needs_agreement` field, and what it shows: paths and JSON values.
type Shown = (Item, &'static str, &'static [(&'static str, &'static str)]);

const SHOWN: [Shown; 12] = [
    (
        Item::Profile,
        "profile",
        &[
            ("/profile/nickname", "\"Ryan\""),
            ("/profile/is_default_nickname", "false"),
            ("/profile/is_default_image", "false"),
            ("/profile/profile_image_url", "\"https://us/profile/cat/img_640x640.svg\""),
        ],
    ),
    (Item::ProfileNickname, "profile_nickname", &[("/profile/nickname", "\"Ryan\"")]),
    (
        Item::ProfileImage,
        "profile_image",
        &[("/profile/thumbnail_image_url", "\"https://us/profile/cat/img_110x110.svg\"")],
    ),
    (Item::Name, "name", &[("/name", "\"Name\"")]),
    (
        Item::AccountEmail,
        "email",
        &[("/email", "\"ryan@b.example\""), ("/is_email_valid", "true"), ("/is_email_verified", "true")],
    ),
    (Item::AgeRange, "age_range", &[("/age_range", "\"30~39\"")]),
    (Item::Birthyear, "birthyear", &[("/birthyear", "\"1995\"")]),
    (
        Item::Birthday,
        "birthday",
        &[("/birthday", "\"1130\""), ("/birthday_type", "\"LUNAR\""), ("/is_leap_month", "false")],
    ),
    (Item::Gender, "gender", &[("/gender", "\"male\"")]),
    (Item::PhoneNumber, "phone_number", &[("/phone_number", "\"+82 10-1234-5678\"")]),
    (Item::AccountCi, "ci", &[("/ci", "\"ci\""), ("/ci_authenticated_at", "\"1970-01-01T00:00:00Z\"")]),
    (Item::ShippingAddress, "", &[]),
];

#[test]
fn f07_f22_a_value_shows_when_its_item_is_set_agreed_to_and_there() {
    for (item, name, values) in SHOWN {
        let agreement = format!("{name}_needs_agreement");
        let agreed = user_info(&app(), person(), &[item])["kakao_account"].clone();
        for (pointer, value) in values {
            let shown = agreed.pointer(pointer).map(Value::to_string);
            assert_eq!(shown.as_deref(), Some(*value), "{item:?} {pointer}: {agreed}");
        }
        let not_agreed = user_info(&app(), person(), &[])["kakao_account"].clone();
        assert!(values.iter().all(|(pointer, _)| not_agreed.pointer(pointer).is_none()), "{item:?}: {not_agreed}");
        if name.is_empty() {
            continue;
        }
        assert_eq!((&agreed[&agreement], &not_agreed[&agreement]), (&json!(false), &json!(true)), "{item:?}");
        let mut without = app();
        without.settings.consent_items.remove(&item);
        let not_set = user_info(&without, person(), &[item])["kakao_account"].clone();
        assert!(values.iter().all(|(pointer, _)| not_set.pointer(pointer).is_none()), "{item:?}: {not_set}");
        assert_eq!(not_set.get(&agreement), None, "{item:?}");
    }
}

#[test]
fn what_the_account_lacks_needs_no_agreement() {
    let account = user_info(&app(), Attributes::default(), &[])["kakao_account"].clone();
    for (name, expected) in [("name", false), ("email", false), ("gender", false), ("ci", false), ("profile", true)] {
        assert_eq!(account[format!("{name}_needs_agreement")], expected, "{name}");
    }
    assert_eq!((&account["has_email"], account.get("profile")), (&json!(false), None));
    let agreed = user_info(&app(), Attributes::default(), Item::ALL)["kakao_account"].clone();
    let profile = json!({
        "nickname": DEFAULT_NICKNAME,
        "is_default_nickname": true,
        "is_default_image": true,
        "thumbnail_image_url": "https://us/profile/default/img_110x110.svg",
        "profile_image_url": "https://us/profile/default/img_640x640.svg",
    });
    assert_eq!(agreed["profile"], profile);
    assert!(["email", "is_email_valid", "birthday", "is_leap_month"].iter().all(|key| agreed.get(key).is_none()));
}

#[test]
fn a_person_has_their_user_id_and_the_time_of_their_link() {
    let me = user_info(&samples::app(&[]), Attributes::default(), &[]);
    assert_eq!(me, json!({ "id": 1i64 << 32, "connected_at": NOW.rfc3339(), "kakao_account": {} }));
}

#[test]
fn parts_of_the_profile_show_by_themselves() {
    let profile = |item| user_info(&app(), person(), &[item])["kakao_account"]["profile"].clone();
    let keys = |value: Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(profile(Item::ProfileNickname)), "is_default_nickname nickname");
    assert_eq!(keys(profile(Item::ProfileImage)), "is_default_image profile_image_url thumbnail_image_url");
}

#[test]
fn an_address_that_was_taken_over_is_masked() {
    let email = |email: &str| {
        let person = Attributes { email_valid: false, email: Some(email.to_owned()), ..person() };
        user_info(&app(), person, &[Item::AccountEmail])["kakao_account"]["email"].clone()
    };
    assert_eq!((email("ryan@b.example"), email("r@b.example")), (json!("ry***@b.example"), json!("r***@b.example")));
}

#[test]
fn a_token_shows_what_it_was_issued_with_and_an_admin_key_all_that_is_agreed_to() {
    let mut bearer = samples::bearer(person(), &[Item::Name]);
    bearer.link = samples::link(&[Item::Name, Item::Gender]);
    let by_token = Subject::from(&bearer);
    assert_eq!(visible(by_token, &app()), [Item::Name].into());
    assert_eq!(visible(Subject { scopes: None, ..by_token }, &app()), [Item::Name, Item::Gender].into());
    bearer.link = samples::link(&[Item::Gender]);
    assert_eq!(visible((&bearer).into(), &app()), [].into(), "taken back since");
}

#[test]
fn keys_choose_parts() {
    let bearer = samples::bearer(person(), Item::ALL);
    let of = |keys: &[&str]| {
        let keys = Keys::Only(keys.iter().map(|key| (*key).to_owned()).collect());
        json!(me((&bearer).into(), &app(), &keys, &PICTURES, NOW))
    };
    for (keys, present, absent) in [
        (&["kakao_account.email"][..], "/kakao_account/email", "/kakao_account/gender"),
        (&["kakao_account."], "/kakao_account/gender", "/properties"),
        (&["kakao_account"], "/id", "/kakao_account"),
        (&["properties."], "/id", "/kakao_account"),
        (&["kakao_account.em"], "/id", "/kakao_account"),
        (&[], "/id", "/kakao_account"),
    ] {
        let me = of(keys);
        assert!(me.pointer(present).is_some() && me.pointer(absent).is_none(), "{keys:?}: {me}");
    }
    let none = json!(me((&bearer).into(), &samples::app(&[]), &Keys::All, &PICTURES, NOW));
    assert_eq!(none["kakao_account"], json!({}), "nothing set, and everything asked for");
}

#[test]
fn properties_are_those_that_the_app_registered_and_older_apps_find_the_profile_there() {
    let mut app = app();
    app.settings.user_properties = vec!["tier".to_owned()];
    let mut bearer = samples::bearer(person(), &[Item::ProfileNickname]);
    bearer.link.properties = ["tier", "dropped"].map(|key| (key.to_owned(), "x".to_owned())).into();
    let of = |app: &App, bearer: &Bearer, keys: &Keys| {
        json!(me(bearer.into(), app, keys, &PICTURES, NOW))["properties"].clone()
    };
    assert_eq!(of(&app, &bearer, &Keys::All), json!({ "tier": "x" }));
    app.settings.legacy_properties = true;
    assert_eq!(of(&app, &bearer, &Keys::All), json!({ "tier": "x", "nickname": "Ryan" }));
    let image = Bearer { link: samples::link(&[Item::Profile]), ..samples::bearer(person(), &[Item::Profile]) };
    let pictures = json!({
        "nickname": "Ryan",
        "profile_image": "https://us/profile/cat/img_640x640.svg",
        "thumbnail_image": "https://us/profile/cat/img_110x110.svg",
    });
    assert_eq!(of(&app, &image, &Keys::All), pictures);
    assert_eq!(of(&app, &image, &Keys::Only(vec!["properties.nickname".to_owned()])), json!({ "nickname": "Ryan" }));
    assert_eq!(of(&app, &samples::bearer(person(), &[]), &Keys::All), Value::Null);
}

#[test]
fn a_person_who_has_not_signed_up_is_shown_with_profile_and_email() {
    let mut app = app();
    app.settings.user_properties = vec!["tier".to_owned()];
    let mut bearer = samples::bearer(person(), Item::ALL);
    bearer.link.properties = [("tier".to_owned(), "x".to_owned())].into();
    (bearer.link.synched_at, bearer.link.signup_due) = (Some(NOW), Some(NOW));
    let of = |app: &App, bearer: &Bearer, keys: &Keys| json!(me(bearer.into(), app, keys, &PICTURES, NOW));
    let waiting = of(&app, &bearer, &Keys::All);
    let keys: Vec<_> = waiting["kakao_account"].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["email", "is_email_valid", "is_email_verified", "profile"]);
    assert_eq!(
        (&waiting["has_signed_up"], waiting.get("properties"), waiting.get("synched_at")),
        (&json!(false), None, None)
    );
    assert_eq!(of(&app, &bearer, &Keys::Only(vec!["properties.".to_owned()])).get("has_signed_up"), None);
    bearer.link.signup_due = None;
    let registered = of(&app, &bearer, &Keys::All);
    assert_eq!((registered.get("has_signed_up"), registered["synched_at"].is_string()), (None, true));
    app.settings.automatic_link = false;
    assert_eq!(of(&app, &bearer, &Keys::All)["has_signed_up"], true);
}

#[test]
fn user_info_of_openid_connect_shows_each_value_by_its_item() {
    let of = |person: Attributes, agreed: &[Item]| {
        let mut value = json!(oidc(&samples::bearer(person, agreed), &app(), &PICTURES));
        let sub = value.as_object_mut().expect("an object").remove("sub");
        assert_eq!(sub, Some(json!((1i64 << 32).to_string())));
        value
    };
    let picture = "https://us/profile/cat/img_110x110.svg";
    for (agreed, expected) in [
        (&[][..], json!({})),
        (&[Item::Name], json!({ "name": "Name" })),
        (&[Item::ProfileNickname], json!({ "nickname": "Ryan" })),
        (&[Item::ProfileImage], json!({ "picture": picture })),
        (&[Item::Profile], json!({ "nickname": "Ryan", "picture": picture })),
        (&[Item::AccountEmail], json!({ "email": "ryan@b.example", "email_verified": true })),
        (&[Item::Gender], json!({ "gender": "male" })),
        (&[Item::PhoneNumber], json!({ "phone_number": "+82 10-1234-5678", "phone_number_verified": true })),
        (&[Item::Birthyear, Item::Birthday], json!({ "birthdate": "1995-11-30" })),
        (&[Item::Birthyear], json!({ "birthdate": "1995" })),
        (&[Item::Birthday], json!({ "birthdate": "0000-11-30" })),
    ] {
        assert_eq!(of(person(), agreed), expected, "{agreed:?}");
    }
    for (email_valid, email_verified) in [(false, true), (true, false)] {
        let doubted = of(Attributes { email_valid, email_verified, ..person() }, &[Item::AccountEmail]);
        assert_eq!(doubted["email_verified"], false);
    }
}
