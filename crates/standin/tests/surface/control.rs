//! Tests of the control API: log-ins without pages, the clock, faults, the request log.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use kakaw_platform::http;
use kakaw_wire::Code;
use serde_json::{Value, json};

use crate::support::*;

async fn log_in(server: &TestServer, body: Value) -> Value {
    control(server, "POST", "/control/v1/login", body).await.json()
}

#[tokio::test]
async fn people_log_in_without_pages() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let done = log_in(&server, json!({ "client_id": MARKET, "person": "ryan@example.com", "tokens": true, "parameters": { "state": "s" } })).await;
        assert_eq!((&done["state"], &done["redirect"].as_str().unwrap()[..31]), (&json!("s"), "http://localhost:3000/callback?"), "{done}");
        let token = done["tokens"]["access_token"].as_str().unwrap();
        let me = server.me(token).await.json();
        assert_eq!(me["kakao_account"]["email"], "ryan@example.com", "agrees to all that is asked");
        server.api("POST", "/v1/user/unlink", token).await;
        let denied = log_in(&server, json!({ "client_id": MARKET, "person": "ryan@example.com", "deny": true })).await;
        assert_eq!((&denied["error"], denied.get("code")), (&json!("access_denied"), None));
        let only = json!(["profile_nickname", "use", "privacy"]);
        let some = log_in(&server, json!({ "client_id": MARKET, "person": "ryan@example.com", "only": only, "tokens": true })).await;
        assert_eq!(some["tokens"]["scope"], "profile_nickname openid", "{some}");
        // The same with an ordinary request.
        let back = server.get(&authorize(MARKET, "&login_hint=kakaw:ryan@example.com")).await;
        assert!(back.parameter("code").is_some(), "{}", back.body);
        let by_header = Browser::default().get_with(&server, &authorize(PLAIN, ""), &[("kakaw-login", "ryan@example.com;deny")]).await;
        assert_eq!(by_header.parameter("error").as_deref(), Some("access_denied"));
        for (body, part) in [
            (json!({ "client_id": MARKET, "person": "nobody" }), "no account with this login id"),
            (json!({ "client_id": "x", "person": "ryan@example.com" }), "Not exist client_id x"),
            (json!({ "client_id": PLAIN, "person": "blocked@example.com" }), "restricted"),
            (json!({ "clientid": "x" }), "clientid"),
        ] {
            let refused = control(&server, "POST", "/control/v1/login", body.clone()).await;
            assert!(refused.status.is_client_error() && refused.body.contains(part), "{body}: {}", refused.body);
        }
        let bare = server.post("/control/v1/login", &[]).await;
        assert!(bare.body.contains("Kakaw-Control"), "without the header: {}", bare.body);
    })
    .await;
}

#[tokio::test]
async fn serve_has_no_log_ins_without_pages_and_no_faults() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::SERVE).await;
    server.apply(PLATFORM).await;
    // The endpoints that `serve` runs: the platform's, without the layers of the stand-in.
    let server = TestServer { router: http::app(&server.world.platform), ..server };
    let page = server.get(&authorize(MARKET, "&login_hint=kakaw:ryan@example.com")).await;
    assert!(page.location().starts_with("/login"), "only a hint there");
    let rule = serde_json::from_value(json!({ "fault": { "status": 502 } })).unwrap();
    server.world.place.faults.add(rule);
    assert_eq!(server.me("x").await.status, 401);
    assert!(server.world.requests.list(&Default::default()).is_empty(), "nothing is written down");
    // In `serve`, the program has no control routes.
    let request = Request::get("/control/v1/clock").header("host", "localhost").header("kakaw-control", "1");
    assert_eq!(server.raw(request.body(Body::empty()).unwrap()).await.status(), 404);
}

