//! Tests of webhooks that a stand-in is asked to send, and of failing ones.

use kakaw_core::crypto::signing_key::Jws;
use kakaw_platform::deliver::deliver_due;
use kakaw_wire::event::EventType;
use serde_json::{Value, json};

use crate::overrides::{get, post};
use crate::receiver::*;
use crate::support::*;

/// Starts a receiver without notices. Returns it with the user id of a person who is linked with its app.
async fn hooked(server: &TestServer) -> (Inbox, i64) {
    let (inbox, address) = receiver().await;
    server.apply(&world("POST/hook", "\"user-linked\"", address)).await;
    let user_id = linked(server).await;
    deliver_due(&server.world.platform).await.unwrap();
    inbox.take();
    (inbox, user_id)
}

async fn linked(server: &TestServer) -> i64 {
    let body = json!({ "client_id": MARKET, "person": "ryan@example.com", "tokens": true });
    let token = post(server, "login", body).await["tokens"]["access_token"].as_str().unwrap().to_owned();
    server.me(&token).await.json()["id"].as_i64().unwrap()
}

fn claims(got: &Got) -> Value {
    Jws::parse(std::str::from_utf8(&got.body).unwrap()).unwrap().claims
}

#[tokio::test]
async fn any_webhook_can_be_triggered_seen_and_sent_again() {
    on_each_database(async |server| {
        let (inbox, user_id) = hooked(&server).await;
        for event in std::iter::once("unlink").chain(EventType::ALL.iter().map(|kind| kind.id())) {
            let sent =
                post(&server, "webhooks/trigger", json!({ "app": 2001, "user_id": user_id, "event": event })).await;
            deliver_due(&server.world.platform).await.unwrap();
            let [got] = &inbox.take()[..] else { panic!("one {event}") };
            if event == "unlink" {
                assert!(
                    String::from_utf8_lossy(&got.body)
                        .contains(&format!("user_id={user_id}&referrer_type=UNLINK_FROM_APPS"))
                );
            } else {
                assert!(claims(got)["events"].to_string().contains(&format!("/{event}\"")));
            }
            let delivery = get(&server, "deliveries").await;
            let delivery = delivery.as_array().unwrap().iter().find(|delivery| delivery["id"] == sent["id"]).unwrap();
            assert_eq!((&delivery["state"], &delivery["events"]), (&json!("delivered"), &json!([event])), "{delivery}");
        }
        let last = get(&server, "deliveries").await[0]["id"].clone();
        let again = post(&server, "deliveries/replay", json!({ "id": last })).await;
        assert_ne!(again["id"], last);
        deliver_due(&server.world.platform).await.unwrap();
        assert_eq!(inbox.take().len(), 1);
        for (path, body, part) in [
            ("webhooks/trigger", json!({ "app": 2001, "user_id": 5, "event": "unlink" }), "user_id: received"),
            ("webhooks/trigger", json!({ "app": 2001, "user_id": user_id, "event": "explode" }), "user-unlinked"),
            ("webhooks/trigger", json!({ "app": 1001, "user_id": 5, "event": "unlink" }), "user_id: received"),
            ("deliveries/replay", json!({ "id": "zz" }), "the ID of a delivery that is kept"),
        ] {
            let refused = control(&server, "POST", &format!("/control/v1/{path}"), body).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
        }
    })
    .await;
}

#[tokio::test]
async fn webhooks_come_late_twice_out_of_order_and_badly_signed() {
    on_each_database(async |server| {
        let (inbox, user_id) = hooked(&server).await;
        let trigger = async |event: &str| {
            post(&server, "webhooks/trigger", json!({ "app": 2001, "user_id": user_id, "event": event })).await;
            deliver_due(&server.world.platform).await.unwrap();
        };
        let rule = async |webhook: &str, delivery: Value| {
            post(&server, "faults", json!({ "webhook": webhook, "times": 1, "fault": { "delivery": delivery } })).await;
        };
        rule("unlink", json!({ "late": 600 })).await;
        trigger("unlink").await;
        assert!(inbox.take().is_empty(), "not yet");
        post(&server, "clock", json!({ "advance": 599 })).await;
        assert!(inbox.take().is_empty(), "not yet");
        post(&server, "clock", json!({ "advance": 1 })).await;
        assert_eq!(inbox.take().len(), 1);

        rule("account_status", json!("twice")).await;
        trigger("user-linked").await;
        let twice = inbox.take();
        assert_eq!(claims(&twice[0])["jti"], claims(&twice[1])["jti"]);
        assert_eq!(twice.len(), 2);

        rule("account_status", json!("out_of_order")).await;
        trigger("user-linked").await;
        assert!(inbox.take().is_empty(), "waits for the next");
        trigger("user-unlinked").await;
        deliver_due(&server.world.platform).await.unwrap();
        let order: Vec<String> = inbox.take().iter().map(|got| claims(got)["events"].to_string()).collect();
        assert!(
            order.len() == 2 && order[0].contains("user-unlinked") && order[1].contains("user-linked"),
            "{order:?}"
        );
        rule("account_status", json!("out_of_order")).await;
        trigger("user-linked").await;
        post(&server, "clock", json!({ "advance": 3600 })).await;
        assert_eq!(inbox.take().len(), 1, "none followed");

        rule("account_status", json!("bad_signature")).await;
        trigger("user-linked").await;
        let keys: kakaw_wire::oidc::Jwks =
            serde_json::from_str(&server.get("/.well-known/jwks.json").await.body).unwrap();
        let [bad] = &inbox.take()[..] else { panic!("one") };
        assert!(!Jws::parse(std::str::from_utf8(&bad.body).unwrap()).unwrap().is_signed_by(&keys.keys));
        rule("unlink", json!("bad_signature")).await;
        trigger("unlink").await;
        assert_eq!(inbox.take()[0].authorization, "KakaoAK 00000000000000000000000000000000");
        trigger("unlink").await;
        assert_eq!(inbox.take()[0].authorization, format!("KakaoAK {MARKET_ADMIN}"), "once was enough");
        for (rule, part) in [
            (json!({ "webhook": "unlink", "fault": { "status": 502 } }), "late, twice"),
            (json!({ "webhook": "unlink", "fault": { "status": 502, "delivery": "twice" } }), "only delivery"),
            (json!({ "webhook": "other", "fault": { "delivery": "twice" } }), "account_status"),
            (json!({ "webhook": "unlink", "fault": { "delivery": { "late": 0 } } }), "at least 1 second"),
            (json!({ "fault": { "delivery": "twice" } }), "requires webhook"),
            (json!({ "person": "nobody", "fault": { "status": 502 } }), "nobody"),
        ] {
            let refused = control(&server, "POST", "/control/v1/faults", rule.clone()).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{rule}: {}", refused.body);
        }
    })
    .await;
}
