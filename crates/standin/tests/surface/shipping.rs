//! Tests of `/v1/user/shipping_address`: consent, permission, paging.

use serde_json::{Value, json};

use crate::support::*;

async fn log_in(server: &TestServer, items: &[&str]) -> (Value, String) {
    let mut browser = Browser::default();
    let terms = ["use", "privacy"];
    let back = server.walk_with(&mut browser, &authorize(MARKET, ""), "ryan@example.com", items, &terms, &[]).await;
    let token = token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await);
    (server.me(&token).await.json()["id"].clone(), token)
}

#[tokio::test]
async fn t630_without_consent_there_is_no_list_and_without_addresses_neither() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let (id, token) = log_in(&server, &["profile_nickname"]).await;
        let get = async |token: &str| server.api("GET", "/v1/user/shipping_address", token).await.json();
        assert_eq!(get(&token).await, json!({ "user_id": id, "shipping_addresses_needs_agreement": true }));
        server.apply(&PLATFORM.replace("{ consent = \"optional\", purpose = \"Delivery\" }", "{ consent = \"optional\", permission = false }")).await;
        let refused = server.api("GET", "/v1/user/shipping_address", &token).await;
        assert_eq!((refused.status.as_u16(), refused.json()), (403, json!({ "msg": "permission denied", "code": -5 })));
        error_page(&server, &authorize(MARKET, "&scope=shipping_address"), "KOE205").await;
        server.apply(&PLATFORM.replace("shipping_address = {", "# {")).await;
        let refused = server.api("GET", "/v1/user/shipping_address", &token).await;
        assert_eq!(refused.status, 403);
        assert_eq!(
            refused.json(),
            json!({ "msg": "[Market] App disabled [shipping_address] scopes for [SHIPPING_ADDRESS] API on developers.kakao.com. Enable it first.", "code": -3 })
        );
        server.apply(PLATFORM.split("[[people]]").next().unwrap()).await;
        let back = server
            .walk_with(&mut Browser::default(), &authorize(MARKET, ""), "noemail", &["profile_nickname", "shipping_address"], &["use", "privacy"], &[])
            .await;
        let none = token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await);
        let none = get(&none).await;
        assert_eq!((&none["shipping_addresses_needs_agreement"], none.get("shipping_addresses")), (&json!(false), None));
    })
    .await;
}

#[tokio::test]
async fn addresses_are_paged_with_the_default_first() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let (id, token) = log_in(&server, &["profile_nickname", "shipping_address"]).await;
        let get =
            async |query: &str| server.api("GET", &format!("/v1/user/shipping_address{query}"), &token).await.json();
        let ids = |answer: &Value| -> Vec<i64> {
            let list = answer["shipping_addresses"].as_array().cloned().unwrap_or_default();
            list.iter().map(|address| address["id"].as_i64().unwrap()).collect()
        };
        let all = get("").await;
        assert_eq!((ids(&all), &all["user_id"]), (vec![9001, 9002, 9003], &id));
        assert_eq!(
            all["shipping_addresses"][0],
            json!({ "id": 9001, "name": "Home", "is_default": true, "updated_at": 1_767_312_000, "type": "NEW",
                    "base_address": "1 Road", "detail_address": "101", "receiver_name": "Ryan",
                    "receiver_phone_number1": "010-1234-5678", "zone_number": "12345" })
        );
        let first = get("?page_size=2").await;
        assert_eq!(ids(&first), [9001, 9002]);
        let last = first["shipping_addresses"][1]["updated_at"].as_i64().unwrap();
        assert_eq!(ids(&get(&format!("?page_size=2&from_updated_at={last}")).await), [9003]);
        assert_eq!(ids(&get(&format!("?from_updated_at={last}.123")).await), [9002, 9003], "Flutter sends fractions");
        assert_eq!(ids(&get("?from_updated_at=0&page_size=2").await), [9001, 9002]);
        assert_eq!((ids(&get("?address_id=9003").await), ids(&get("?address_id=1").await)), (vec![9003], vec![]));
        for wrong in
            ["page_size=1", "page_size=101", "page_size=x", "address_id=x", "from_updated_at=x", "from_updated_at=inf"]
        {
            assert_eq!(get(&format!("?{wrong}")).await["code"], -2, "{wrong}");
        }
        let target = format!("/v1/user/shipping_address?target_id_type=user_id&target_id={id}");
        assert_eq!(server.admin(MARKET_ADMIN, "GET", &target, &[]).await.json(), all);
    })
    .await;
}
