//! Tests of consent and links.

use axum::http::StatusCode;
use kakaw_core::Span;

use crate::support::*;

#[tokio::test]
async fn f03_f06_f07_f12_f18_f21_f22_consent_and_links() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let first = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        let me = server.me(first["access_token"].as_str().unwrap()).await.json();
        let account = &me["kakao_account"];
        assert_eq!(
            (account["email"].as_str(), account["email_needs_agreement"].as_bool()),
            (Some("ryan@example.com"), Some(false))
        );
        assert_eq!((account.get("gender"), account["gender_needs_agreement"].as_bool()), (None, Some(true)), "{me}");
        assert!(account.get("name_needs_agreement").is_none(), "an item that the app has not set does not appear");
        assert!(
            browser.get(&server, &authorize(REST, "")).await.parameter("code").is_some(),
            "F12: no screen the second time"
        );
        let more = browser.get(&server, &authorize(REST, "&scope=gender,openid&lang=en")).await;
        assert!(
            more.body.contains("<span class=\"need\">Required</span>")
                && more.body.contains("value=\"gender\"")
                && !more.body.contains("value=\"account_email\""),
            "{}",
            more.body
        );
        let url = authorize(REST, "&scope=gender,openid&lang=en");
        let code = browser.agree(&server, &url, &more.body, &["gender"]).await.parameter("code").unwrap();
        let second = server.exchange(REST, &code).await.json();
        assert_eq!(server.me(second["access_token"].as_str().unwrap()).await.json()["kakao_account"]["gender"], "male");
        let old = server.me(first["access_token"].as_str().unwrap()).await.json();
        assert!(old["kakao_account"].get("gender").is_none(), "an old token never gains");
        let unlinked = server.api("POST", "/v1/user/unlink", second["access_token"].as_str().unwrap()).await.json();
        assert_eq!(unlinked["id"], me["id"]);
        assert_eq!(server.me(first["access_token"].as_str().unwrap()).await.json()["code"], -401);
        let again = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        assert_eq!(server.me(again["access_token"].as_str().unwrap()).await.json()["id"], me["id"], "F18");
    })
    .await;
}

#[tokio::test]
async fn f01_f05_errors_explain_themselves_and_user_information_is_the_current_one() {
    on_each_database(async |server| {
        let tokens = server.tokens(&mut Browser::default(), PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let nickname = async || server.me(token).await.json()["kakao_account"]["profile"]["nickname"].clone();
        let id = server.me(token).await.json()["id"].clone();
        assert_eq!(nickname().await, "Ryan");
        server.edit("nickname = \"Ryan\"", "nickname = \"Brian\"").await;
        assert_eq!((nickname().await, server.me(token).await.json()["id"].clone()), ("Brian".into(), id), "F05");
        let refused = server.me("nonsense").await;
        assert!(refused.json()["msg"].as_str().is_some_and(|text| !text.is_empty()));
        let link = refused.headers["link"].to_str().unwrap();
        let page = server.get(link.trim_start_matches("<http://localhost:7700").split('>').next().unwrap()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("-401"), "F01: the reference says cause and fix: {}", page.body);
    })
    .await;
}

#[tokio::test]
async fn f04_f19_f20_missing_values_are_collected_on_the_screen() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&lang=en");
        let target = browser.get(&server, &url).await.parameter("continue").unwrap();
        let logged_in = server.log_in(&mut browser, &target, "noemail", "noemail-password").await;
        let page = browser.get(&server, &logged_in.location()).await;
        assert!(page.body.contains("name=\"value_account_email\""), "the screen asks for the email: {}", page.body);
        let agree = async |browser: &mut Browser, page: &str, email: &str| {
            let form = hidden(page);
            let fields = [
                ("kakaw_form", form.as_str()),
                ("decision", "accept"),
                ("scope", "profile_nickname"),
                ("scope", "account_email"),
                ("value_account_email", email),
            ];
            browser.post(&server, &url, &fields).await
        };
        let wrong = agree(&mut browser, &page.body, "no address").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        assert!(
            wrong.body.contains("name@example.com") && wrong.body.contains("value=\"no address\""),
            "{}",
            wrong.body
        );
        // F19: if the value is left empty, the log-in continues, and the next log-in asks again.
        let refused = agree(&mut browser, &page.body, "").await;
        let code = refused.parameter("code").unwrap();
        let token = server.exchange(REST, &code).await.json()["access_token"].as_str().unwrap().to_owned();
        let account = server.me(&token).await.json()["kakao_account"].clone();
        assert_eq!((account["has_email"].as_bool(), account.get("email")), (Some(false), None), "{account}");
        let again = browser.get(&server, &url).await;
        assert!(again.body.contains("name=\"value_account_email\""), "{}", again.body);
        let given = agree(&mut browser, &again.body, "noel@example.com").await;
        let code = given.parameter("code").unwrap();
        let token = server.exchange(REST, &code).await.json()["access_token"].as_str().unwrap().to_owned();
        let account = server.me(&token).await.json()["kakao_account"].clone();
        assert_eq!(account["email"], "noel@example.com");
        assert_eq!(account["is_email_verified"], false, "typed is not verified");
    })
    .await;
    on_each_database(async |server| {
        // F20: collecting is switched on after this person agreed.
        let collecting = "account_email = { consent = \"required\", collect_if_missing = true }";
        server.edit(collecting, "account_email = \"required\"").await;
        let mut browser = Browser::default();
        let page = authorize(REST, "");
        let target = browser.get(&server, &page).await.parameter("continue").unwrap();
        let logged_in = server.log_in(&mut browser, &target, "noemail", "noemail-password").await;
        let screen = browser.get(&server, &logged_in.location()).await;
        assert!(!screen.body.contains("value=\"account_email\""), "F04: nothing to show: {}", screen.body);
        let back = browser.agree(&server, &page, &screen.body, &["profile_nickname"]).await;
        assert!(back.parameter("code").is_some());
        server.world.place.clock.advance(Span::minutes(1));
        server.edit("oidc = true", "oidc = true").await;
        assert!(browser.get(&server, &page).await.parameter("code").is_some(), "F20: not asked");
        let code = browser.get(&server, &page).await.parameter("code").unwrap();
        let token = server.exchange(REST, &code).await.json()["access_token"].as_str().unwrap().to_owned();
        server.api("POST", "/v1/user/unlink", &token).await;
        let screen = browser.get(&server, &page).await;
        assert!(screen.body.contains("name=\"value_account_email\""), "F20: until unlinked: {}", screen.body);
    })
    .await;
}

