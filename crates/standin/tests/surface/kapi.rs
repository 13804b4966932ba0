//! Tests of the user API.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kakaw_platform::endpoint::Method;
use kakaw_platform::http;

use crate::support::*;

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

#[tokio::test]
async fn restricted_people_children_deleted_keys_and_doubled_headers_are_refused_by_kapi() {
    on_each_database(async |server| {
        let tokens = server.tokens(&mut Browser::default(), PLAIN, "child@example.com", &["profile_nickname"]).await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        let answer = async |status: u16, code: i64| {
            let answer = server.me(&token).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["code"].as_i64()),
                (status, Some(code)),
                "{}",
                answer.body
            );
            answer.json()["msg"].as_str().unwrap().to_owned()
        };
        server.edit("name = \"Plain\"", "name = \"Plain\"\nunder_14 = \"deny\"").await;
        answer(401, -406).await;
        server.edit("nickname = \"Child\"", "nickname = \"Child\"\nrestricted = true").await;
        answer(403, -4).await;
        server.edit("8123456789abcdef0123456789abcdef", "9123456789abcdef0123456789abcdef").await;
        let text = answer(401, -401).await;
        assert!(text.starts_with("appKey(") && text.ends_with("is already deactivated"), "{text}");
        assert!(!text.contains(PLAIN), "the key is not told whole: {text}");
        let doubled = Request::get("/v2/user/me")
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(server.send(doubled).await.json()["code"], -8);
    })
    .await;
}

#[tokio::test]
async fn a_changed_password_ends_sessions_and_tokens() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        server.edit("password = \"ryan-password\"", "password = \"another\"").await;
        assert_eq!(server.me(tokens["access_token"].as_str().unwrap()).await.json()["code"], -401);
        assert_eq!(
            server.refresh(PLAIN, tokens["refresh_token"].as_str().unwrap()).await.json()["error_code"],
            "KOE322"
        );
        assert!(browser.get(&server, &authorize(PLAIN, "")).await.location().starts_with("/login"));
    })
    .await;
}

#[tokio::test]
async fn a_code_that_was_issued_before_an_unlink_is_worth_nothing() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        server.api("POST", "/v1/user/unlink", tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(server.exchange(PLAIN, &code).await.json()["error_code"], "KOE320");
    })
    .await;
}

#[tokio::test]
async fn user_information_contains_every_item_that_was_agreed_to_and_says_what_is_missing() {
    on_each_database(async |server| {
        let items = "profile_nickname = \"required\"\naccount_email = { consent = \"required\", collect_if_missing = true }\n\
                     gender = \"on_use\"\nbirthyear = \"optional\"\n";
        let all = "profile_nickname = \"optional\"\nprofile_image = \"optional\"\naccount_email = \"optional\"\n\
                   name = \"optional\"\ngender = \"optional\"\nage_range = \"optional\"\nbirthyear = \"optional\"\n\
                   birthday = \"optional\"\nphone_number = \"optional\"\naccount_ci = \"optional\"\n";
        let text = include_str!("world.toml").replacen(items, all, 1).replacen(
            "nickname = \"Ryan\"\n",
            "nickname = \"Ryan\"\nname = \"Ryan Kim\"\ntalk = true\nphone_number = \"+82 10-1234-5678\"\nci = \"ci\"\n\
             ci_authenticated_at = \"2026-01-02T03:04:05Z\"\n",
            1,
        );
        assert!(text.contains("account_ci"), "the test world holds the items");
        server.apply(&text).await;
        let ids = ["profile_nickname", "account_email", "name", "gender", "birthyear", "birthday", "phone_number", "account_ci"];
        let tokens = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ids).await;
        let account = server.me(tokens["access_token"].as_str().unwrap()).await.json()["kakao_account"].clone();
        for (field, value) in [
            ("name", "Ryan Kim"),
            ("email", "ryan@example.com"),
            ("gender", "male"),
            ("birthyear", "1995"),
            ("birthday", "1130"),
            ("birthday_type", "SOLAR"),
            ("phone_number", "+82 10-1234-5678"),
            ("ci", "ci"),
            ("ci_authenticated_at", "2026-01-02T03:04:05Z"),
        ] {
            assert_eq!(account[field], value, "{account}");
        }
        for agreed in ["profile_nickname", "name", "email", "gender", "birthyear", "birthday", "phone_number", "ci"] {
            assert_eq!(account[format!("{agreed}_needs_agreement")], false, "{agreed}: {account}");
        }
        for open in ["profile_image", "age_range"] {
            assert_eq!(account[format!("{open}_needs_agreement")], true, "{open}: {account}");
        }
        assert_eq!((account.get("age_range"), account["profile"].get("profile_image_url")), (None, None), "{account}");
        // F08: without Talk there is no number, and nothing to ask for.
        server.apply(&text.replacen("talk = true\nphone_number = \"+82 10-1234-5678\"\n", "", 1)).await;
        let account = server.me(tokens["access_token"].as_str().unwrap()).await.json()["kakao_account"].clone();
        assert_eq!((account.get("phone_number"), account["phone_number_needs_agreement"].as_bool()), (None, Some(false)));
    })
    .await;
}

#[tokio::test]
async fn a_body_with_nothing_in_it_is_ignored_by_every_call_whatever_its_type() {
    on_each_database(async |server| {
        let paths: Vec<String> = http::endpoints()
            .into_iter()
            .filter(|endpoint| endpoint.method == Method::Post && endpoint.path.starts_with("/v"))
            .map(|endpoint| endpoint.path.to_string())
            .collect();
        assert!(paths.len() >= 7, "{paths:?}");
        let ask = async |path: &str, authorization: &str, kind: Option<&str>, body: &str| {
            let mut request =
                Request::post(path).header("host", "localhost:7700").header("authorization", authorization);
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let answer = server.send(request.body(Body::from(body.to_owned())).unwrap()).await;
            (answer.status, answer.json())
        };
        for path in &paths {
            for by_token in [true, false] {
                // Some calls end the token, so each gets its own.
                let authorization = async || {
                    if !by_token {
                        return format!("KakaoAK {ADMIN}");
                    }
                    let hint = format!("&login_hint=kakaw:ryan@example.com;only={}", ITEMS.join(","));
                    let code = server.get(&authorize(REST, &hint)).await.parameter("code").unwrap();
                    format!("Bearer {}", token_of(&server.exchange(REST, &code).await))
                };
                let expected = ask(path, &authorization().await, None, "").await;
                assert_ne!(expected.1["code"], -8, "{path}");
                for (kind, body) in [
                    ("application/json", "{}"),
                    ("application/json;charset=utf-8", " {}\n"),
                    ("application/json", "null"),
                    ("text/plain", ""),
                    ("application/x-www-form-urlencoded", "{}"),
                    ("multipart/form-data; boundary=x", "--x--\r\n"),
                ] {
                    let answer = ask(path, &authorization().await, Some(kind), body).await;
                    assert_eq!(answer, expected, "{path} {kind} {body:?}");
                }
                // A body with contents is still refused and not ignored.
                let refused = ask(path, &authorization().await, Some("application/json"), "{\"a\":1}").await;
                assert_eq!(refused.1["code"], -8, "{path}");
            }
        }
        let bearer = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        let bearer = format!("Bearer {}", bearer["access_token"].as_str().unwrap());
        assert_eq!(ask("/v2/user/me", &bearer, Some("application/json"), "{}").await.0, StatusCode::OK);
        assert_eq!(ask("/v1/user/unlink", &bearer, Some("application/json"), "{}").await.0, StatusCode::OK);
    })
    .await;
}
