//! kauth through its HTTP surface: every row of the requirements, on every database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kakaw_wire::scope;
use serde_json::json;
use support::*;

const ITEMS: [&str; 2] = ["profile_nickname", "account_email"];

async fn error_page(server: &TestServer, url: &str, code: &str) {
    let answer = server.get(url).await;
    let expected = if code == "KOE002" { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    assert_eq!(answer.status, expected, "{url}");
    assert!(answer.body.contains(&format!("({code})")), "{url}: {code} expected: {}", answer.body);
    assert!(!answer.headers.contains_key("location"));
}

#[tokio::test]
async fn authorize_error_pages_t001_t004_t006_t008_t023_t101_t102_t201_t202_t205a_t207() {
    on_each_database(async |server| {
        let ok = authorize(REST, "");
        error_page(&server, &format!("{ok}&state=1&state=2"), "KOE001").await;
        error_page(&server, &format!("{ok}&code_challenge=x&code_challenge_method=plain"), "KOE001").await;
        error_page(&server, &format!("{ok}&nonce=%zz"), "KOE001").await;
        error_page(&server, &authorize(OFF, ""), "KOE004").await;
        error_page(
            &server,
            &format!(
                "/oauth/authorize?client_id={REST}&redirect_uri=http://localhost:3000/callback/&response_type=code"
            ),
            "KOE006",
        )
        .await;
        error_page(&server, &authorize(ADMIN, ""), "KOE008").await;
        error_page(&server, &format!("{ok}&proxy=easyXDM_Kakao_1_provider"), "KOE023").await;
        error_page(&server, &authorize("ffffffffffffffffffffffffffffffff", ""), "KOE101").await;
        error_page(&server, &format!("{ok}&channel_public_id=_ZeUTxl"), "KOE102").await;
        error_page(&server, &ok.replace("response_type=code", "response_type=id_token"), "KOE201").await;
        error_page(&server, &ok.replace("response_type=code", "response_type=token"), "KOE202").await;
        error_page(&server, &format!("{ok}&scope=phone_number"), "KOE205").await;
        error_page(&server, &format!("/oauth/authorize?client_id={REST}&response_type=code"), "KOE207").await;
    })
    .await;
}

#[tokio::test]
async fn t205b_openid_needs_oidc() {
    on_each_database(async |server| error_page(&server, &authorize(PLAIN, "&scope=openid"), "KOE205").await).await;
}

#[tokio::test]
async fn f02_the_page_shows_the_redirect_uri_received_and_the_difference() {
    on_each_database(async |server| {
        let answer = server.get(&format!("/oauth/authorize?client_id={REST}&redirect_uri=http://localhost:3000/callback/&response_type=code&lang=en")).await;
        assert!(answer.body.contains("http://localhost:3000/callback/ "), "{}", answer.body);
        assert!(answer.body.contains("ends with a slash"), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn t002_unknown_urls_keep_the_shape_of_their_surface() {
    on_each_database(async |server| {
        let answer = server.get("/oauth/tokn").await;
        assert_eq!((answer.status, answer.json()["error_code"].clone()), (StatusCode::NOT_FOUND, json!("KOE002")));
        assert!(answer.body.contains("/oauth/token"), "names the nearest: {}", answer.body);
        let page = Request::get("/oauth/authorise")
            .header("host", "localhost")
            .header("accept", "text/html")
            .body(Body::empty())
            .unwrap();
        assert!(server.send(page).await.body.contains("(KOE002)"));
        assert_eq!(server.get("/v2/user/mee").await.json()["code"], -2);
        assert_eq!(server.get("/v1/user/me").await.json()["code"], -9);
        assert_eq!(server.get("/oauth/token").await.json()["error_code"], "KOE002");
    })
    .await;
}

#[tokio::test]
async fn t003_a_database_that_fails_is_a_temporary_fault() {
    on_each_database(async |server| {
        server.world.store.shut();
        let page = server.get(&authorize(REST, "")).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.body.contains("(KOE003)"));
        let json = server.exchange(REST, "x").await;
        assert_eq!((json.status.as_u16(), json.json()["error_code"].clone()), (500, json!("KOE003")));
        let token = kakaw_core::token::issue_access(
            &server.world.sealer,
            kakaw_core::token::AccessToken { grant_id: 1, expires_at: server.world.now().plus_seconds(9) },
            &*server.world.random,
        );
        assert_eq!(server.me(&token).await.json()["code"], -1);
    })
    .await;
}

#[tokio::test]
async fn t005_a_test_app_is_for_its_team() {
    on_each_database(async |server| {
        let answer = server.walk(&mut Browser::default(), &authorize(TEST_APP, ""), "child@example.com", &[]).await;
        assert!(answer.status == StatusCode::BAD_REQUEST && answer.body.contains("(KOE005)"), "{}", answer.body);
        let member = server.walk(&mut Browser::default(), &authorize(TEST_APP, ""), "ryan@example.com", &[]).await;
        assert!(member.parameter("code").is_some());
    })
    .await;
}

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
async fn t203_consent_without_a_required_item() {
    on_each_database(async |server| {
        let answer = server.walk(&mut Browser::default(), &authorize(REST, ""), "ryan@example.com", &["profile_nickname"]).await;
        assert!(answer.body.contains("(KOE203)"), "{}", answer.body);
        let text = "All required service terms must be approved. required:profile_nickname,account_email agreed:profile_nickname";
        assert!(answer.body.contains(text), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn t211_cancel_and_t212_under_age_go_back_by_redirect() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&state=a%20b");
        let to_login = browser.get(&server, &url).await;
        let target = to_login.parameter("continue").unwrap();
        let logged_in = server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await;
        let page = browser.get(&server, &logged_in.location()).await;
        let answer = browser.post(&server, &url, &[("kakaw_form", &hidden(&page.body)), ("decision", "cancel")]).await;
        assert_eq!(
            answer.location(),
            "http://localhost:3000/callback?error=access_denied&error_description=User%20denied%20access&state=a%20b"
        );
        let answer = server.walk(&mut Browser::default(), &authorize(ADULTS, ""), "child@example.com", &[]).await;
        assert_eq!(
            answer.location(),
            "http://localhost:3000/callback?error=access_denied&error_description=Not%20allowed%20under%20age%2014"
        );
    })
    .await;
}

#[tokio::test]
async fn t213_t214_t215_t216_t217_prompt_none_never_shows_a_page() {
    on_each_database(async |server| {
        let silent = authorize(REST, "&prompt=none");
        let expect = async |browser: &mut Browser, error: &str, text: &str| {
            let answer = browser.get(&server, &silent).await;
            assert_eq!(
                (answer.parameter("error").as_deref(), answer.parameter("error_description").as_deref()),
                (Some(error), Some(text))
            );
            assert_eq!(answer.parameter("error_code"), None);
        };
        expect(&mut Browser::default(), "login_required", "user authentication required.").await;
        for (login, error, text) in [
            ("ryan@example.com", "consent_required", "user consent required."),
            ("newcomer@example.com", "interaction_required", "have to agree to kakao's terms of service."),
            ("blocked@example.com", "interaction_required", "account has been restricted."),
        ] {
            let mut browser = Browser::default();
            let password = format!("{}-password", login.split('@').next().unwrap());
            server.log_in(&mut browser, &authorize(REST, ""), login, &password).await;
            expect(&mut browser, error, text).await;
        }
        // T215: agreed, and the value that the app collects was not given.
        let mut browser = Browser::default();
        let back = server.walk(&mut browser, &authorize(REST, ""), "noemail", &ITEMS).await;
        assert!(back.parameter("code").is_some(), "a refused value does not stop the log-in");
        expect(&mut browser, "interaction_required", "need to collect additional personal information.").await;
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
async fn token_errors_t301_t303_t304_t305_t306_t307_t308_t309_t310() {
    on_each_database(async |server| {
        let check = async |form: &[(&str, &str)], status: u16, error: &str, text: &str, code: Option<&str>| {
            let answer = server.token(form).await;
            let mut expected = json!({ "error": error, "error_description": text });
            if let Some(code) = code {
                expected["error_code"] = json!(code);
            }
            assert_eq!((answer.status.as_u16(), answer.json()), (status, expected), "{form:?}");
            assert_eq!(answer.headers["content-type"], "application/json;charset=UTF-8");
        };
        let code_grant = ("grant_type", "authorization_code");
        check(&[code_grant, ("client_id", "nope")], 401, "invalid_client", "Not exist client_id nope", Some("KOE101"))
            .await;
        check(&[code_grant], 401, "invalid_client", "Not exist client_id [null]", Some("KOE101")).await;
        check(
            &[code_grant, ("client_id", SECRET_REST)],
            401,
            "invalid_client",
            "Bad client credentials",
            Some("KOE010"),
        )
        .await;
        check(
            &[code_grant, ("client_id", SECRET_REST), ("client_secret", "x")],
            401,
            "invalid_client",
            "Bad client credentials",
            Some("KOE010"),
        )
        .await;
        check(&[("client_id", REST)], 400, "invalid_request", "grant_type is missing", Some("KOE310")).await;
        check(
            &[("grant_type", "password")],
            400,
            "unsupported_grant_type",
            "unsupported grant_type: password",
            Some("KOE310"),
        )
        .await;
        check(
            &[("grant_type", "refresh_token"), ("client_id", REST)],
            400,
            "invalid_grant",
            "refresh token is blank",
            Some("KOE319"),
        )
        .await;
        check(
            &[code_grant, ("client_id", REST), ("code", "")],
            400,
            "invalid_grant",
            "authorization code not found for code=",
            Some("KOE320"),
        )
        .await;
        check(
            &[("grant_type", "refresh_token"), ("client_id", REST), ("refresh_token", "x")],
            400,
            "invalid_grant",
            "expired_or_invalid_refresh_token",
            Some("KOE322"),
        )
        .await;
        check(&[code_grant, ("client_id", OFF)], 400, "misconfigured", "Kakao Login is not activated", Some("KOE004"))
            .await;
        let mut browser = Browser::default();
        let code = server
            .walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS)
            .await
            .parameter("code")
            .unwrap();
        check(
            &[code_grant, ("client_id", JS), ("code", &code)],
            401,
            "invalid_client",
            "Application ID mismatch",
            Some("KOE114"),
        )
        .await;
        let wrong = [code_grant, ("client_id", REST), ("code", &code), ("redirect_uri", "http://localhost:3000/x")];
        check(&wrong, 400, "invalid_grant", "Redirect URI mismatch.", Some("KOE303")).await;
        check(&wrong, 400, "invalid_grant", &format!("authorization code not found for code={code}"), Some("KOE320"))
            .await;
        let json = Request::post("/oauth/token")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap();
        assert_eq!(server.send(json).await.json()["error"], "invalid_request");
        let basic = Request::post("/oauth/token")
            .header("host", "localhost")
            .header("authorization", "Basic eDp5")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = server
            .send(basic.body(Body::from(format!("grant_type=authorization_code&client_id={SECRET_REST}"))).unwrap())
            .await;
        assert_eq!(answer.json()["error_code"], "KOE010");
    })
    .await;
}

#[tokio::test]
async fn a_code_lives_ten_minutes_and_is_good_once() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let code = server
            .walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS)
            .await
            .parameter("code")
            .unwrap();
        assert!(!code.to_lowercase().contains("error"));
        let first = server.exchange(REST, &code).await;
        assert_eq!(first.status, StatusCode::OK);
        assert_eq!(server.exchange(REST, &code).await.json()["error_code"], "KOE320");
        assert_eq!(
            server.me(first.json()["access_token"].as_str().unwrap()).await.status,
            StatusCode::OK,
            "the first log-in goes on"
        );
        let late = browser.get(&server, &authorize(REST, "")).await.parameter("code").unwrap();
        server.world.clock.advance_seconds(600);
        assert_eq!(server.exchange(REST, &late).await.json()["error_code"], "KOE320");
    })
    .await;
}

#[tokio::test]
async fn sixty_four_exchanges_of_one_code_and_rotations_of_one_token_have_one_winner() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        let server = std::sync::Arc::new(server);
        let race = async |work: std::sync::Arc<
            dyn Fn(std::sync::Arc<TestServer>) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync,
        >| {
            let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(work(std::sync::Arc::clone(&server)))).collect();
            let mut winners = Vec::new();
            for task in tasks {
                let answer = task.await.unwrap();
                if answer.status == StatusCode::OK {
                    winners.push(answer.json());
                } else {
                    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
                }
            }
            assert_eq!(winners.len(), 1);
            winners.remove(0)
        };
        let tokens = race(std::sync::Arc::new(move |s| {
            let code = code.clone();
            Box::pin(async move { s.exchange(PLAIN, &code).await })
        }))
        .await;
        assert_eq!(server.me(tokens["access_token"].as_str().unwrap()).await.status, StatusCode::OK);
        server.world.clock.advance_seconds(31 * 86_400);
        let old = tokens["refresh_token"].as_str().unwrap().to_owned();
        let rotated = race(std::sync::Arc::new(move |s| {
            let old = old.clone();
            Box::pin(async move { s.refresh(PLAIN, &old).await })
        }))
        .await;
        assert_eq!(server.me(rotated["access_token"].as_str().unwrap()).await.status, StatusCode::OK);
        assert_eq!(server.refresh(PLAIN, rotated["refresh_token"].as_str().unwrap()).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn f15_tokens_live_as_long_as_their_key_says_and_rotate_in_the_last_month() {
    on_each_database(async |server| {
        for (key, lifetime) in [(REST, 21_600), (JS, 7_200), (NATIVE, 43_200)] {
            let tokens = server.tokens(&mut Browser::default(), key, "ryan@example.com", &ITEMS).await;
            assert_eq!(
                (tokens["expires_in"].as_i64(), tokens["refresh_token_expires_in"].as_i64()),
                (Some(lifetime - 1), Some(5_183_999))
            );
            assert_eq!(
                (tokens["token_type"].as_str(), tokens["scope"].as_str()),
                (Some("bearer"), Some("profile_nickname account_email openid"))
            );
            let access = tokens["access_token"].as_str().unwrap();
            server.world.clock.advance_seconds(lifetime - 1);
            assert_eq!(server.me(access).await.status, StatusCode::OK);
            server.world.clock.advance_seconds(1);
            let expired = server.me(access).await;
            assert_eq!(
                (expired.status.as_u16(), expired.json()),
                (401, json!({ "msg": "this access token is already expired", "code": -401 }))
            );
            let renewed = server.refresh(key, tokens["refresh_token"].as_str().unwrap()).await.json();
            assert!(renewed.get("refresh_token").is_none() && renewed.get("id_token").is_some(), "{renewed}");
            server.world.clock.advance_seconds(60 * 86_400);
            assert_eq!(
                server.refresh(key, tokens["refresh_token"].as_str().unwrap()).await.json()["error_code"],
                "KOE322"
            );
        }
    })
    .await;
}

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
            more.body.contains("[Required]")
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
async fn f16_f17_logout_ends_one_device_and_leaves_the_session() {
    on_each_database(async |server| {
        let (mut phone, mut laptop) = (Browser::default(), Browser::default());
        let a = server.tokens(&mut phone, REST, "ryan@example.com", &ITEMS).await;
        let b = server.tokens(&mut laptop, REST, "ryan@example.com", &ITEMS).await;
        let (token, other) = (a["access_token"].as_str().unwrap(), b["access_token"].as_str().unwrap());
        assert_eq!(server.api("POST", "/v1/user/logout", token).await.status, StatusCode::OK);
        let dead = server.me(token).await;
        assert_eq!(dead.headers["www-authenticate"], "Bearer error=invalid_token");
        assert_eq!(server.refresh(REST, a["refresh_token"].as_str().unwrap()).await.json()["error_code"], "KOE322");
        assert_eq!(server.me(other).await.status, StatusCode::OK);
        assert!(
            phone.get(&server, &authorize(REST, "")).await.parameter("code").is_some(),
            "the next log-in is silent"
        );
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
                "class=\"submit\" type=\"submit\"",
            ] {
                assert!(page.body.contains(name), "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn prompt_login_is_met_by_a_log_in_for_this_request_only() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let url = authorize(PLAIN, "&prompt=login");
        assert!(browser.get(&server, &url).await.location().starts_with("/login"));
        assert!(server.walk(&mut browser, &url, "ryan@example.com", &[]).await.parameter("code").is_some());
        assert!(browser.get(&server, &url).await.location().starts_with("/login"), "the next request asks again");
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
async fn pkce_accepts_standard_base64_verifiers_and_refuses_the_rest() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        // 86 characters of standard base64, as the Android SDK makes them; its challenge by any SHA-256 tool.
        let verifier = format!("{}+/", "Ab3/".repeat(21));
        let challenge = kakaw_core::secret::hash(&verifier);
        for (sent, status) in [(Some(verifier.as_str()), 200), (None, 400), (Some("wrong"), 400)] {
            let url = authorize(PLAIN, &format!("&code_challenge={challenge}&code_challenge_method=S256"));
            let code = browser.get(&server, &url).await.parameter("code").unwrap();
            let mut form = vec![("grant_type", "authorization_code"), ("client_id", PLAIN), ("code", &code)];
            form.extend(sent.map(|verifier| ("code_verifier", verifier)));
            let answer = server.token(&form).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        }
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", PLAIN),
            ("code", code.as_str()),
            ("code_verifier", "x"),
        ];
        assert_eq!(server.token(&form).await.json()["error"], "invalid_grant");
    })
    .await;
}

#[tokio::test]
async fn t400_t401_t402_t403_id_tokens_are_verified() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS).await;
        let code = browser.get(&server, &authorize(REST, "&nonce=n-1")).await.parameter("code").unwrap();
        let token = server.exchange(REST, &code).await.json()["id_token"].as_str().unwrap().to_owned();
        let inspect = async |token: &str| server.post("/oauth/tokeninfo", &[("id_token", token)]).await.json();
        let claims = inspect(&token).await;
        assert_eq!(
            (claims["nonce"].as_str(), claims["aud"].as_str(), claims["email"].as_str()),
            (Some("n-1"), Some(REST), Some("ryan@example.com"))
        );
        assert_eq!((claims["iss"].as_str(), claims["sub"].is_string()), (Some("http://localhost:7700"), true));
        assert_eq!(inspect("x").await["error_code"], "KOE400");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        assert_eq!(inspect(&format!("{signed}.{flipped}{}", &signature[1..])).await["error_code"], "KOE402");
        let foreign = server
            .send(
                Request::post("/oauth/tokeninfo")
                    .header("host", "127.0.0.1:1")
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(Body::from(format!("id_token={token}")))
                    .unwrap(),
            )
            .await;
        assert_eq!(foreign.json()["error_code"], "KOE401");
        let mut parts: Vec<&str> = token.split('.').collect();
        let other = kakaw_core::key::SigningKey::generate()
            .unwrap()
            .sign(&serde_json::from_value(claims.clone()).unwrap())
            .unwrap();
        let signature = other.rsplit('.').next().unwrap().to_owned();
        parts[2] = &signature;
        assert_eq!(inspect(&parts.join(".")).await["error_code"], "KOE402");
        server.world.clock.advance_seconds(21_600);
        assert_eq!(inspect(&token).await["error_code"], "KOE403");
        let keys = server.get("/.well-known/jwks.json").await.json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
        assert_eq!(scope::split("a, b").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn kapi_answers_in_its_own_shape() {
    on_each_database(async |server| {
        let tokens = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        let token = tokens["access_token"].as_str().unwrap();
        let info = server.api("GET", "/v1/user/access_token_info", token).await.json();
        assert_eq!((info["app_id"].as_i64(), info["expires_in"].as_i64()), (Some(1001), Some(21_600)));
        assert_eq!(server.api("GET", "/v1/user/check_access_token", "short").await.json()["code"], -2);
        assert_eq!(server.api("GET", "/v2/user/me?property_keys=x", token).await.json()["code"], -2);
        let only = server.api("GET", "/v2/user/me?property_keys=%5B%22kakao_account.email%22%5D", token).await.json();
        assert!(only["kakao_account"].get("profile").is_none() && only["kakao_account"]["email"].is_string(), "{only}");
        assert_eq!(server.get(&format!("/v2/user/me?access_token={token}")).await.status, StatusCode::OK);
        assert_eq!(server.get("/v2/user/me").await.json()["code"], -401);
        let userinfo = server.api("GET", "/v1/oidc/userinfo", token).await.json();
        assert_eq!((userinfo["nickname"].as_str(), userinfo["email_verified"].as_bool()), (Some("Ryan"), Some(true)));
        for (index, _) in token.char_indices() {
            let mut flipped = token.to_owned();
            flipped.replace_range(index..=index, if &token[index..=index] == "A" { "B" } else { "A" });
            let code = server.me(&flipped).await.json()["code"].as_i64();
            assert!(code == Some(-401) || flipped == token, "{index}");
        }
        let preflight = Request::options("/v2/user/me")
            .header("host", "localhost")
            .header("origin", "http://x")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            server.send(preflight).await.headers["access-control-allow-headers"],
            "Authorization, KA, Cache-Control, Pragma, Content-Type"
        );
    })
    .await;
}
