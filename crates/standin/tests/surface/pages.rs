//! Tests of the pages that people see, and of their forms.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::support::*;

#[tokio::test]
async fn t007_logout_goes_only_to_registered_uris_and_ends_the_session_by_choice() {
    on_each_database(async |server| {
        error_page(
            &server,
            &format!("/oauth/logout?client_id={REST}&logout_redirect_uri=http://localhost:3000/by"),
            "KOE007",
        )
        .await;
        error_page(
            &server,
            &format!("/oauth/logout?client_id={JS}&logout_redirect_uri=http://localhost:3000/bye"),
            "KOE008",
        )
        .await;
        let url = format!("/oauth/logout?client_id={REST}&logout_redirect_uri=http://localhost:3000/bye&state=s");
        assert_eq!(server.get(&url).await.location(), "http://localhost:3000/bye?state=s", "without a session at once");
        let mut browser = Browser::default();
        server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        let page = browser.get(&server, &url).await;
        let stay =
            browser.post(&server, &url, &[("kakaw_form", &hidden(&page.body)), ("logout_with_kakao", "false")]).await;
        assert_eq!(stay.location(), "http://localhost:3000/bye?state=s");
        assert!(browser.get(&server, &authorize(REST, "&prompt=none")).await.parameter("code").is_some());
        let page = browser.get(&server, &url).await;
        browser.post(&server, &url, &[("kakaw_form", &hidden(&page.body)), ("logout_with_kakao", "true")]).await;
        assert_eq!(
            browser.get(&server, &authorize(REST, "&prompt=none")).await.parameter("error").as_deref(),
            Some("login_required")
        );
    })
    .await;
}

#[tokio::test]
async fn restricted_people_and_newcomers_see_their_pages() {
    on_each_database(async |server| {
        let answer =
            server.walk(&mut Browser::default(), &authorize(REST, "&lang=en"), "blocked@example.com", &[]).await;
        assert!(answer.status == StatusCode::FORBIDDEN && answer.body.contains("Account restricted"));
        let mut browser = Browser::default();
        let to_terms = server.walk(&mut browser, &authorize(REST, ""), "newcomer@example.com", &[]).await.location();
        let page = browser.get(&server, &to_terms).await;
        let agreed = browser.post(&server, &to_terms, &[("kakaw_form", &hidden(&page.body))]).await;
        assert_eq!(browser.get(&server, &agreed.location()).await.status, StatusCode::OK, "consent comes next");
    })
    .await;
}