#[tokio::test]
async fn the_clock_moves_and_what_is_due_happens_on_the_way() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let now = control(&server, "GET", "/control/v1/clock", Value::Null).await.json();
        assert_eq!(now, json!({ "now": "2026-11-20T03:00:00Z", "frozen": true }));
        let done = log_in(&server, json!({ "client_id": MANUAL, "person": "ryan@example.com", "tokens": true })).await;
        let token = done["tokens"]["access_token"].as_str().unwrap();
        let clock = async |body: Value| control(&server, "POST", "/control/v1/clock", body).await;
        assert_eq!(clock(json!({ "advance": 6 * 3600 })).await.json()["now"], "2026-11-20T09:00:00Z");
        assert_eq!(server.me(token).await.json()["msg"], "this access token is already expired");
        let before = server.admin(MANUAL_ADMIN, "GET", "/v1/user/ids", &[]).await.json();
        assert_eq!(clock(json!({ "set": "2026-11-22T03:00:00Z" })).await.json()["now"], "2026-11-22T03:00:00Z");
        let refreshed = server.refresh(MANUAL, done["tokens"]["refresh_token"].as_str().unwrap()).await;
        assert_eq!(refreshed.json()["error_code"], "KOE322", "unlinked after 24 hours: {before}");
        for (wrong, part) in [
            (json!({ "set": "2026-11-22T02:59:59Z" }), "forward"),
            (json!({ "set": "tomorrow" }), "RFC 3339"),
            (json!({ "advance": -1 }), "-1"),
            (json!({ "advance": 1, "set": "2030-01-01T00:00:00Z" }), "combined"),
        ] {
            assert!(clock(wrong.clone()).await.body.contains(part), "{wrong}");
        }
        assert_eq!(clock(json!({ "freeze": false })).await.json()["frozen"], false);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_ne!(
            control(&server, "GET", "/control/v1/clock", Value::Null).await.json()["now"],
            "2026-11-22T03:00:00Z"
        );
    })
    .await;
}

#[tokio::test]
async fn requests_are_written_down_without_their_secrets() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let tokens = server.tokens(&mut Browser::default(), SECRET_REST, "ryan@example.com", &ITEMS).await;
    let list =
        async |query: &str| control(&server, "GET", &format!("/control/v1/requests{query}"), Value::Null).await.json();
    let all = list("").await;
    let text = all.to_string();
    for secret in
        [SECRET, "ryan-password", tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap()]
    {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let paths: Vec<_> = all.as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/oauth/authorize", "/login", "/login", "/oauth/authorize", "/oauth/authorize", "/oauth/token"]);
    let last = all.as_array().unwrap().last().unwrap()["id"].as_u64().unwrap();
    // The wait starts before the exchange.
    let path = format!("/control/v1/requests/wait?after={last}&code=KOE320&timeout=5");
    let (found, _) = tokio::join!(control(&server, "GET", &path, Value::Null), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        server.exchange(REST, "nonsense").await
    });
    let found = found.json();
    assert_eq!((&found["status"], &found["code"], &found["app_key"]), (&json!(400), &json!("KOE320"), &json!(REST)));
    assert!(found["diagnosis"][0].as_str().unwrap().contains("no such code"), "{found}");
    assert_eq!(list(&format!("?after={last}&status=400")).await.as_array().unwrap().len(), 1);
    assert_eq!(
        control(&server, "GET", &format!("/control/v1/requests/wait?after={}&timeout=0", last + 1), Value::Null)
            .await
            .status,
        204
    );
    assert!(list("?paht=/x").await["error_description"].as_str().unwrap().contains("paht"));
    assert_eq!(control(&server, "DELETE", "/control/v1/requests", Value::Null).await.status, 204);
    assert_eq!(list("").await, json!([]));
}

