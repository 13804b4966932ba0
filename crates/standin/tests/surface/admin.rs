//! Tests of the user API with an admin key: a service asks about people by their user ids.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::*;

async fn with_key(server: &TestServer, method: &str, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
    server.admin(key, method, path, form).await
}

async fn admin(server: &TestServer, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    server.admin(ADMIN, method, path, form).await
}

/// Logs Ryan in to app 1001. Returns his user id and his access token.
async fn ryan(server: &TestServer, browser: &mut Browser) -> (String, String) {
    let tokens = server.tokens(browser, REST, "ryan@example.com", &ITEMS).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let id = server.me(&token).await.json()["id"].to_string();
    (id, token)
}

#[tokio::test]
async fn f14_an_admin_key_reads_a_person_by_user_id() {
    on_each_database(async |server| {
        let (id, token) = ryan(&server, &mut Browser::default()).await;
        let path = format!("/v2/user/me?target_id_type=user_id&target_id={id}");
        assert_eq!(admin(&server, "GET", &path, &[]).await.json(), server.me(&token).await.json());
        let form = [("target_id_type", "user_id"), ("target_id", id.as_str())];
        assert_eq!(admin(&server, "POST", "/v2/user/me", &form).await.json()["id"].to_string(), id);
    })
    .await;
}

#[tokio::test]
async fn wrong_keys_and_targets_are_refused() {
    on_each_database(async |server| {
        let (id, token) = ryan(&server, &mut Browser::default()).await;
        let path = format!("/v2/user/me?target_id_type=user_id&target_id={id}");
        for key in ["ffffffffffffffffffffffffffffffff", REST, ""] {
            let refused = with_key(&server, "GET", &path, key, &[]).await;
            assert_eq!((refused.status.as_u16(), refused.json()["code"].as_i64()), (401, Some(-401)), "{key}");
            assert_eq!(refused.headers["www-authenticate"], "KakaoAK error=invalid_token");
            assert!(key.is_empty() || !refused.body.contains(key), "the key is not told whole: {}", refused.body);
        }
        for (query, code) in [
            ("target_id_type=user_id&target_id=1", -101),
            ("target_id_type=user_id&target_id=x", -2),
            ("target_id_type=user_id", -2),
            ("target_id=1", -2),
            ("target_id_type=email&target_id=1", -2),
        ] {
            let refused = admin(&server, "GET", &format!("/v2/user/me?{query}"), &[]).await;
            assert_eq!(refused.json()["code"], code, "{query}");
        }
        server.api("POST", "/v1/user/unlink", &token).await;
        let gone = admin(&server, "GET", &path, &[]).await;
        assert_eq!(gone.json(), json!({ "msg": "NotRegisteredUserException", "code": -101 }));
        // Another app's admin key finds nobody here, and an access token is not an admin key.
        assert_eq!(server.api("GET", "/v1/user/ids", &token).await.json()["code"], -401);
    })
    .await;
}

#[tokio::test]
async fn an_admin_log_out_ends_every_device_and_an_admin_unlink_the_link() {
    on_each_database(async |server| {
        let (mut phone, mut laptop) = (Browser::default(), Browser::default());
        let (id, first) = ryan(&server, &mut phone).await;
        let (_, second) = ryan(&server, &mut laptop).await;
        let form = [("target_id_type", "user_id"), ("target_id", id.as_str())];
        assert_eq!(admin(&server, "POST", "/v1/user/logout", &form).await.json()["id"].to_string(), id);
        for token in [&first, &second] {
            assert_eq!(server.me(token).await.json()["code"], -401);
        }
        let (_, third) = ryan(&server, &mut phone).await;
        assert_eq!(server.me(&third).await.status, 200, "still linked: no consent screen in between");
        assert_eq!(admin(&server, "POST", "/v1/user/unlink", &form).await.json()["id"].to_string(), id);
        assert_eq!(server.me(&third).await.json()["code"], -401);
        assert_eq!(admin(&server, "POST", "/v1/user/unlink", &form).await.json()["code"], -101, "once");
    })
    .await;
}

