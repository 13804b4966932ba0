//! Attacks that reviewers found or that are known, one test each.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::support::*;

/// Walks to the consent screen as the person without an email.
async fn consent_of_noemail(server: &TestServer, browser: &mut Browser, url: &str) -> Answer {
    let target = browser.get(server, url).await.parameter("continue").unwrap();
    let logged_in = server.log_in(browser, &target, "noemail", "noemail-password").await;
    browser.get(server, &logged_in.location()).await
}

#[tokio::test]
async fn a_typed_email_neither_takes_anothers_nor_makes_a_team_member() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "");
        let page = consent_of_noemail(&server, &mut browser, &url).await;
        let form = hidden(&page.body);
        let mut fields = vec![
            ("kakaw_form", form.as_str()),
            ("decision", "accept"),
            ("scope", ITEMS[0]),
            ("scope", ITEMS[1]),
            ("value_account_email", "ryan@example.com"),
        ];
        let taken = browser.post(&server, &url, &fields).await;
        assert_eq!(taken.status, StatusCode::BAD_REQUEST, "the address is another's: {}", taken.body);
        fields[4].1 = "noel@example.com";
        assert!(browser.post(&server, &url, &fields).await.parameter("code").is_some());
        server.edit("team = [\"ryan@example.com\"]", "team = [\"noel@example.com\"]").await;
        // The file's account without an address is brought back; type the team member's address again.
        let page = browser.get(&server, &authorize(REST, "&state=2")).await;
        let form = hidden(&page.body);
        fields[0].1 = form.as_str();
        assert!(browser.post(&server, &authorize(REST, "&state=2"), &fields).await.parameter("code").is_some());
        let refused = browser.get(&server, &authorize(TEST_APP, "")).await;
        assert!(refused.body.contains("(KOE005)"), "a typed address is not verified: {}", refused.body);
    })
    .await;
}

#[tokio::test]
async fn a_log_in_form_without_a_browser_cookie_logs_nobody_in() {
    on_each_database(async |server| {
        let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
        let names = server.get(&url).await.headers["set-cookie"].to_str().unwrap().to_owned();
        let name = names.split('=').next().unwrap();
        // The attacker asks for a form with an empty cookie, so that a victim without cookies would fit it.
        let request = Request::get(&url).header("host", "localhost:7700").header("cookie", format!("{name}="));
        let form = hidden(&server.send(request.body(Body::empty()).unwrap()).await.body);
        let fields = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        let answer = server.post(&url, &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert!(cookies.iter().all(|cookie| !cookie.to_str().unwrap().starts_with("kakaw_s_")), "{cookies:?}");
    })
    .await;
}

#[tokio::test]
async fn a_forged_consent_form_ticks_no_boxes() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&scope=gender");
        server.walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS).await;
        let fields = [("kakaw_form", "forged"), ("decision", "accept"), ("scope", "gender")];
        let page = browser.post(&server, &url, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.body.contains("value=\"gender\"") && !page.body.contains(" checked"), "{}", page.body);
    })
    .await;
}

#[tokio::test]
async fn restricted_people_get_no_new_tokens_and_children_neither() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, PLAIN, "child@example.com", &["profile_nickname"]).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        server.edit("nickname = \"Child\"", "nickname = \"Child\"\nrestricted = true").await;
        assert_eq!(server.refresh(PLAIN, refresh).await.json()["error_code"], "KOE322");
        assert_eq!(server.exchange(PLAIN, &code).await.json()["error_code"], "KOE320");
        server.edit("name = \"Plain\"", "name = \"Plain\"\nunder_14 = \"deny\"").await;
        assert_eq!(server.refresh(PLAIN, refresh).await.json()["error_code"], "KOE322");
        server.edit("name = \"Plain\"", "name = \"Plain\"").await;
        assert_eq!(server.refresh(PLAIN, refresh).await.status, StatusCode::OK, "neither was final");
    })
    .await;
}

#[tokio::test]
async fn a_birth_year_that_is_collected_counts_on_the_same_screen() {
    on_each_database(async |server| {
        let open = "name = \"Adults\"\nunder_14 = \"deny\"";
        let item = "\nconsent_items = { birthyear = { consent = \"required\", collect_if_missing = true } }";
        server.edit(open, &format!("{open}{item}")).await;
        let mut browser = Browser::default();
        let url = authorize(ADULTS, "");
        let page = consent_of_noemail(&server, &mut browser, &url).await;
        let form = hidden(&page.body);
        let mut fields = [
            ("kakaw_form", form.as_str()),
            ("decision", "accept"),
            ("scope", "birthyear"),
            ("value_birthyear", "2018"),
        ];
        let child = browser.post(&server, &url, &fields).await;
        assert_eq!(child.parameter("error_description").as_deref(), Some("Not allowed under age 14"));
        fields[3].1 = "1990";
        assert!(browser.post(&server, &url, &fields).await.parameter("code").is_some());
    })
    .await;
}

#[tokio::test]
async fn huge_parameters_are_not_multiplied_in_the_answer() {
    on_each_database(async |server| {
        for more in [
            format!("&scope={}", "a,".repeat(30_000)),
            format!("&scope={}", (0..8000).map(|n| format!("a{n},")).collect::<String>()),
            format!("&scope={}", "a".repeat(60_000)),
        ] {
            let answer = server.get(&authorize(REST, &more)).await;
            assert!(answer.body.contains("(KOE205)"));
            assert!(answer.body.len() < 20_000, "{} bytes", answer.body.len());
        }
    })
    .await;
}

#[tokio::test]
async fn hosts_that_are_not_ours_are_refused_in_the_shape_of_the_surface() {
    on_each_database(async |server| {
        for (path, part) in [("/v2/user/me", "msg"), ("/oauth/token", "error"), ("/login", "error")] {
            let request = Request::get(path).header("host", "evil.example").body(Body::empty()).unwrap();
            let answer = server.send(request).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
            assert!(answer.json()[part].is_string(), "{}", answer.body);
        }
        let undecodable = server.get("/docs/errors/%ff").await;
        assert!(undecodable.body.contains("(KOE002)"), "{}", undecodable.body);
    })
    .await;
}

#[tokio::test]
async fn the_terms_page_speaks_the_language_of_the_request() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let answer = server.walk(&mut browser, &authorize(REST, "&lang=en"), "newcomer@example.com", &[]).await;
        let page = browser.get(&server, &answer.location()).await;
        assert!(page.body.contains("<html lang=\"en\">"), "{}", page.body);
    })
    .await;
}
