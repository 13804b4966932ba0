//! Tests of wire facts that existing clients depend on.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kakaw_core::Span;

use crate::support::*;

fn token_request(basic: bool, body: &str) -> Request<Body> {
    let mut request = Request::post("/oauth/token")
        .header("host", "localhost:7700")
        .header("content-type", "application/x-www-form-urlencoded");
    if basic {
        request = request.header("authorization", "Basic eDp5");
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn scope_splits_on_commas_and_spaces_and_empty_is_absent() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let back = server.walk(&mut browser, &authorize(REST, "&scope="), "ryan@example.com", &ITEMS).await;
        assert!(back.parameter("code").is_some(), "empty is absent: the required items were asked");
        for scope in ["gender,birthyear", "gender%20birthyear", "gender%2C+birthyear", ",gender,,birthyear,"] {
            let page = browser.get(&server, &authorize(REST, &format!("&scope={scope}"))).await;
            assert!(page.body.contains("value=\"gender\"") && page.body.contains("value=\"birthyear\""), "{scope}");
        }
    })
    .await;
}

#[tokio::test]
async fn prompt_splits_with_stray_spaces_and_unknown_parameters_are_ignored() {
    on_each_database(async |server| {
        for prompt in ["none", "%20none", "none%20", "cert,%20none", "+none,,+"] {
            let answer = server.get(&authorize(REST, &format!("&prompt={prompt}&made_up=1&made_up=2"))).await;
            assert_eq!(answer.parameter("error").as_deref(), Some("login_required"), "{prompt}");
        }
        // OpenID Connect Core §3.1.2.1: `none` must not be combined with a value that would show a page.
        error_page(&server, &authorize(REST, "&prompt=login,%20none"), "KOE001").await;
    })
    .await;
}

#[tokio::test]
async fn a_token_request_may_leave_out_redirect_uri_and_basic_is_ignored_beside_right_credentials() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let code = async |browser: &mut Browser, key: &str| {
            let back = server.walk(browser, &authorize(key, ""), "ryan@example.com", &ITEMS).await;
            back.parameter("code").unwrap()
        };
        let one = code(&mut browser, PLAIN).await;
        let body = format!("grant_type=authorization_code&client_id={PLAIN}&code={one}");
        assert_eq!(server.send(token_request(false, &body)).await.status, StatusCode::OK);
        let two = code(&mut browser, SECRET_REST).await;
        let body = format!("grant_type=authorization_code&client_id={SECRET_REST}&client_secret={SECRET}&code={two}");
        assert_eq!(server.send(token_request(true, &body)).await.status, StatusCode::OK, "Basic is ignored");
        let three = code(&mut browser, SECRET_REST).await;
        let body = format!("grant_type=authorization_code&client_id={SECRET_REST}&code={three}");
        assert_eq!(server.send(token_request(true, &body)).await.json()["error_code"], "KOE010", "Basic alone");
        let body = format!("{body}&client_secret={SECRET}");
        assert_eq!(server.send(token_request(false, &body)).await.status, StatusCode::OK, "KOE010 burned nothing");
        let basic_only = server.send(token_request(true, "grant_type=authorization_code&code=x")).await.json();
        assert_eq!(basic_only["error_description"], "Not exist client_id [null]");
    })
    .await;
}

#[tokio::test]
async fn native_and_javascript_keys_have_no_secret_and_the_custom_scheme_needs_no_registration() {
    on_each_database(async |server| {
        for key in [NATIVE, JS] {
            let mut browser = Browser::default();
            let back = server.walk(&mut browser, &authorize(key, ""), "ryan@example.com", &ITEMS).await;
            let expected =
                if key == NATIVE { format!("kakao{NATIVE}://oauth?code=") } else { format!("{CALLBACK}?code=") };
            assert!(back.location().starts_with(&expected), "{}", back.location());
            let code = back.parameter("code").unwrap();
            assert_eq!(server.exchange(key, &code).await.status, StatusCode::OK);
        }
        let foreign =
            authorize(REST, "").replace(&encode_value(CALLBACK), &encode_value(&format!("kakao{NATIVE}://oauth")));
        error_page(&server, &foreign, "KOE006").await;
    })
    .await;
}

#[tokio::test]
async fn the_first_answer_has_five_fields_with_their_types() {
    on_each_database(async |server| {
        let tokens = server.tokens(&mut Browser::default(), PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        for name in ["token_type", "access_token", "refresh_token", "scope"] {
            assert!(tokens[name].is_string(), "{name}: {tokens}");
        }
        for name in ["expires_in", "refresh_token_expires_in"] {
            assert!(tokens[name].is_i64(), "{name}: {tokens}");
        }
        let renewed = server.refresh(PLAIN, tokens["refresh_token"].as_str().unwrap()).await.json();
        let mut names: Vec<_> = renewed.as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["access_token", "expires_in", "token_type"], "no refresh token unless it rotates");
    })
    .await;
}