#[tokio::test]
async fn user_ids_are_paged_in_both_directions() {
    on_each_database(async |server| {
        let mut all = Vec::new();
        for person in ["ryan@example.com", "child@example.com", "noemail"] {
            let tokens = server.tokens(&mut Browser::default(), REST, person, &ITEMS).await;
            all.push(server.me(tokens["access_token"].as_str().unwrap()).await.json()["id"].as_i64().unwrap());
        }
        all.sort_unstable();
        let page = async |path: &str| {
            admin(&server, "GET", path.trim_start_matches("http://localhost:7700"), &[]).await.json()
        };
        let elements = |page: &Value| -> Vec<i64> { serde_json::from_value(page["elements"].clone()).unwrap() };
        let whole = page("/v1/user/ids").await;
        assert_eq!(
            (elements(&whole), &whole["before_url"], &whole["after_url"]),
            (all.clone(), &Value::Null, &Value::Null)
        );
        assert_eq!(whole["total_count"], 3);
        for order in ["asc", "desc"] {
            let expected: Vec<i64> = if order == "asc" { all.clone() } else { all.iter().rev().copied().collect() };
            let first = page(&format!("/v1/user/ids?limit=2&order={order}")).await;
            assert_eq!(elements(&first), expected[..2], "{order}");
            let second = page(first["after_url"].as_str().unwrap()).await;
            assert_eq!((elements(&second), &second["after_url"]), (expected[2..].to_vec(), &Value::Null));
            assert_eq!(elements(&page(second["before_url"].as_str().unwrap()).await), expected[..2], "and back");
        }
        for wrong in ["limit=0", "limit=101", "limit=x", "order=up", "from_id=x"] {
            assert_eq!(page(&format!("/v1/user/ids?{wrong}")).await["code"], -2, "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn several_users_are_read_at_once() {
    on_each_database(async |server| {
        let (id, _) = ryan(&server, &mut Browser::default()).await;
        let ask = async |ids: &str, more: &str| {
            let path = format!("/v2/app/users?target_id_type=user_id&target_ids={}{more}", encode_value(ids));
            admin(&server, "GET", &path, &[]).await.json()
        };
        let plain = ask(&format!("[{id},1]"), "").await;
        assert_eq!(plain.as_array().unwrap().len(), 1, "who is not linked is left out: {plain}");
        assert_eq!((plain[0]["id"].to_string(), plain[0].get("kakao_account")), (id.clone(), None), "{plain}");
        let keys = format!("&property_keys={}", encode_value("[\"kakao_account.email\"]"));
        assert_eq!(ask(&format!("[{id}]"), &keys).await[0]["kakao_account"]["email"], "ryan@example.com");
        let many = |n: usize| format!("[{}]", vec!["1"; n].join(","));
        assert_eq!(ask(&many(100), "").await, json!([]));
        for (ids, more) in [(many(101), ""), (many(21), keys.as_str()), ("x".to_owned(), "")] {
            assert_eq!(ask(&ids, more).await["code"], -2);
        }
    })
    .await;
}

#[tokio::test]
async fn f21_consent_is_listed_and_taken_back() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let items = ["profile_nickname", "account_email", "birthyear"];
        let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &items).await;
        let token = tokens["access_token"].as_str().unwrap();
        let listed = server.api("GET", "/v2/user/scopes", token).await.json();
        let row = |id: &str| listed["scopes"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
        assert_eq!(
            row("profile_nickname"),
            json!({ "id": "profile_nickname", "display_name": "닉네임", "type": "PRIVACY", "using": true, "agreed": true, "revocable": false })
        );
        assert_eq!((row("birthyear")["revocable"].as_bool(), row("gender").get("revocable")), (Some(true), None));
        assert_eq!(row("gender")["agreed"], false);
        let one = server.api("GET", &format!("/v2/user/scopes?scopes={}", encode_value("[\"gender\"]")), token).await;
        assert_eq!(one.json()["scopes"].as_array().unwrap().len(), 1);
        let revoke = async |ids: &str| {
            let request = Request::post("/v2/user/revoke/scopes")
                .header("host", "localhost:7700")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/x-www-form-urlencoded");
            server.send(request.body(Body::from(format!("scopes={}", encode_value(ids)))).unwrap()).await
        };
        let required = revoke("[\"account_email\"]").await;
        assert_eq!(required.status, 403);
        assert_eq!(required.json()["code"], -3);
        assert!(required.body.contains("[account_email] is not revocable."), "{}", required.body);
        let nothing = revoke("[\"gender\"]").await.json();
        assert_eq!(nothing["code"], -2);
        assert!(nothing["msg"].as_str().unwrap().starts_with("There is no scopes to revoke."), "{nothing}");
        assert_eq!(revoke("gender").await.json()["code"], -2, "no JSON list");
        assert_eq!(server.me(token).await.json()["kakao_account"]["birthyear"], "1995");
        let after = revoke("[\"birthyear\"]").await.json();
        let rows = after["scopes"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["id"] == "birthyear" && row["agreed"] == false), "{after}");
        let account = server.me(token).await.json()["kakao_account"].clone();
        assert_eq!((account.get("birthyear"), &account["birthyear_needs_agreement"]), (None, &json!(true)), "{account}");
        assert_eq!(revoke("[\"birthyear\"]").await.json()["code"], -2, "twice");
        // An item that the person agreed to stays listed when the app no longer uses it.
        server.edit("gender = \"on_use\"\n", "").await;
        server.edit("account_email = { consent = \"required\", collect_if_missing = true }\n", "").await;
        let dropped = server.api("GET", "/v2/user/scopes", token).await.json();
        let email = dropped["scopes"].as_array().unwrap().iter().find(|row| row["id"] == "account_email").unwrap().clone();
        assert_eq!((&email["using"], &email["revocable"]), (&json!(false), &json!(true)), "{email}");
    })
    .await;
}

#[tokio::test]
async fn user_ids_have_a_quota_by_the_minute() {
    let mut world = TestServer::world(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    world.platform.quotas.user_ids = kakaw_platform::quota::PerMinute::new(2);
    let server = TestServer::of(world).await;
    for _ in 0..2 {
        assert_eq!(admin(&server, "GET", "/v1/user/ids", &[]).await.status, 200);
    }
    let refused = admin(&server, "GET", "/v1/user/ids", &[]).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({ "msg": "API limit has been exceeded.", "code": -10 }));
}
