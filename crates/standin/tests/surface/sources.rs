//! Tests of where calls may come from: platforms, addresses, allow lists of admin keys; which apps may call at all;
//! quotas.

use axum::body::Body;
use axum::http::Request;
use kakaw_core::policy::Policy;
use kakaw_platform::quota::PerMinute;
use kakaw_store::db::Url;
use serde_json::json;

use crate::support::*;

const ANDROID: &str =
    "sdk/2.20.0 sdk_type/kotlin os/android-33 lang/ko-KR origin/Ab+/cdEFghIJklmnOPqrstUVwx0= device/PIXEL";

async fn market(server: &TestServer, key: &str) -> Answer {
    let terms = ["use", "privacy"];
    let back = server
        .walk_with(&mut Browser::default(), &authorize(key, ""), "ryan@example.com", &MARKET_ITEMS, &terms, &[])
        .await;
    server.exchange(key, &back.parameter("code").unwrap()).await
}

async fn with_ka(server: &TestServer, token: &str, ka: &str) -> Answer {
    let request = Request::get("/v2/user/me").header("host", "localhost:7700").header("ka", ka);
    server.send(request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn t302_koe009_what_a_platform_sends_must_be_registered() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let exchange = async |key: &str, more: &[(&str, &str)]| {
            let terms = ["use", "privacy"];
            let back = server
                .walk_with(&mut Browser::default(), &authorize(key, ""), "ryan@example.com", &MARKET_ITEMS, &terms, &[])
                .await;
            let (code, redirect) = (back.parameter("code").unwrap(), redirect_of(key));
            let mut form = vec![("grant_type", "authorization_code"), ("client_id", key), ("redirect_uri", &redirect), ("code", &code)];
            form.extend(more);
            server.token(&form).await
        };
        for (key, right) in [
            (MARKET_NATIVE, ("android_key_hash", "Ab+/cdEFghIJklmnOPqrstUVwx0=")),
            (MARKET_NATIVE, ("ios_bundle_id", "com.market.ios")),
            (MARKET_JS, ("client_origin", "http://localhost:3000")),
            (MARKET, ("android_key_hash", "anything: REST keys have no platform")),
        ] {
            assert_eq!(exchange(key, &[right]).await.status, 200, "{right:?}");
        }
        for (key, wrong) in [
            (MARKET_NATIVE, ("android_key_hash", "ab+/cdEFghIJklmnOPqrstUVwx0=")),
            (MARKET_NATIVE, ("ios_bundle_id", "com.market.IOS")),
            (MARKET_JS, ("client_origin", "http://localhost:3001")),
        ] {
            let refused = exchange(key, &[wrong]).await;
            assert_eq!(refused.status, 401, "{wrong:?}");
            assert_eq!(
                refused.json(),
                json!({ "error": "misconfigured", "error_description": "invalid android_key_hash or ios_bundle_id or web_site_url", "error_code": "KOE009" })
            );
        }
        let web = |origin: &str| format!("&ka={}", encode_value(&format!("sdk/2.7.1 os/javascript origin/{origin}")));
        error_page(&server, &authorize(MARKET_JS, &web("http%3A%2F%2Flocalhost%3A3001")), "KOE009").await;
        let page = server.get(&authorize(MARKET_JS, &web("http%3A%2F%2Flocalhost%3A3000"))).await;
        assert!(page.location().starts_with("/login"));
    })
    .await;
}

