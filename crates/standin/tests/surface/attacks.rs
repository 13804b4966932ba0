//! Known attacks, and those that reviewers found: one test each.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::support::*;

/// Goes to the consent screen as the person without an email.
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
        // Restore the file's account without an address; type the team member's address again.
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
        // The attacker requests a form with an empty cookie, to make it match a victim without cookies.
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

#[tokio::test]
async fn what_clients_and_people_write_is_escaped_on_pages() {
    on_each_database(async |server| {
        let script = "<script>alert(1)</script>";
        server.edit("name = \"Coffee Club\"", &format!("name = \"{script}\"")).await;
        let mut browser = Browser::default();
        let target = browser.get(&server, &authorize(REST, "")).await.parameter("continue").unwrap();
        let login = format!("/login?continue={}", encode_value(&target));
        let page = browser.get(&server, &login).await;
        let form = hidden(&page.body);
        let typed = [("kakaw_form", form.as_str()), ("loginId", "\"><script>alert(1)</script>"), ("password", "x")];
        let refused = browser.post(&server, &login, &typed).await;
        let logged_in = server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await;
        let consent = browser.get(&server, &logged_in.location()).await;
        let wrong = server.get(&authorize(REST, &format!("&scope={}", encode_value(script)))).await;
        for answer in [refused, consent, wrong] {
            let scripts = answer.body.matches("<script").count();
            assert_eq!(scripts, answer.body.matches("<script src=\"/assets/").count(), "{}", answer.body);
            assert!(answer.body.contains("alert(1)"), "it is shown, as text: {}", answer.body);
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            let strict = scripts == 1 && policy.contains("script-src 'self';") || !policy.contains("script-src");
            assert!(policy.contains("default-src 'none'") && strict, "{policy}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_session_id_changes_at_every_log_in_and_the_one_before_is_worth_nothing() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let before = browser.header();
        assert!(
            server
                .walk(&mut browser, &authorize(PLAIN, "&prompt=login"), "ryan@example.com", &[])
                .await
                .parameter("code")
                .is_some()
        );
        assert_ne!(before, browser.header());
        let request =
            Request::get(authorize(PLAIN, "&prompt=none")).header("host", "localhost:7700").header("cookie", before);
        let old = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(old.parameter("error").as_deref(), Some("login_required"));
        // With a planted cookie beside the real one, neither counts.
        let session = browser.header().split("; ").find(|pair| pair.starts_with("kakaw_s_")).unwrap().to_owned();
        let name = session.split('=').next().unwrap();
        let doubled = format!("{}; {name}=planted", browser.header());
        let request =
            Request::get(authorize(PLAIN, "&prompt=none")).header("host", "localhost:7700").header("cookie", doubled);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    })
    .await;
}

#[tokio::test]
async fn a_failed_log_in_does_not_tell_whether_the_account_exists() {
    on_each_database(async |server| {
        let attempt = async |login: &str| {
            let mut browser = Browser::default();
            let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
            let form = hidden(&browser.get(&server, &url).await.body);
            let answer =
                browser.post(&server, &url, &[("kakaw_form", &form), ("loginId", login), ("password", "wrong")]).await;
            let seal = hidden(&answer.body);
            (answer.status, answer.body.replace(&seal, "").replace(login, ""))
        };
        let known = attempt("ryan@example.com").await;
        assert_eq!(known, attempt("nobody@example.com").await);
        assert_eq!(known, attempt("blocked@example.com").await);
    })
    .await;
}

#[tokio::test]
async fn an_admin_key_in_the_wrong_place_is_not_repeated() {
    on_each_database(async |server| {
        let page = server.get(&authorize(ADMIN, "")).await;
        let token = server.token(&[("grant_type", "authorization_code"), ("client_id", ADMIN), ("code", "x")]).await;
        for answer in [page, token] {
            assert!(answer.status.is_client_error());
            assert!(!answer.body.contains(ADMIN), "{}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn cookies_of_two_instances_have_different_names() {
    let one = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let mut other = TestServer::world(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let key = kakaw_core::crypto::seal::MasterKey { id: 1, bytes: [8; 32] };
    other.platform.sealer = std::sync::Arc::new(kakaw_core::crypto::seal::Sealer::new("other", &[key]).unwrap());
    other.public_url = kakaw_standin::world::PublicUrl::Fixed("https://login.example.com".to_owned());
    other.platform.settings.host_cookies = true;
    let other = TestServer::of(other).await;
    let name = |answer: &Answer| answer.headers["set-cookie"].to_str().unwrap().split('=').next().unwrap().to_owned();
    let first = name(&one.get(&authorize(REST, "")).await);
    let second = name(&other.get(&authorize(REST, "")).await);
    assert!(second.starts_with("__Host-"), "no sibling domain can plant it: {second}");
    assert_ne!(first, second.trim_start_matches("__Host-"));
}