#[tokio::test]
async fn a_success_redirect_contains_no_error_and_the_state_comes_back_unchanged() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        for _ in 0..50 {
            let location = browser.get(&server, &authorize(PLAIN, "")).await.location();
            assert!(!location.to_lowercase().contains("error"), "{location}");
        }
        let answer = browser.get(&server, &authorize(PLAIN, "&state=a%2Bb%26c%3D%EA%B0%80")).await;
        assert_eq!(answer.parameter("state").as_deref(), Some("a+b&c=가"));
        assert_eq!(answer.status, StatusCode::FOUND);
    })
    .await;
}

#[tokio::test]
async fn sessions_live_a_day_and_a_month_with_stay_signed_in_and_do_not_slide() {
    on_each_database(async |server| {
        for (stay, seconds) in [(false, 86_400), (true, 30 * 86_400)] {
            let mut browser = Browser::default();
            let url = format!("/login?continue={}", encode_value(&authorize(PLAIN, "")));
            let page = browser.get(&server, &url).await;
            let form = hidden(&page.body);
            let mut fields =
                vec![("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
            if stay {
                fields.push(("saveSignedIn", "true"));
            }
            let answer = browser.post(&server, &url, &fields).await;
            let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().filter_map(|c| c.to_str().ok()).collect();
            assert!(cookies.iter().any(|c| c.contains(&format!("Max-Age={seconds};"))), "{cookies:?}");
            assert!(cookies.iter().all(|c| c.contains("HttpOnly") && c.contains("SameSite=Lax")), "{cookies:?}");
            server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
            server.world.place.clock.advance(Span::seconds(seconds - 1));
            let silent = authorize(PLAIN, "&prompt=none");
            assert!(browser.get(&server, &silent).await.parameter("code").is_some(), "alive to the last second");
            server.world.place.clock.advance(Span::seconds(1));
            let over = browser.get(&server, &silent).await;
            assert_eq!(over.parameter("error").as_deref(), Some("login_required"), "use did not prolong it");
        }
    })
    .await;
}

#[tokio::test]
async fn times_have_no_fractions_and_scripts_of_any_origin_may_ask_for_tokens() {
    on_each_database(async |server| {
        server.world.place.clock.advance(Span::seconds(0));
        let tokens = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        let me = server.me(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(me.json()["connected_at"], "2026-11-20T03:00:00Z");
        assert_eq!(me.headers["access-control-allow-origin"], "*");
        let refused = server.token(&[("grant_type", "refresh_token")]).await;
        assert_eq!(refused.headers["access-control-allow-origin"], "*", "refusals too");
        let page = server.get(&authorize(REST, "")).await;
        assert!(!page.headers.contains_key("access-control-allow-origin"), "never where cookies are read");
    })
    .await;
}

#[tokio::test]
async fn discovery_names_this_server_by_the_host_that_was_asked() {
    on_each_database(async |server| {
        for (host, issuer) in [
            ("localhost:7700", "http://localhost:7700"),
            ("127.0.0.1:7700", "http://127.0.0.1:7700"),
            ("kauth.kakao.com", "https://kauth.kakao.com"),
        ] {
            let request = Request::get("/.well-known/openid-configuration").header("host", host);
            let document = server.send(request.body(Body::empty()).unwrap()).await.json();
            assert_eq!(document["issuer"], issuer);
            assert_eq!(document["token_endpoint"], format!("{issuer}/oauth/token"));
        }
    })
    .await;
}

#[tokio::test]
async fn hosts_of_the_login_service_are_recognized() {
    on_each_database(async |server| {
        for (host, path, status) in [
            ("accounts.kakao.com", "/login?continue=%2Foauth%2Fauthorize%3Fx", 200),
            ("kauth.kakao.com", "/.well-known/jwks.json", 200),
            ("kapi.kakao.com", "/v2/user/me", 401),
            ("apps.evil.example", "/v2/user/me", 421),
        ] {
            let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
            assert_eq!(server.send(request).await.status.as_u16(), status, "{host}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_token_in_the_query_is_a_setting() {
    let mut world = TestServer::world(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    world.platform.settings.access_token_in_query = false;
    let server = TestServer::of(world).await;
    let tokens = server.tokens(&mut Browser::default(), PLAIN, "ryan@example.com", &["profile_nickname"]).await;
    let path = format!("/v2/user/me?access_token={}", tokens["access_token"].as_str().unwrap());
    assert_eq!(server.get(&path).await.json()["code"], -401);
}