#[tokio::test]
async fn kapi_compares_the_ka_header() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let native = token_of(&market(&server, MARKET_NATIVE).await);
        assert_eq!(with_ka(&server, &native, ANDROID).await.status, 200);
        for (ka, msg) in [
            ("os/android-33 origin/x", "android keyhash mismatched! caller=x. check out registered keyhash."),
            ("os/ios-17 origin/y", "ios bundle id mismatched! caller=y. check out registered bundle id."),
            ("os/javascript origin/http://z", "domain mismatched! caller=http://z. check out registered web domains."),
        ] {
            let refused = with_ka(&server, &native, ka).await;
            assert_eq!((refused.status.as_u16(), refused.json()), (401, json!({ "msg": msg, "code": -401 })));
        }
        let rest = token_of(&market(&server, MARKET).await);
        assert_eq!(with_ka(&server, &rest, "os/android-33 origin/x").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn koe127_and_401_calls_come_from_allowed_addresses() {
    for url in [Some(Url::Memory), postgres().await].into_iter().flatten() {
        let mut world = TestServer::world(&url, Policy::DEV).await;
        world.platform.settings.behind_proxy = true;
        let server = TestServer::of(world).await;
        server.apply(PLATFORM).await;
        let token = token_of(&market(&server, MARKET).await);
        let limited = PLATFORM.replacen(
            "redirect_uris = [\"http://localhost:3000/callback\"]",
            "redirect_uris = [\"http://localhost:3000/callback\"]\nallowed_ips = [\"192.0.2.0/24\"]",
            1,
        );
        server.apply(&limited.replacen("primary = true", "primary = true\nallowed_ips = [\"192.0.2.7\"]", 1)).await;
        let from = async |address: &str, authorization: &str, path: &str| {
            let request = Request::get(path).header("host", "localhost:7700").header("x-forwarded-for", address);
            server.send(request.header("authorization", authorization).body(Body::empty()).unwrap()).await
        };
        let (bearer, admin) = (format!("Bearer {token}"), format!("KakaoAK {MARKET_ADMIN}"));
        assert_eq!(from("192.0.2.9", &bearer, "/v2/user/me").await.status, 200);
        let refused = from("198.51.100.9", &bearer, "/v2/user/me").await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json()["msg"], "ip mismatched! callerIp=198.51.100.9. check out registered ips.");
        assert_eq!(refused.headers["www-authenticate"], "Bearer error=invalid_token");
        assert_eq!(from("192.0.2.7", &admin, "/v1/user/ids").await.status, 200);
        let refused = from("192.0.2.9", &admin, "/v1/user/ids").await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].as_i64()), (401, Some(-401)));
        assert_eq!(refused.headers["www-authenticate"], "KakaoAK error=invalid_token");
        let exchange = Request::post("/oauth/token")
            .header("host", "localhost:7700")
            .header("x-forwarded-for", "198.51.100.9")
            .header("content-type", "application/x-www-form-urlencoded");
        let body = format!("grant_type=refresh_token&client_id={MARKET}&refresh_token=x");
        let refused = server.send(exchange.body(Body::from(body)).unwrap()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (401, &json!("KOE127")));
    }
}

