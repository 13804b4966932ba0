//! Tests of many worlds in one process, and of snapshots.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_standin::worlds::Worlds;
use kakaw_standin::{dispatch, endpoints};
use serde_json::{Value, json};

use crate::support::*;

/// Makes a copy of the test world.
async fn copy(server: &TestServer, name: &str) -> Value {
    let made = control(server, "POST", "/control/v1/worlds", json!({ "name": name, "copy_of": "default" })).await;
    assert_eq!(made.status, 200, "{}", made.body);
    made.json()
}

async fn token_in(server: &TestServer, path: &str) -> Value {
    let body =
        json!({ "client_id": REST, "person": "ryan@example.com", "tokens": true, "parameters": { "scope": "openid" } });
    let done = control(server, "POST", &format!("{path}/control/v1/login"), body).await;
    assert_eq!(done.status, 200, "{}", done.body);
    done.json()["tokens"].clone()
}

fn claims(id_token: &Value) -> Value {
    let part = id_token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn me_at(server: &TestServer, path: &str, token: &Value) -> u16 {
    server.api("GET", &format!("{path}/v2/user/me"), token.as_str().unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn each_world_has_its_own_url_clock_keys_and_people() {
    on_each_database(async |server| {
        let a = copy(&server, "a").await;
        assert_eq!((&a["name"], &a["base_url"]), (&json!("a"), &json!("http://localhost:7700/w/a")));
        copy(&server, "b").await;
        let (ours, theirs) = (token_in(&server, "").await, token_in(&server, "/w/a").await);
        // Keys belong to a world, and so do tokens.
        let tried = [("", &ours), ("/w/a", &theirs), ("/w/a", &ours), ("", &theirs), ("/w/b", &theirs)];
        let mut seen = Vec::new();
        for (path, tokens) in tried {
            seen.push(me_at(&server, path, &tokens["access_token"]).await);
        }
        assert_eq!(seen, [200, 200, 401, 401, 401]);
        assert_eq!(claims(&theirs["id_token"])["iss"], "http://localhost:7700/w/a");
        let discovery = server.get("/w/a/.well-known/openid-configuration").await.json();
        assert_eq!(discovery["issuer"], "http://localhost:7700/w/a");
        assert_eq!(discovery["token_endpoint"], "http://localhost:7700/w/a/oauth/token");
        let keys = |answer: Answer| {
            answer.json()["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let (first, other) =
            (keys(server.get("/.well-known/jwks.json").await), keys(server.get("/w/a/.well-known/jwks.json").await));
        assert!(other.iter().all(|kid| !first.contains(kid)), "{first:?} {other:?}");
        let known = server.post("/w/a/oauth/tokeninfo", &[("id_token", theirs["id_token"].as_str().unwrap())]).await;
        assert_eq!(known.json()["iss"], "http://localhost:7700/w/a", "{}", known.body);
        // Clock and people.
        control(&server, "POST", "/w/a/control/v1/clock", json!({ "advance": 86_400 })).await;
        assert_eq!(
            (me_at(&server, "/w/a", &theirs["access_token"]).await, me_at(&server, "", &ours["access_token"]).await),
            (401, 200)
        );
        control(&server, "POST", "/w/a/control/v1/people/delete", json!({ "login": "ryan@example.com" })).await;
        assert_ne!(token_in(&server, "/w/b").await, Value::Null);
        // A copy of a world with a moved clock has a moved clock.
        let made = control(&server, "POST", "/control/v1/worlds", json!({ "copy_of": "a" })).await.json();
        let of = |path: String| async {
            let path = path;
            control(&server, "GET", &path, Value::Null).await.json()["now"].clone()
        };
        assert_eq!(
            of(format!("/w/{}/control/v1/clock", made["name"].as_str().unwrap())).await,
            of("/w/a/control/v1/clock".to_owned()).await
        );
        // By host as well.
        let request = Request::get("/.well-known/openid-configuration").header("host", "b.localhost:7700");
        assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.json()["issuer"], "http://b.localhost:7700");
        // Its first page has no sample service, and through Kakao's hosts its URL is still this machine's.
        let page = server.get("/w/b/").await.body;
        assert!(page.contains("/w/b/inspector") && !page.contains("/demo"), "{page}");
        let request = Request::get("/control/v1/worlds").header("host", "kauth.kakao.com").header("kakaw-control", "1");
        let seen = server.send(request.body(Body::empty()).unwrap()).await.json();
        assert_eq!(seen[1]["base_url"], "http://localhost:7700/w/a", "{seen}");
        // The list, and deleting a world.
        let list = control(&server, "GET", "/control/v1/worlds", Value::Null).await.json();
        assert_eq!(
            list.as_array().unwrap().iter().map(|world| world["name"].as_str().unwrap()).collect::<Vec<_>>(),
            ["default", "a", "b", made["name"].as_str().unwrap()]
        );
        assert_eq!(control(&server, "DELETE", "/control/v1/worlds/a", Value::Null).await.status, 204);
        let gone = server.get("/w/a/oauth/authorize").await;
        assert!(gone.status == 404 && gone.body.contains(r#"no world \"a\""#), "{}", gone.body);
    })
    .await;
}

#[tokio::test]
async fn a_browser_walks_through_a_world_below_a_path() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    copy(&server, "walk").await;
    let mut browser = Browser::default();
    let first = browser.get(&server, &format!("/w/walk{}", authorize(REST, "&state=s"))).await;
    let login = first.location();
    assert!(login.starts_with("/w/walk/login?continue=%2Foauth%2Fauthorize"), "{login}");
    let cookie = first.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Path=/w/walk;"), "{cookie}");
    let page = browser.get(&server, &login).await;
    let action = |page: &Answer| {
        page.body
            .split("action=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    };
    assert!(
        action(&page).starts_with("/w/walk/login?") && page.body.contains("href=\"/w/walk/assets/kakaw.css\""),
        "{}",
        page.body
    );
    let form = hidden(&page.body);
    let form = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
    let back = browser.post(&server, &action(&page), &form).await;
    assert!(back.location().starts_with("/w/walk/oauth/authorize?"), "{}", back.location());
    let page = browser.get(&server, &back.location()).await;
    assert!(action(&page).starts_with("/w/walk/oauth/authorize?"), "{}", page.body);
    let form = hidden(&page.body);
    let form = [
        ("kakaw_form", form.as_str()),
        ("decision", "accept"),
        ("scope", "profile_nickname"),
        ("scope", "account_email"),
    ];
    let done = browser.post(&server, &action(&page), &form).await;
    assert!(done.parameter("code").is_some() && done.location().starts_with(CALLBACK), "{}", done.location());
}

#[tokio::test]
async fn worlds_are_empty_or_of_a_file_and_bad_requests_are_refused() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let create = async |body: Value| control(&server, "POST", "/control/v1/worlds", body).await;
    let empty = create(Value::Null).await.json();
    let below = format!("/w/{}", empty["name"].as_str().unwrap());
    assert_eq!(control(&server, "GET", &format!("{below}/control/v1/export"), Value::Null).await.body.trim(), "");
    let file = "[[people]]\nid = \"only\"\npassword = \"only-password\"\n";
    assert_eq!(create(json!({ "name": "filed", "world_file": file })).await.status, 200);
    assert!(control(&server, "GET", "/w/filed/control/v1/export", Value::Null).await.body.contains("\"only\""));
    // A world file as JSON.
    let body = json!({ "people": [{ "id": "json", "password": "json-password" }] }).to_string();
    let request = Request::post("/w/filed/control/v1/apply").header("host", "localhost").header("kakaw-control", "1");
    let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
    assert_eq!(server.send(request).await.status, 204);
    assert!(control(&server, "GET", "/w/filed/control/v1/export", Value::Null).await.body.contains("\"json\""));
    for (body, part) in [
        (json!({ "name": "filed" }), "already"),
        (json!({ "name": "default" }), "already"),
        (json!({ "name": "No Such" }), "a–z"),
        (json!({ "name": "x".repeat(64) }), "1 to 63"),
        (json!({ "copy_of": "nobody" }), "no world"),
        (json!({ "world_file": "[[peeple]]" }), "did you mean `people`"),
        (json!({ "nam": "x" }), "nam"),
    ] {
        let refused = create(body.clone()).await;
        assert!(refused.status == 400 && refused.body.contains(part), "{body}: {}", refused.body);
    }
    let count = control(&server, "GET", "/control/v1/worlds", Value::Null).await.json().as_array().unwrap().len();
    assert_eq!(count, 3, "what was refused made nothing");
    for (name, part) in [("default", "ends with the process"), ("nobody", "no world")] {
        let refused = control(&server, "DELETE", &format!("/control/v1/worlds/{name}"), Value::Null).await;
        assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
    }
    // A prefix that a client sets itself is ignored.
    let request = Request::get("/.well-known/openid-configuration")
        .header("host", "localhost")
        .header("x-forwarded-prefix", "/w/evil");
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.json()["issuer"], "http://localhost");
}

#[tokio::test]
async fn a_world_restores_a_snapshot() {
    on_each_database(async |server| {
        let kept = token_in(&server, "").await;
        let now = async || control(&server, "GET", "/control/v1/clock", Value::Null).await.json()["now"].clone();
        let before = now().await;
        assert_eq!(control(&server, "POST", "/control/v1/snapshots", Value::Null).await.json()["name"], "saved");
        let lost = token_in(&server, "").await;
        server.edit("name = \"Coffee Club\"", "name = \"Busan Cafe\"").await;
        let page = server.consent_page(&mut Browser::default(), &authorize(REST, ""), "noemail").await;
        assert!(page.body.contains("Busan Cafe"), "{}", page.body);
        control(&server, "POST", "/control/v1/clock", json!({ "advance": 7 * 86_400 })).await;
        assert_eq!(me_at(&server, "", &kept["access_token"]).await, 401, "expired");
        assert_eq!(control(&server, "POST", "/control/v1/restore", Value::Null).await.status, 204);
        assert_eq!(now().await, before);
        assert_eq!(
            (me_at(&server, "", &kept["access_token"]).await, me_at(&server, "", &lost["access_token"]).await),
            (200, 401)
        );
        assert!(control(&server, "GET", "/control/v1/export", Value::Null).await.body.contains("Coffee Club"));
        // The same version with other settings: nothing may be cached of the one that was undone.
        server.edit("name = \"Coffee Club\"", "name = \"Jeju Cafe\"").await;
        let page = server.consent_page(&mut Browser::default(), &authorize(REST, ""), "noemail").await;
        assert!(page.body.contains("Jeju Cafe") && !page.body.contains("Busan Cafe"), "{}", page.body);
        // The start.
        control(&server, "POST", "/control/v1/faults", json!({ "fault": { "status": 502 } })).await;
        assert_eq!(control(&server, "POST", "/control/v1/reset", Value::Null).await.status, 204);
        assert_eq!(me_at(&server, "", &kept["access_token"]).await, 401);
        assert_eq!(server.world.requests.list(&Default::default()).len(), 1, "the log begins again");
        let names = control(&server, "GET", "/control/v1/snapshots", Value::Null).await.json();
        assert!(names["start"].as_u64() > Some(10) && names["saved"].as_u64() > names["start"].as_u64(), "{names}");
        for (path, body, part) in [
            ("/control/v1/restore", json!({ "snapshot": "nothing" }), "no snapshot"),
            ("/control/v1/snapshots", json!({ "name": "start" }), "not"),
            ("/control/v1/restore", json!({ "name": "saved" }), "snapshot"),
        ] {
            let refused = control(&server, "POST", path, body).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_further_worlds_first_id_token_waits_for_no_key() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let first = Arc::clone(&server.world);
    let worlds = Worlds::new(Arc::clone(&first), endpoints::of(first), endpoints::of, 7700, Default::default());
    let router = dispatch::every(Arc::clone(&worlds));
    let server = TestServer { router, world: Arc::clone(&server.world) };
    copy(&server, "first").await;
    let began = Instant::now();
    while worlds.keys().ready() < 5 {
        assert!(began.elapsed() < Duration::from_secs(60), "the stock is not filled");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut kids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        copy(&server, name).await;
        let tokens = token_in(&server, &format!("/w/{name}")).await;
        assert!(claims(&tokens["id_token"])["iss"].as_str().unwrap().ends_with(name));
        let set = server.get(&format!("/w/{name}/.well-known/jwks.json")).await.json();
        kids.extend(set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()));
    }
    assert_eq!(worlds.keys().made_on_demand(), 0, "nobody waited");
    kids.sort();
    kids.dedup();
    assert_eq!(kids.len(), 5, "each world has a key of its own");
}