#[tokio::test]
async fn f10_pages_follow_lang_and_the_browser() {
    on_each_database(async |server| {
        for (lang, word) in [("ko", "로그인"), ("en", "Log in"), ("ja", "ログイン"), ("zh", "登录")] {
            let to_login = server.get(&authorize(REST, &format!("&lang={lang}"))).await;
            let page = server.get(&to_login.location()).await;
            assert!(page.body.contains(word) && page.body.contains(&format!("lang=\"{lang}\"")), "{lang}");
            for name in [
                "name=\"loginId\" id=\"loginId--1\"",
                "name=\"password\" id=\"password--2\"",
                "name=\"saveSignedIn\" id=\"saveSignedIn--4\"",
                "class=\"btn primary submit\" type=\"submit\"",
            ] {
                assert!(page.body.contains(name), "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn forged_and_foreign_forms_are_not_accepted() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
        let page = browser.get(&server, &url).await;
        let form = hidden(&page.body);
        let fields = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        assert_eq!(
            Browser::default().post(&server, &url, &fields).await.status,
            StatusCode::BAD_REQUEST,
            "another browser"
        );
        assert_eq!(browser.post(&server, &url, &fields[1..]).await.status, StatusCode::BAD_REQUEST, "no seal");
        let wrong = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "x")];
        assert_eq!(browser.post(&server, &url, &wrong).await.status, StatusCode::FORBIDDEN);
        let open = server.get("/login?continue=https%3A%2F%2Fevil.example").await;
        assert!(open.body.contains("(KOE001)"));
        let rebound = Request::get("/").header("host", "evil.example").body(Body::empty()).unwrap();
        assert_eq!(server.send(rebound).await.status, StatusCode::MISDIRECTED_REQUEST);
    })
    .await;
}

#[tokio::test]
async fn too_many_log_ins_at_once_are_answered_503_with_retry_after() {
    let cost = kakaw_platform::password::Cost { memory_kib: 32 * 1024, iterations: 2, lanes: 1 };
    let passwords = kakaw_platform::password::Passwords::new(cost, 1, 0);
    let server =
        TestServer::start_with(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV, passwords).await;
    let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
    let attempt = async || {
        let mut browser = Browser::default();
        let form = hidden(&browser.get(&server, &url).await.body);
        let fields = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        browser.post(&server, &url, &fields).await
    };
    let answers = tokio::join!(attempt(), attempt(), attempt());
    let answers = [answers.0, answers.1, answers.2];
    let busy: Vec<_> = answers.iter().filter(|a| a.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert_eq!(busy.len(), 2, "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    assert!(busy.iter().all(|a| a.headers["retry-after"] == "1"));
    let again = format!("/login?continue={}", encode_value(&authorize(REST, "")));
    assert!(busy.iter().all(|a| links(&a.body) == [again.clone()]), "try again: {}", busy[0].body);
    assert_eq!(attempt().await.status, StatusCode::SEE_OTHER, "and afterwards all is well");
}

#[tokio::test]
async fn every_page_carries_the_headers_that_keep_it_out_of_frames_and_caches() {
    on_each_database(async |server| {
        let login = server.get(&authorize(REST, "")).await.location();
        for url in [login.as_str(), "/oauth/authorize", "/docs/errors/KOE006"] {
            let page = server.get(url).await;
            assert_eq!(page.headers["cache-control"], "no-store", "{url}");
            assert_eq!(page.headers["referrer-policy"], "no-referrer", "{url}");
            assert!(page.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
            assert_eq!(page.headers["x-frame-options"], "DENY", "{url}");
        }
    })
    .await;
}

#[tokio::test]
async fn f10_every_page_speaks_four_languages() {
    on_each_database(async |server| {
        for (lang, consent, log_out, terms, restricted, why) in [
            ("ko", "동의를 요청", "로그아웃", "약관", "이용이 제한된", "왜 오류가"),
            ("en", "asks for your consent", "Log out", "Account terms", "Account restricted", "Why does this happen?"),
            ("ja", "同意", "ログアウト", "規約", "制限", "なぜ"),
            ("zh", "同意", "退出", "条款", "受限", "为什么"),
        ] {
            let url = authorize(REST, &format!("&lang={lang}"));
            let shown = async |login: &str| {
                let mut browser = Browser::default();
                let target = browser.get(&server, &url).await.parameter("continue").unwrap();
                let password = format!("{}-password", login.split('@').next().unwrap());
                let back = server.log_in(&mut browser, &target, login, &password).await.location();
                let answer = browser.get(&server, &back).await;
                if answer.status == StatusCode::FOUND { browser.get(&server, &answer.location()).await } else { answer }
            };
            let holds = |answer: &Answer, word: &str| {
                assert!(answer.body.contains(&format!("<html lang=\"{lang}\">")), "{lang}: {}", answer.body);
                assert!(answer.body.contains(word), "{lang}: {word} expected: {}", answer.body);
                assert!(!answer.body.contains("{app}") && !answer.body.contains("{name}"), "{}", answer.body);
            };
            holds(&shown("child@example.com").await, consent);
            holds(&shown("newcomer@example.com").await, terms);
            holds(&shown("blocked@example.com").await, restricted);
            let mut browser = Browser::default();
            server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
            let path =
                format!("/oauth/logout?client_id={REST}&logout_redirect_uri=http://localhost:3000/bye&lang={lang}");
            holds(&browser.get(&server, &path).await, log_out);
            let wrong = format!("{url}&scope=made_up");
            holds(&server.get(&wrong).await, why);
        }
    })
    .await;
}

/// Returns the links of a page in order, without those of its head and its footer.
fn links(page: &str) -> Vec<String> {
    let main = page.split_once("<main class=\"card\">").unwrap_or_else(|| panic!("a page expected: {page}")).1;
    let main = main.split_once("</main>").unwrap().0;
    let found = main.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
    found.map(|link| link.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

#[tokio::test]
async fn a_restricted_person_can_log_in_with_another_account_or_go_back_to_the_service() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&lang=en&state=a%20b&prompt=select_account&login_hint=blocked%40example.com");
        let page = server.walk(&mut browser, &url, "blocked@example.com", &[]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        for part in ["Log in with another account", "Back to Coffee Club", "Logged in as"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        // Every app in this browser gets the same, until another account is logged in.
        let elsewhere = browser.get(&server, &authorize(PLAIN, "")).await;
        assert_eq!((elsewhere.status, links(&elsewhere.body).len()), (StatusCode::FORBIDDEN, 2), "{}", elsewhere.body);
        let [another, back] = &links(&page.body)[..] else { panic!("two links expected: {}", page.body) };
        let error = "error=interaction_required&error_description=account%20has%20been%20restricted.&state=a%20b";
        assert_eq!(*back, format!("{CALLBACK}?{error}"));
        let to_login = browser.get(&server, another).await;
        assert!(to_login.location().starts_with("/login?"), "{}", to_login.location());
        let form = browser.get(&server, &to_login.location()).await;
        assert!(!form.body.contains("blocked@example.com"), "the hint named the restricted account: {}", form.body);
        let done = server.walk(&mut browser, another, "ryan@example.com", &ITEMS).await;
        assert_eq!(done.parameter("state").as_deref(), Some("a b"));
        let code = done.parameter("code").unwrap();
        assert_eq!(server.exchange(REST, &code).await.status, StatusCode::OK);
        assert_eq!(
            browser.get(&server, &authorize(PLAIN, "")).await.status,
            StatusCode::OK,
            "and every other app is open"
        );

        // A log-in without pages has named the person, so the link does not name them again.
        let hint = authorize(REST, "&login_hint=kakaw:blocked@example.com");
        let page = Browser::default().get(&server, &hint).await;
        let mut fresh = Browser::default();
        let done = server.walk(&mut fresh, &links(&page.body)[0], "ryan@example.com", &[]).await;
        assert!(done.parameter("code").is_some());
    })
    .await;
}

#[tokio::test]
async fn who_is_not_of_the_team_can_log_in_with_another_account_or_go_back_to_the_service() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let page = server.walk(&mut browser, &authorize(TEST_APP, "&state=s"), "child@example.com", &[]).await;
        let [another, back] = &links(&page.body)[..] else { panic!("two links expected: {}", page.body) };
        assert_eq!(*back, format!("{CALLBACK}?error=access_denied&error_description=User%20denied%20access&state=s"));
        let member = server.walk(&mut browser, another, "ryan@example.com", &[]).await;
        assert!(member.parameter("code").is_some());
    })
    .await;
}

#[tokio::test]
async fn error_pages_say_what_a_person_can_do_and_link_only_to_what_was_checked() {
    on_each_database(async |server| {
        let evil = authorize(REST, "").replace(&encode_value(CALLBACK), "https%3A%2F%2Fevil.example%2Fcb");
        let script = authorize(REST, "").replace(&encode_value(CALLBACK), "javascript%3A%2F%2Fx%0Aalert(1)");
        for (url, code, back) in [
            (evil.clone(), "KOE006", false),
            (script, "KOE006", false),
            (format!("{evil}&scope=made_up"), "KOE006", false),
            (evil.replace(REST, "nope"), "KOE101", false),
            (evil.replace(REST, ADMIN), "KOE008", false),
            ("/oauth/authorize".to_owned(), "KOE207", false),
            (authorize(REST, "&scope=made_up&state=s"), "KOE205", true),
            (authorize(REST, "&channel_public_id=x&state=s"), "KOE102", true),
            (authorize(OFF, "&state=s"), "KOE004", true),
        ] {
            let page = server.get(&url).await;
            assert!(page.body.contains(&format!("({code})")), "{url}: {}", page.body);
            let expected = back
                .then(|| format!("{CALLBACK}?error=access_denied&error_description=User%20denied%20access&state=s"));
            assert_eq!(links(&page.body), expected.into_iter().collect::<Vec<_>>(), "{url}");
        }
        for (lang, words) in [
            ("ko", "서비스로 돌아가 다시 시도해 주세요."),
            ("en", "Go back to the service and try again from there."),
            ("ja", "サービスに戻り、もう一度試してください。"),
            ("zh", "请返回该服务后重试。"),
        ] {
            let page = server.get(&format!("{evil}&lang={lang}")).await;
            assert!(page.body.contains(words), "{lang}: {}", page.body);
        }
        // A form that was incomplete twice: restart, or go back.
        let (mut browser, url) = (Browser::default(), authorize(REST, "&state=s"));
        let shown = server.walk(&mut browser, &url, "ryan@example.com", &[]).await;
        let ended = browser.agree(&server, &url, &shown.body, &[]).await;
        let [again, back] = &links(&ended.body)[..] else { panic!("two links expected: {}", ended.body) };
        assert!(back.starts_with(CALLBACK), "{back}");
        let done = server.walk(&mut browser, again, "ryan@example.com", &ITEMS).await;
        assert_eq!(done.parameter("state").as_deref(), Some("s"));
        assert!(done.parameter("code").is_some());
    })
    .await;
}