#[tokio::test]
async fn admin_keys_have_allow_lists() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = token_of(&market(&server, MARKET).await);
        let id = server.me(&token).await.json()["id"].to_string();
        let target = [("target_id_type", "user_id"), ("target_id", id.as_str())];
        assert_eq!(server.admin(MARKET_LIMITED, "POST", "/v1/user/logout", &target).await.status, 200);
        let query = format!("?target_id_type=user_id&target_id={id}");
        for path in [
            "/v2/user/me",
            "/v1/user/ids",
            "/v2/app/users",
            "/v2/user/scopes",
            "/v2/user/service_terms",
            "/v1/user/service/terms",
            "/v1/user/shipping_address",
        ] {
            let refused = server.admin(MARKET_LIMITED, "GET", &format!("{path}{query}"), &[]).await;
            assert_eq!((refused.status.as_u16(), refused.json()["code"].as_i64()), (403, Some(-3)), "{path}");
        }
        for path in ["/v2/user/revoke/scopes", "/v2/user/revoke/service_terms", "/v2/user/upgrade/service_terms"] {
            assert_eq!(server.admin(MARKET_LIMITED, "POST", path, &target).await.json()["code"], -3, "{path}");
        }
        for path in ["/v2/user/scopes", "/v2/user/service_terms", "/v1/user/service/terms"] {
            assert_eq!(server.admin(MARKET_ADMIN, "GET", &format!("{path}{query}"), &[]).await.status, 200, "{path}");
        }
        let tags = [target[0], target[1], ("tags", "news")];
        assert_eq!(server.admin(MARKET_ADMIN, "POST", "/v2/user/upgrade/service_terms", &tags).await.status, 200);
        assert_eq!(server.admin(MARKET_ADMIN, "POST", "/v2/user/revoke/service_terms", &tags).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn blocked_and_suspended_apps_and_dormant_accounts_get_their_codes() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = token_of(&market(&server, MARKET).await);
        let id = server.me(&token).await.json()["id"].to_string();
        let target = format!("/v2/user/me?target_id_type=user_id&target_id={id}");
        for (status, code) in [("blocked", -12), ("suspended", -13)] {
            let text = PLATFORM.replacen("company =", &format!("status = \"{status}\"\ncompany ="), 1);
            server.apply(&text).await;
            for answer in [server.me(&token).await, server.admin(MARKET_ADMIN, "GET", &target, &[]).await] {
                assert_eq!((answer.status.as_u16(), answer.json()["code"].as_i64()), (403, Some(code)), "{status}");
            }
        }
        server.apply(&PLATFORM.replace("nickname = \"Ryan\"", "nickname = \"Ryan\"\ndormant = true")).await;
        for answer in [server.me(&token).await, server.admin(MARKET_ADMIN, "GET", &target, &[]).await] {
            assert_eq!(answer.status, 400);
            assert_eq!(answer.json()["code"], -103);
        }
        // A log-in ends the dormancy of the account.
        market(&server, MARKET).await;
        assert_eq!(server.me(&token).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn quotas_count_calls_and_token_requests() {
    let mut world = TestServer::world(&Url::Memory, Policy::DEV).await;
    (world.platform.quotas.calls, world.platform.quotas.tokens) = (PerMinute::new(2), PerMinute::new(3));
    let server = TestServer::of(world).await;
    server.apply(PLATFORM).await;
    let token = token_of(&market(&server, MARKET).await);
    assert_eq!(server.me(&token).await.status, 200);
    assert_eq!(server.me(&token).await.status, 200);
    let over = server.me(&token).await;
    assert_eq!(
        (over.status.as_u16(), over.json()),
        (400, json!({ "msg": "API limit has been exceeded.", "code": -10 }))
    );
    for _ in 0..2 {
        assert_eq!(server.refresh(MARKET, "x").await.json()["error_code"], "KOE322");
    }
    let over = server.refresh(MARKET, "x").await;
    // An app can have its own limits.
    server.apply(&PLATFORM.replacen("company =", "quotas = { calls = 0, user_ids = 1 }\ncompany =", 1)).await;
    assert_eq!(server.me(&token).await.status, 200);
    assert_eq!(server.admin(MARKET_ADMIN, "GET", "/v1/user/ids", &[]).await.status, 200);
    assert_eq!(server.admin(MARKET_ADMIN, "GET", "/v1/user/ids", &[]).await.status, 429);
    assert_eq!(
        (over.status.as_u16(), over.json()),
        (
            400,
            json!({ "error": "invalid_request", "error_description": "token request rate limit exceeded", "error_code": "KOE237" })
        )
    );
}

#[tokio::test]
async fn user_info_of_openid_connect_needs_openid_else_402() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = token_of(&market(&server, MARKET).await);
        assert_eq!(server.api("GET", "/v1/oidc/userinfo", &token).await.status, 200);
        let tokens = server.tokens(&mut Browser::default(), PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        let refused = server.api("GET", "/v1/oidc/userinfo", tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(refused.status, 403);
        assert_eq!(
            refused.json(),
            json!({ "msg": "insufficient scopes.", "code": -402, "api_type": "OIDC_USERINFO",
                    "required_scopes": ["openid"], "allowed_scopes": ["profile_nickname"] })
        );
    })
    .await;
}

#[tokio::test]
async fn t212_parental_consent_opens_an_app_to_children() {
    on_each_database(async |server| {
        let world = |parents: bool| {
            format!(
                "[[apps]]\nid = 1004\nname = \"Adults\"\nunder_14 = \"parental_consent\"\n[[apps.rest_api_keys]]\nkey = \"{ADULTS}\"\n\
                 redirect_uris = [\"{CALLBACK}\"]\n[[people]]\nemail = \"child@example.com\"\npassword = \"child-password\"\n\
                 nickname = \"Child\"\nbirthyear = \"2018\"\nbirthday = \"0101\"\nparental_consent = {parents}\n"
            )
        };
        server.apply(&world(false)).await;
        let refused = server.walk(&mut Browser::default(), &authorize(ADULTS, ""), "child@example.com", &[]).await;
        assert!(refused.location().contains("Not%20allowed%20under%20age%2014"), "{}", refused.location());
        server.apply(&world(true)).await;
        let back = server.walk(&mut Browser::default(), &authorize(ADULTS, ""), "child@example.com", &[]).await;
        assert!(back.parameter("code").is_some(), "{}", back.location());
    })
    .await;
}