#[tokio::test]
async fn every_error_of_the_catalogue_is_provoked_by_one_call() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    for code in Code::ALL {
        let path = if code.id().starts_with('-') {
            "/v2/user/me"
        } else if code.id().starts_with("KAE") {
            "/user/address"
        } else {
            "/oauth/token"
        };
        let rule = json!({ "path": path, "times": 1, "fault": { "error": code.id() } });
        let added = control(&server, "POST", "/control/v1/faults", rule).await;
        assert_eq!(added.status, 200, "{}", added.body);
        let answer = if path == "/oauth/token" { server.token(&[]).await } else { server.get(path).await };
        assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{code}: {}", answer.status);
        let json = answer.json();
        let shown = match path {
            "/v2/user/me" => json["code"].to_string(),
            "/user/address" => json["error_code"].as_str().unwrap_or_default().to_owned(),
            _ => json["error_code"].as_str().unwrap_or(code.id()).to_owned(),
        };
        assert_eq!(shown, code.id(), "{json}");
        if path == "/oauth/token" {
            assert!(json["error"].as_str().is_some_and(|error| !error.is_empty()), "{code}: {json}");
        }
    }
    let applied = control(&server, "GET", "/control/v1/faults", Value::Null).await.json();
    assert!(applied.as_array().unwrap().iter().all(|rule| rule["applied"] == 1));
    control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
    assert_eq!(server.me("x").await.json()["code"], -401, "and all is well again");
    for (wrong, part) in [
        (json!({ "fault": {} }), "is empty"),
        (json!({ "fault": { "error": "KOE999" } }), "KOE999"),
        (json!({ "fault": { "status": 200 } }), "500 to 599"),
        (json!({ "fault": { "status": 500 }, "probability": 2.0 }), "0 to 1"),
        (json!({ "falt": {} }), "falt"),
    ] {
        let refused = control(&server, "POST", "/control/v1/faults", wrong).await;
        assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
    }
}

#[tokio::test]
async fn answers_are_late_lost_cut_and_mistyped() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let inject = async |path: &str, fault: Value| {
        control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
        let rule = json!({ "path": path, "fault": fault });
        assert_eq!(control(&server, "POST", "/control/v1/faults", rule).await.status, 200);
    };
    inject("/v2", json!({ "latency_ms": 80, "spread_ms": 10 })).await;
    let started = std::time::Instant::now();
    server.me("x").await;
    assert!(started.elapsed().as_millis() >= 80);
    inject("/v2", json!({ "status": 502 })).await;
    let page = server.me("x").await;
    assert_eq!(
        (page.status.as_u16(), &page.headers["content-type"]),
        (502, &axum::http::HeaderValue::from_static("text/html"))
    );
    inject("/v2", json!({ "content_type": "text/plain" })).await;
    assert_eq!(server.me("x").await.headers["content-type"], "text/plain");
    let back =
        server.walk(&mut Browser::default(), &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
    let code = back.parameter("code").unwrap();
    let redirect = encode_value(CALLBACK);
    let exchange = async || {
        let body = format!("grant_type=authorization_code&client_id={PLAIN}&redirect_uri={redirect}&code={code}");
        let request = Request::post("/oauth/token")
            .header("host", "localhost:7700")
            .header("content-type", "application/x-www-form-urlencoded");
        server.raw(request.body(Body::from(body)).unwrap()).await.into_body().collect().await
    };
    inject("/oauth/token", json!({ "drop": "before" })).await;
    assert!(exchange().await.is_err(), "the connection breaks");
    inject("/oauth/token", json!({ "drop": "after" })).await;
    assert!(exchange().await.is_err(), "again");
    control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
    let again = server.exchange(PLAIN, &code).await;
    assert_eq!(again.json()["error_code"], "KOE320", "but this time the tokens were issued, and their reply was lost");
    inject("/v2", json!({ "cut": 10 })).await;
    let request = Request::get("/v2/user/me").header("host", "localhost:7700").body(Body::empty()).unwrap();
    let mut body = server.raw(request).await.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), 10);
    assert!(body.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn id_tokens_and_key_sets_are_wrong_on_demand() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let id_token = async |kind: &str| {
        control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
        if !kind.is_empty() {
            let rule = json!({ "path": "/oauth/token", "times": 1, "fault": { "id_token": kind } });
            control(&server, "POST", "/control/v1/faults", rule).await;
        }
        let body = json!({ "client_id": REST, "person": "ryan@example.com", "parameters": { "nonce": "n" } });
        let code = log_in(&server, body).await["code"].as_str().unwrap().to_owned();
        server.exchange(REST, &code).await.json()["id_token"].as_str().unwrap().to_owned()
    };
    let verified = async |token: &str| {
        let answer = server.post("/oauth/tokeninfo", &[("id_token", token)]).await.json();
        answer["error_code"].as_str().map_or(answer.clone(), |code| json!(code))
    };
    let good = verified(&id_token("").await).await;
    assert_eq!((&good["aud"], &good["nonce"]), (&json!(REST), &json!("n")));
    assert_eq!(verified(&id_token("expired").await).await, "KOE403");
    assert_eq!(verified(&id_token("bad_signature").await).await, "KOE402");
    assert_eq!(verified(&id_token("other_issuer").await).await, "KOE401");
    assert_eq!(verified(&id_token("other_audience").await).await["aud"], "another-app");
    assert_eq!(verified(&id_token("other_nonce").await).await["nonce"], "another-nonce");
    let keys = async || server.get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap().len();
    let all = keys().await;
    for (kind, left) in [("empty", 0), ("stale", all - 1)] {
        control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
        let rule = json!({ "path": "/.well-known/jwks.json", "fault": { "jwks": kind } });
        control(&server, "POST", "/control/v1/faults", rule).await;
        assert_eq!(keys().await, left, "{kind}");
    }
}