#[tokio::test]
async fn a_consent_form_of_another_request_person_or_tab_is_shown_again() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&state=one");
        let target = browser.get(&server, &url).await.parameter("continue").unwrap();
        let logged_in = server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await;
        let page = browser.get(&server, &logged_in.location()).await;
        let form = hidden(&page.body);
        let fields = [("kakaw_form", form.as_str()), ("decision", "accept"), ("scope", ITEMS[0]), ("scope", ITEMS[1])];
        let other_request = browser.post(&server, &authorize(REST, "&state=two"), &fields).await;
        assert_eq!(other_request.status, StatusCode::BAD_REQUEST, "{}", other_request.body);
        let other_app = browser.post(&server, &authorize(PLAIN, ""), &fields).await;
        assert_eq!(other_app.status, StatusCode::BAD_REQUEST);
        let foreign = axum::http::Request::post(&url)
            .header("host", "localhost:7700")
            .header("origin", "http://evil.example")
            .header("cookie", browser.header())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(format!(
                "kakaw_form={form}&decision=accept&scope={}&scope={}",
                ITEMS[0], ITEMS[1]
            )))
            .unwrap();
        assert_eq!(server.send(foreign).await.status, StatusCode::BAD_REQUEST, "a foreign Origin");
        // Another person logs in in another tab, so the first tab's form is not theirs.
        let again = authorize(REST, "&state=one&prompt=login");
        let target = browser.get(&server, &again).await.parameter("continue").unwrap();
        server.log_in(&mut browser, &target, "child@example.com", "child-password").await;
        assert_eq!(browser.post(&server, &url, &fields).await.status, StatusCode::BAD_REQUEST, "another person");
    })
    .await;
}

#[tokio::test]
async fn cancel_is_the_answer_though_another_tab_has_agreed_meanwhile() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let (one, two) = (authorize(REST, "&state=one"), authorize(REST, "&state=two"));
        let first = server.consent_page(&mut browser, &one, "ryan@example.com").await;
        let second = browser.get(&server, &two).await;
        let form = hidden(&second.body);
        assert!(browser.agree(&server, &one, &first.body, &ITEMS).await.parameter("code").is_some());
        let fields = [("kakaw_form", form.as_str()), ("decision", "cancel")];
        let cancelled = browser.post(&server, &two, &fields).await;
        assert_eq!(cancelled.parameter("error").as_deref(), Some("access_denied"), "{}", cancelled.location());
        assert_eq!(cancelled.parameter("state").as_deref(), Some("two"));
        assert!(browser.get(&server, &two).await.parameter("code").is_some(), "the consent of the first tab stands");
    })
    .await;
}

/// Returns the opening tag that contains this text.
fn tag<'a>(page: &'a str, part: &str) -> &'a str {
    let tags = page.split('<').filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag);
    tags.into_iter().find(|tag| tag.contains(part)).unwrap_or_else(|| panic!("{part} expected: {page}"))
}

