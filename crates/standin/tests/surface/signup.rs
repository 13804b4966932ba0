//! Tests without automatic link: people wait for `/v1/user/signup` for 24 hours. Also tests of user properties.

use kakaw_core::Span;
use kakaw_platform::jobs;
use serde_json::json;

use crate::support::*;

async fn waiting(server: &TestServer) -> String {
    let items = ["profile_nickname", "account_email", "birthyear"];
    let tokens = server.tokens(&mut Browser::default(), MANUAL, "ryan@example.com", &items).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_who_has_not_signed_up_is_shown_with_profile_and_email_only() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = waiting(&server).await;
        let me = server.me(&token).await.json();
        let id = me["id"].clone();
        assert_eq!(
            me,
            json!({ "id": id, "has_signed_up": false, "connected_at": "2026-11-20T03:00:00Z", "kakao_account": {
                "profile": { "nickname": "Ryan", "is_default_nickname": false },
                "is_email_valid": true, "is_email_verified": true, "email": "ryan@example.com" } })
        );
        let ids = server.admin(MANUAL_ADMIN, "GET", "/v1/user/ids", &[]).await.json();
        assert_eq!((&ids["elements"], &ids["total_count"]), (&json!([]), &json!(0)), "not linked yet");
        let refused =
            server.call("/v1/user/signup", &token, &[("properties", "{\"age\":\"1\",\"tier\":\"gold\"}")]).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json(), json!({ "msg": "user property not found ([age] for appId=2002)", "code": -201 }));
        let done = server.call("/v1/user/signup", &token, &[("properties", "{\"tier\":\"gold\"}")]).await;
        assert_eq!(done.json(), json!({ "id": id }));
        let me = server.me(&token).await.json();
        assert_eq!((&me["has_signed_up"], &me["properties"]["tier"]), (&json!(true), &json!("gold")), "{me}");
        assert_eq!(me["kakao_account"]["birthyear"], "1995");
        let twice = server.call("/v1/user/signup", &token, &[]).await;
        assert_eq!((twice.status.as_u16(), twice.json()), (400, json!({ "msg": "already registered", "code": -102 })));
        let ids = server.admin(MANUAL_ADMIN, "GET", "/v1/user/ids", &[]).await.json();
        assert_eq!(ids["elements"], json!([id]));
        let bad = server.call("/v1/user/signup", "x", &[]).await;
        assert_eq!((bad.status.as_u16(), bad.json()["code"].as_i64()), (401, Some(-401)));
        assert_eq!(bad.headers["www-authenticate"], "Bearer error=invalid_token");
    })
    .await;
}

#[tokio::test]
async fn a_person_who_does_not_sign_up_within_24_hours_is_unlinked() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = waiting(&server).await;
        server.world.place.clock.advance(Span::seconds(86_399));
        jobs::sweep(&server.world.platform).await.unwrap();
        let fresh = server.tokens(&mut Browser::default(), MANUAL, "ryan@example.com", &[]).await;
        let fresh = fresh["access_token"].as_str().unwrap();
        let id = server.me(fresh).await.json()["id"].clone();
        server.world.place.clock.advance(Span::seconds(1));
        jobs::sweep(&server.world.platform).await.unwrap();
        for token in [token.as_str(), fresh] {
            assert_eq!(server.me(token).await.json()["code"], -401);
        }
        // F18: the user id comes back, and the 24 hours start again.
        let again = waiting(&server).await;
        let me = server.me(&again).await.json();
        assert_eq!((&me["id"], &me["has_signed_up"]), (&id, &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn properties_are_stored_limited_and_deleted_with_the_link() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        let log_in = async |browser: &mut Browser| {
            let back = server
                .walk_with(browser, &authorize(MARKET, ""), "ryan@example.com", &MARKET_ITEMS, &["use", "privacy"], &[])
                .await;
            token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await)
        };
        let token = log_in(&mut browser).await;
        let update = async |text: &str| server.call("/v1/user/update_profile", &token, &[("properties", text)]).await;
        let id = server.me(&token).await.json()["id"].clone();
        assert_eq!(update("{\"tier\":\"gold\"}").await.json(), json!({ "id": id }));
        assert_eq!(update("{\"gender\":\"x\"}").await.status, 200, "what is not named stays");
        let properties = server.me(&token).await.json()["properties"].clone();
        assert_eq!((&properties["tier"], &properties["gender"]), (&json!("gold"), &json!("x")));
        let keys = encode_value("[\"properties.tier\"]");
        let only = server.api("GET", &format!("/v2/user/me?property_keys={keys}"), &token).await.json();
        assert_eq!((&only["properties"], only.get("kakao_account")), (&json!({ "tier": "gold" }), None), "{only}");
        assert_eq!(update("{\"other\":\"x\"}").await.json()["code"], -201);
        for wrong in ["", "null", "[1]", "{\"tier\":1}", "x", &format!("{{\"tier\":\"{}\"}}", "x".repeat(2001))] {
            assert_eq!(update(wrong).await.json()["code"], -2, "{wrong}");
        }
        server.api("POST", "/v1/user/unlink", &token).await;
        let again = log_in(&mut browser).await;
        let me = server.me(&again).await.json();
        assert!(me["properties"].get("tier").is_none(), "{me}");
    })
    .await;
}