#[tokio::test]
async fn the_inspector_ties_a_log_in_together_and_mends_the_world() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        server.me(tokens["access_token"].as_str().unwrap()).await;
        // Another person's log-in in between is another flow.
        server.tokens(&mut Browser::default(), PLAIN, "child@example.com", &["profile_nickname"]).await;
        let renewed = server.refresh(REST, tokens["refresh_token"].as_str().unwrap()).await;
        server.me(renewed.json()["access_token"].as_str().unwrap()).await;
        server.me("nonsense").await;
        let all = server.world.requests.list(&Default::default());
        let of = |flow: u64| all.iter().filter(|one| one.flow == flow).map(|one| one.path.as_str()).collect::<Vec<_>>();
        let pages = ["/oauth/authorize", "/login", "/login", "/oauth/authorize", "/oauth/authorize", "/oauth/token"];
        assert_eq!(of(1), [&pages[..], &["/v2/user/me", "/oauth/token", "/v2/user/me"]].concat());
        assert_eq!(of(2), pages);
        assert_eq!(of(0), ["/v2/user/me"], "of nobody");

        let page = server.get("/inspector").await;
        assert!(page.body.contains("/assets/inspector.js"), "{}", page.body);
        assert_eq!(server.get("/assets/inspector.js").await.status, 200, "which is there");
        let request = Request::delete("/control/v1/clock").header("host", "localhost:7700");
        let wrong = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            wrong.json()["error_code"],
            "KOE002",
            "a wrong method is answered like any unknown URL: {}",
            wrong.body
        );
        let request = Request::get("/inspector/events").header("host", "localhost:7700");
        let mut stream = server.raw(request.body(Body::empty()).unwrap()).await.into_body();
        let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        let text = String::from_utf8_lossy(&first).into_owned();
        assert!(
            text.starts_with("data: {\"id\":1,\"flow\":1,") && text.matches("data: ").count() == all.len(),
            "{text}"
        );
        let foreign =
            Request::get("/inspector/events").header("host", "localhost:7700").header("sec-fetch-site", "same-site");
        assert_eq!(
            server.send(foreign.body(Body::empty()).unwrap()).await.status,
            400,
            "localhost:3000 is same-site with us"
        );

        let url = authorize(REST, "").replace("callback", "elsewhere");
        error_page(&server, &url, "KOE006").await;
        let id = server.world.requests.list(&Default::default()).last().unwrap().id;
        assert_eq!(control(&server, "POST", "/inspector/register", json!({ "id": id })).await.status, 204);
        assert!(browser.get(&server, &url).await.parameter("code").is_some(), "registered now");
        error_page(&server, &authorize(REST, "&scope=name"), "KOE205").await;
        let id = server.world.requests.list(&Default::default()).last().unwrap().id;
        assert_eq!(control(&server, "POST", "/inspector/register", json!({ "id": id })).await.status, 204);
        assert_ne!(server.get(&authorize(REST, "&scope=name")).await.status, 400);
        for (body, part) in
            [(json!({ "id": 1 }), "KOE006 and KOE205"), (json!({ "id": 99_999 }), "no request"), (json!({}), "id")]
        {
            assert!(control(&server, "POST", "/inspector/register", body).await.body.contains(part));
        }
        let bare = server.post("/inspector/register", &[]).await;
        assert!(bare.body.contains("Kakaw-Control"), "{}", bare.body);
    })
    .await;
}