#[tokio::test]
async fn a_forgotten_box_is_marked_and_focused_on_the_form_that_is_shown_again() {
    on_each_database(async |server| {
        for (lang, words) in [
            ("ko", "계속하려면 이 항목에 동의해 주세요."),
            ("en", "Agree to this item to continue."),
            ("ja", "続けるには、この項目に同意してください。"),
            ("zh", "请同意此项后继续。"),
        ] {
            let (mut browser, url) = (Browser::default(), authorize(REST, &format!("&lang={lang}")));
            let page = server.consent_page(&mut browser, &url, "ryan@example.com").await;
            // Browsers check first, and never block Cancel.
            for item in ITEMS {
                assert!(tag(&page.body, &format!("value=\"{item}\"")).contains(" required"), "{}", page.body);
            }
            assert!(!tag(&page.body, "value=\"birthyear\"").contains("required"), "optional is optional");
            assert!(tag(&page.body, "value=\"cancel\"").contains("formnovalidate"), "{}", page.body);
            assert!(!page.body.contains("aria-invalid") && !page.body.contains("autofocus"), "{}", page.body);

            let again = browser.agree(&server, &url, &page.body, &["profile_nickname", "birthyear"]).await;
            assert_eq!(again.status, StatusCode::BAD_REQUEST);
            assert!(again.body.contains(words) && again.body.contains("role=\"alert\""), "{lang}: {}", again.body);
            let email = tag(&again.body, "value=\"account_email\"");
            for part in ["aria-invalid=\"true\"", "aria-describedby=\"item-account_email-error\"", "autofocus"] {
                assert!(email.contains(part), "{part}: {email}");
            }
            assert!(again.body.contains("id=\"item-account_email-error\""), "{}", again.body);
            assert_eq!(again.body.matches("aria-invalid").count(), 1, "{}", again.body);
            for ticked in ["profile_nickname", "birthyear"] {
                assert!(tag(&again.body, &format!("value=\"{ticked}\"")).contains(" checked"), "stays ticked");
            }
            assert!(!email.contains("checked"));

            // The mark is sealed: the first form does not have it, whatever fields are sent with it.
            let first = hidden(&page.body);
            let forged =
                [("kakaw_form", first.as_str()), ("decision", "accept"), ("again", "true"), ("shown_again", "1")];
            let shown = browser.post(&server, &url, &forged).await;
            assert!(!shown.body.contains("KOE203") && shown.body.contains("name=\"kakaw_form\""), "{}", shown.body);
            let back = browser.agree(&server, &url, &again.body, &ITEMS).await;
            assert!(back.parameter("code").is_some(), "{}", back.location());
            let token = token_of(&server.exchange(REST, &back.parameter("code").unwrap()).await);
            assert_eq!(server.api("POST", "/v1/user/unlink", &token).await.status, StatusCode::OK);
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_marked_and_focused() {
    on_each_database(async |server| {
        let (mut browser, url) = (Browser::default(), authorize(REST, "&lang=en"));
        let page = server.consent_page(&mut browser, &url, "noemail").await;
        let field = tag(&page.body, "name=\"value_account_email\"");
        assert!(field.contains(" required") && field.contains("type=\"email\""), "{field}");
        assert!(!page.body.contains("Leave it empty"), "a required item cannot be left empty: {}", page.body);
        let send = async |browser: &mut Browser, page: &str, items: &[&str], email: &str| {
            let form = hidden(page);
            let mut fields =
                vec![("kakaw_form", form.as_str()), ("decision", "accept"), ("value_account_email", email)];
            fields.extend(items.iter().map(|item| ("scope", *item)));
            browser.post(&server, &url, &fields).await
        };
        let hint = "Enter an email address such as name@example.com.";
        for (email, words) in [("no address", hint), ("ryan@example.com", "This email address cannot be used.")] {
            let again = send(&mut browser, &page.body, &ITEMS, email).await;
            assert_eq!(again.status, StatusCode::BAD_REQUEST);
            assert!(again.body.contains(words), "{words}: {}", again.body);
            let field = tag(&again.body, "name=\"value_account_email\"");
            let described = "aria-describedby=\"value-account_email-hint value-account_email-error\"";
            for part in ["aria-invalid=\"true\"", described, "autofocus", &format!("value=\"{email}\"")] {
                assert!(field.contains(part), "{part}: {field}");
            }
            assert!(again.body.contains("<label for=\"value-account_email\">Email</label>"), "{}", again.body);
            assert_eq!(again.body.matches("autofocus").count(), 1, "{}", again.body);
        }
        // With both mistakes, the first one has the focus.
        let again = send(&mut browser, &page.body, &["account_email"], "no address").await;
        assert!(tag(&again.body, "value=\"profile_nickname\"").contains("autofocus"), "{}", again.body);
        assert!(!tag(&again.body, "name=\"value_account_email\"").contains("autofocus"), "{}", again.body);
        assert_eq!(again.body.matches("aria-invalid").count(), 2, "{}", again.body);
        // A person who agreed before, and still has no value, may continue without it (F19).
        let code = send(&mut browser, &again.body, &ITEMS, "").await.parameter("code").unwrap();
        assert_eq!(server.exchange(REST, &code).await.status, StatusCode::OK);
        let later = browser.get(&server, &url).await;
        let field = tag(&later.body, "name=\"value_account_email\"");
        assert!(
            !field.contains("required") && later.body.contains("Leave it empty to continue without it."),
            "{field}"
        );
        let page = send(&mut browser, &later.body, &[], "no address").await;
        assert!(page.body.contains(hint), "{}", page.body);
    })
    .await;
}
