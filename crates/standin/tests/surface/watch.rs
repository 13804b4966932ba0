//! Tests of counting and waiting for exchanges in a stand-in's log.

use serde_json::{Value, json};

use crate::overrides::{get, post};
use crate::support::*;

#[tokio::test]
async fn exchanges_are_counted_by_person_app_parameter_status_and_code() {
    on_each_database(async |server| {
        let ryan = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
        let other = json!({ "client_id": REST, "person": "child@example.com", "tokens": true });
        let other = post(&server, "login", other).await["tokens"].clone();
        control(&server, "DELETE", "/control/v1/requests", Value::Null).await;
        for tokens in [&ryan, &other, &ryan] {
            server.me(tokens["access_token"].as_str().unwrap()).await;
        }
        server.exchange(SECRET_REST, "nonsense").await;
        server.admin(ADMIN, "GET", "/v1/user/ids", &[]).await;
        server.get(&format!("/oauth/authorize?client_id={ADULTS}&state=a,b.c&response_type=code")).await;
        let count = async |query: &str| get(&server, &format!("requests/count?{query}")).await["count"].clone();
        for (query, expected) in [
            ("path=/v2/user/me", 3),
            ("path=/v2/user/me&person=ryan@example.com", 2),
            ("person=child@example.com&status=200", 1),
            ("person=blocked@example.com", 0),
            // By token, by client_id and by admin key.
            ("app=1001", 5),
            ("app=1001&path=/v1/user/ids", 1),
            ("app=1001&person=ryan@example.com&status=401", 0),
            ("parameters.state=a,b.c", 1),
            ("parameters.state=a", 0),
            ("parameters.grant_type=authorization_code&code=KOE320", 1),
            ("parameters.grant_type=authorization_code&code=KOE303", 0),
            ("parameters.grant_type=authorization_code&parameters.client_id=1123456789abcdef0123456789abcdef", 1),
            // Only the first letters of a secret are kept.
            ("parameters.code=nonsense", 1),
            ("parameters.code=something", 0),
        ] {
            assert_eq!(count(query).await, expected, "{query}: {}", get(&server, "requests").await);
        }
        let first = get(&server, "requests?path=/v2/user/me").await[0].clone();
        assert_eq!((&first["person"], &first["app"]), (&json!("ryan@example.com"), &json!(1001)));
        for (query, part) in [
            ("person=nobody@example.com", "there is no account with"),
            ("app=Coffee", "not an app id"),
            ("status=70000", "not an HTTP status"),
            ("parameter=state", "parameters.NAME"),
        ] {
            let path = format!("/control/v1/requests/count?{query}");
            let refused = control(&server, "GET", &path, Value::Null).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{query}: {}", refused.body);
        }
    })
    .await;
}

#[tokio::test]
async fn waiting_takes_the_same_filter() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let log_in = async |person: &str| {
        let body = json!({ "client_id": REST, "person": person, "tokens": true });
        post(&server, "login", body).await["tokens"]["access_token"].as_str().unwrap().to_owned()
    };
    let (ryan, other) = (log_in("ryan@example.com").await, log_in("child@example.com").await);
    let path = "/control/v1/requests/wait?person=child@example.com&app=1001&timeout=5";
    let (found, ()) = tokio::join!(control(&server, "GET", path, Value::Null), async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        server.me(&ryan).await;
        server.me(&other).await;
    });
    let found = found.json();
    assert_eq!((&found["person"], &found["id"]), (&json!("child@example.com"), &json!(2)), "{found}");
}
