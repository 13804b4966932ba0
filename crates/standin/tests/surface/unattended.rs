//! Tests of log-ins without pages: by values in the control API, and by text in the hint and the header.

use serde_json::{Value, json};

use crate::support::*;

async fn log_in(server: &TestServer, body: Value) -> Value {
    control(server, "POST", "/control/v1/login", body).await.json()
}

#[tokio::test]
async fn a_person_who_denies_is_denied_also_when_linked() {
    on_each_database(async |server| {
        let ryan = json!({ "client_id": PLAIN, "person": "ryan@example.com", "parameters": { "state": "s" } });
        assert!(log_in(&server, ryan.clone()).await["code"].is_string(), "linked now");
        assert!(log_in(&server, ryan.clone()).await["code"].is_string(), "nothing is left to ask");
        let mut denies = ryan.clone();
        denies["deny"] = json!(true);
        let denied = log_in(&server, denies).await;
        assert_eq!((&denied["error"], denied.get("code")), (&json!("access_denied"), None), "{denied}");
        assert_eq!(denied["error_description"], "User denied access", "as the button says it");
        assert_eq!(denied["state"], "s");
        let hinted = server.get(&authorize(PLAIN, "&login_hint=kakaw:ryan@example.com;deny")).await;
        let header = [("kakaw-login", "ryan@example.com; deny")];
        let by_header = Browser::default().get_with(&server, &authorize(PLAIN, ""), &header).await;
        // A person who would first be shown the account's own terms.
        let newcomer = server.get(&authorize(PLAIN, "&login_hint=kakaw:newcomer@example.com;deny")).await;
        for answer in [hinted, by_header, newcomer] {
            assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"), "{}", answer.body);
            assert_eq!(answer.parameter("code"), None);
        }
        assert!(log_in(&server, ryan).await["code"].is_string(), "the link is as it was");
    })
    .await;
}

#[tokio::test]
async fn a_log_in_id_is_not_read_as_an_instruction() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    for person in ["ryan@example.com;deny", "ryan@example.com;only=profile_nickname", " ryan@example.com;x"] {
        let refused = log_in(&server, json!({ "client_id": PLAIN, "person": person })).await;
        let expected = "person: there is no account with this login id";
        assert!(refused["error_description"].as_str().unwrap().contains(expected), "{refused}");
    }
    server.apply("[[people]]\nid = \"semi;deny\"\npassword = \"semi-password\"\n").await;
    assert!(log_in(&server, json!({ "client_id": PLAIN, "person": "semi;deny" })).await["code"].is_string());
}

#[tokio::test]
async fn a_hint_that_cannot_be_read_logs_nobody_in() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let ryan = json!({ "client_id": PLAIN, "person": "ryan@example.com" });
    assert!(log_in(&server, ryan.clone()).await["code"].is_string(), "linked now");
    for (hint, said) in [
        ("kakaw:ryan@example.com;denyy", "received &#34;denyy&#34; after the person; expected deny or only="),
        ("kakaw:ryan@example.com;only=nicknam", "only names &#34;nicknam&#34;"),
        ("kakaw:nobody", "there is no account with this login id"),
    ] {
        let page = server.get(&authorize(PLAIN, &format!("&login_hint={hint}"))).await;
        assert!(page.status == 400 && page.body.contains(said), "{hint}: {}", page.body);
    }
    let mut only = ryan;
    only["only"] = json!(["nicknam"]);
    let refused = log_in(&server, only).await;
    assert!(refused["error_description"].as_str().unwrap().contains("only names"), "{refused}");
}

#[tokio::test]
async fn without_a_client_id_the_only_app_is_used() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let refused = log_in(&server, json!({ "person": "ryan@example.com" })).await;
    let reason = refused["error_description"].as_str().unwrap();
    for part in ["client_id is missing", &format!("{REST} (Coffee Club)"), &format!("{PLAIN} (Plain)")] {
        assert!(reason.contains(part), "{part:?} is missing: {reason}");
    }
    let one = json!({ "name": "one", "world_file": include_str!("../../../kakaw/assets/sample_world.toml") });
    for world in [one, json!({ "name": "none" })] {
        assert_eq!(control(&server, "POST", "/control/v1/worlds", world).await.status, 200);
    }
    let ryan = json!({ "person": "ryan@example.com", "tokens": true });
    let done = control(&server, "POST", "/w/one/control/v1/login", ryan.clone()).await;
    assert!(done.json()["tokens"]["access_token"].is_string(), "{}", done.body);
    let none = control(&server, "POST", "/w/none/control/v1/login", ryan).await;
    assert!(none.body.contains("no app has a REST API key"), "{}", none.body);
}
