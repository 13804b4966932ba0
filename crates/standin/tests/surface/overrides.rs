//! Tests of what services can simulate with a stand-in: special people, overridden rules, changed keys, and the record
//! of it.

use kakaw_core::crypto::signing_key::Jws;
use kakaw_standin::presets::Preset;
use serde_json::{Value, json};

use crate::support::*;

pub async fn post(server: &TestServer, path: &str, body: Value) -> Value {
    let answer = control(server, "POST", &format!("/control/v1/{path}"), body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

pub async fn get(server: &TestServer, path: &str) -> Value {
    let answer = control(server, "GET", &format!("/control/v1/{path}"), Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Logs a person in. Returns the account as the app sees it, or the code of the refusal.
async fn account(server: &TestServer, person: &str) -> Value {
    let body = json!({ "client_id": REST, "person": person, "tokens": true });
    let done = control(server, "POST", "/control/v1/login", body).await;
    match done.json()["tokens"]["access_token"].as_str() {
        Some(token) => server.me(token).await.json()["kakao_account"].clone(),
        None => Value::String(done.body),
    }
}

#[tokio::test]
async fn presets_are_people_that_break_services() {
    on_each_database(async |server| {
        assert_eq!(get(&server, "presets").await.as_array().unwrap().len(), Preset::ALL.len());
        let make = async |preset: &str| post(&server, "presets", json!({ "preset": preset, "app": 1001 })).await;
        let seen = async |preset: &str| {
            let made = make(preset).await;
            account(&server, made["person"].as_str().unwrap()).await
        };
        let no_email = seen("no_email").await;
        assert_eq!((&no_email["has_email"], no_email.get("email")), (&json!(false), None), "{no_email}");
        assert_eq!(seen("unverified_email").await["is_email_verified"], false);
        assert_eq!(seen("invalid_email").await["is_email_valid"], false);
        let declined = seen("declined_email").await;
        assert_eq!((&declined["email_needs_agreement"], declined.get("email")), (&json!(true), None), "{declined}");
        assert_eq!(seen("no_profile").await["profile"]["is_default_nickname"], true);
        assert!(make("no_talk").await["user_id"].is_null());
        let export = control(&server, "GET", "/control/v1/export", Value::Null).await.body;
        let no_talk = export.split("[[people]]").find(|person| person.contains("\"no-talk\"")).unwrap();
        assert!(!no_talk.contains("talk = true") && !no_talk.contains("phone_number"), "{no_talk}");
        assert!(seen("restricted").await.as_str().unwrap().contains("restricted"));
        make("under_14").await;
        // An app for adults.
        let young =
            control(&server, "POST", "/control/v1/login", json!({ "client_id": ADULTS, "person": "under-14" })).await;
        assert!(young.body.contains("Not allowed under age 14"), "{}", young.body);
        server.apply(PLATFORM).await;
        let stranger =
            post(&server, "presets", json!({ "preset": "not_linked", "app": 2001, "login": "stranger" })).await;
        assert_eq!((&stranger["person"], stranger.get("user_id")), (&json!("stranger"), None));
        let pending = post(&server, "presets", json!({ "preset": "pre_registered", "app": 2001 })).await;
        let user_id = pending["user_id"].to_string();
        let fields = [("target_id_type", "user_id"), ("target_id", user_id.as_str())];
        let me = server.admin(MARKET_ADMIN, "POST", "/v2/user/me", &fields).await;
        assert!(me.json()["has_signed_up"] == false || me.json()["code"] == -102, "{}", me.body);
        let outside = make("not_team_member").await;
        let refused = account(&server, outside["person"].as_str().unwrap()).await;
        assert!(refused.as_str().unwrap().contains("KOE005"), "{refused}");
        for (body, part) in [
            (json!({ "preset": "no_shoes" }), "no_shoes"),
            (json!({ "preset": "no_email", "app": 7 }), "the ID of an app"),
        ] {
            let refused = control(&server, "POST", "/control/v1/presets", body).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_fault_can_be_of_one_person_or_app() {
    on_each_database(async |server| {
        let token = async |person: &str| {
            let body = json!({ "client_id": REST, "person": person, "tokens": true });
            post(&server, "login", body).await["tokens"].clone()
        };
        let (ryan, other) = (token("ryan@example.com").await, token("noemail").await);
        let me = async |tokens: &Value| server.me(tokens["access_token"].as_str().unwrap()).await.status.as_u16();
        post(&server, "faults", json!({ "person": "ryan@example.com", "fault": { "error": "-401" } })).await;
        assert_eq!((me(&ryan).await, me(&other).await), (401, 200));
        let refresh = async |tokens: &Value| {
            server.refresh(REST, tokens["refresh_token"].as_str().unwrap()).await.status.as_u16()
        };
        assert_eq!((refresh(&ryan).await, refresh(&other).await), (400, 200), "the person of a refresh token");
        let page = server.get(&authorize(REST, "&login_hint=kakaw:ryan@example.com")).await;
        assert!(page.body.contains("-401"), "{}", page.body);
        control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
        post(&server, "faults", json!({ "app_key": REST, "path": "/v2", "fault": { "status": 503 } })).await;
        assert_eq!(me(&other).await, 503, "the app of an access token");
    })
    .await;
}

#[tokio::test]
async fn rules_are_bent_and_restored() {
    on_each_database(async |server| {
        let login = async || {
            let body = json!({ "client_id": REST, "person": "ryan@example.com", "tokens": true });
            post(&server, "login", body).await["tokens"].clone()
        };
        assert_eq!(get(&server, "policy").await["refresh_rotation"], "last_month");
        post(&server, "policy", json!({ "access_token_lifetime": 60, "refresh_rotation": "always" })).await;
        let short = login().await;
        assert_eq!(short["expires_in"], 59);
        let access = short["access_token"].as_str().unwrap();
        assert_eq!(server.me(access).await.status, 200);
        post(&server, "clock", json!({ "advance": 60 })).await;
        assert_eq!(server.me(access).await.json()["code"], -401);
        let refresh = async |tokens: &Value| {
            let answer = server.refresh(REST, tokens["refresh_token"].as_str().unwrap()).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        };
        let replaced = refresh(&short).await;
        assert_ne!(replaced["refresh_token"], short["refresh_token"]);
        let outdated = server.refresh(REST, short["refresh_token"].as_str().unwrap()).await;
        assert_eq!(outdated.json()["error_code"], "KOE322");
        post(&server, "policy", json!({ "refresh_rotation": "never" })).await;
        post(&server, "clock", json!({ "advance": 40 * 86_400 })).await;
        assert!(refresh(&replaced).await.get("refresh_token").is_none(), "in its last month, and kept");
        post(&server, "policy", json!({ "refresh_rotation": "last_month", "access_token_lifetime": 0 })).await;
        assert!(refresh(&replaced).await["refresh_token"].is_string());
        assert_eq!(login().await["expires_in"], 6 * 3600 - 1);

        let on_another_port = authorize(REST, "").replace("3000", "5173");
        error_page(&server, &on_another_port, "KOE006").await;
        post(&server, "policy", json!({ "any_local_port": true })).await;
        let hint = format!("{on_another_port}&login_hint=kakaw:ryan@example.com");
        assert!(server.get(&hint).await.location().starts_with("http://localhost:5173/callback?code="));
        error_page(&server, &on_another_port.replace("localhost", "evil.example"), "KOE006").await;
        post(&server, "reset", Value::Null).await;
        error_page(&server, &on_another_port, "KOE006").await;
        for (body, part) in [
            (json!({ "access_token_lifetime": 1 }), "2 seconds"),
            (json!({ "code_lifetime": 601 }), "1 to 600"),
            (json!({ "refresh_grace": -1 }), "0 seconds"),
            (json!({ "refresh_rotation": "sometimes" }), "last_month"),
            (json!({ "acess_token_lifetime": 5 }), "acess_token_lifetime"),
        ] {
            let refused = control(&server, "POST", "/control/v1/policy", body).await;
            assert!(refused.status == 400 && refused.body.contains(part), "{}", refused.body);
        }
    })
    .await;
}

#[tokio::test]
async fn the_state_of_people_can_be_seen() {
    on_each_database(async |server| {
        let ryan = async || {
            let all = get(&server, "people").await;
            all.as_array().unwrap().iter().find(|person| person["person"] == "ryan@example.com").unwrap().clone()
        };
        assert_eq!((&ryan().await["sessions"], &ryan().await["links"]), (&json!(0), &json!([])));
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        let seen = ryan().await;
        assert_eq!(seen["sessions"], 1);
        let link = &seen["links"][0];
        assert_eq!(
            (&link["app"], &link["connected"], &link["grants"]),
            (&json!(1001), &json!(true), &json!(1)),
            "{seen}"
        );
        assert!(link["scopes"].as_array().unwrap().contains(&json!("account_email")));
        server.call("/v1/user/logout", tokens["access_token"].as_str().unwrap(), &[]).await;
        assert_eq!(ryan().await["links"][0]["grants"], 0, "logged out of the app, and not of the account");
        assert_eq!(ryan().await["sessions"], 1);
        post(&server, "people/unlink", json!({ "app": 1001, "user_id": link["user_id"] })).await;
        let seen = ryan().await;
        assert_eq!(
            (&seen["links"][0]["connected"], &seen["links"][0]["scopes"]),
            (&json!(false), &json!([])),
            "{seen}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_diagnosis_names_what_services_mix_up() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let tokens = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let last = async || get(&server, "requests").await.as_array().unwrap().last().unwrap()["diagnosis"].to_string();
    for (code, part) in [
        (text("access_token"), "looks like an access token"),
        (text("refresh_token"), "refresh token"),
        ("a.b.c".to_owned(), "looks like an ID token"),
        (" x".to_owned(), "white space"),
    ] {
        assert_eq!(server.exchange(REST, &code).await.json()["error_code"], "KOE320");
        assert!(last().await.contains(part), "{}", last().await);
    }
    // Used twice: by which client and when.
    let body = json!({ "client_id": REST, "person": "ryan@example.com" });
    let code = post(&server, "login", body).await["code"].as_str().unwrap().to_owned();
    let form = [("grant_type", "authorization_code"), ("client_id", REST), ("redirect_uri", CALLBACK), ("code", &code)];
    let first = axum::http::Request::post("/oauth/token").header("host", "localhost").header("user-agent", "first/1.0");
    let first = first.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.send(first.body(axum::body::Body::from(encode(&form))).unwrap()).await.status, 200);
    server.token(&form).await;
    let diagnosis = last().await;
    assert!(
        diagnosis.contains("redeemed 0 ms ago by the same key") && diagnosis.contains("sent by first/1.0"),
        "{diagnosis}"
    );
    let secret = async |secret: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", SECRET_REST),
            ("code", "x"),
            ("client_secret", secret),
        ];
        server.token(&form).await;
        last().await
    };
    assert!(secret("s3cret ").await.contains("white space"));
    assert!(secret("wrong").await.contains("client_secret is wrong\""));
    let json = axum::http::Request::post("/oauth/token")
        .header("host", "localhost")
        .header("content-type", "application/json");
    let sent = json!({ "grant_type": "authorization_code", "client_id": REST }).to_string();
    server.send(json.body(axum::body::Body::from(sent)).unwrap()).await;
    assert!(last().await.contains("application/json; expected application/x-www-form-urlencoded"), "{}", last().await);
}

#[tokio::test]
async fn every_step_of_a_log_in_says_what_was_decided() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
        server.me(tokens["access_token"].as_str().unwrap()).await;
        server.refresh(REST, tokens["refresh_token"].as_str().unwrap()).await;
        browser.get(&server, &authorize(REST, "")).await;
        browser.get(&server, &authorize(REST, "&prompt=login")).await;
        Browser::default().get(&server, &authorize(REST, "&prompt=none")).await;
        let all = get(&server, "requests").await;
        let said = all.as_array().unwrap().iter().filter_map(|exchange| exchange["decision"].as_str());
        let said: Vec<&str> = said.collect();
        let expected = [
            "the log-in page: nobody is logged in in this browser",
            "the consent screen: profile_nickname",
            "a code for ryan@example.com (profile_nickname, account_email): agreed now to",
            "issued, with a new refresh token",
            "returned data of ryan@example.com",
            "refreshed: the refresh token goes on",
            "a code for ryan@example.com (profile_nickname, account_email): nothing was left to ask",
            "the log-in page: the request asks to log in again",
            "the app is told login_required",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said} / {expected}");
        }
    })
    .await;
}

#[tokio::test]
async fn keys_rotate_and_old_tokens_verify() {
    on_each_database(async |server| {
        let id_token = async || {
            let parameters = json!({ "scope": "openid" });
            let body =
                json!({ "client_id": REST, "person": "ryan@example.com", "tokens": true, "parameters": parameters });
            post(&server, "login", body).await["tokens"]["id_token"].as_str().unwrap().to_owned()
        };
        let keys = async || {
            serde_json::from_str::<kakaw_wire::oidc::Jwks>(&server.get("/.well-known/jwks.json").await.body)
                .unwrap()
                .keys
        };
        let (before, old) = (keys().await, id_token().await);
        let kid = post(&server, "keys/rotate", Value::Null).await["kid"].clone();
        let new = id_token().await;
        let new = Jws::parse(&new).unwrap();
        assert_eq!(json!(new.header.kid), kid);
        assert!(!new.is_signed_by(&before), "who kept the set must fetch it again");
        let after = keys().await;
        assert!(new.is_signed_by(&after) && Jws::parse(&old).unwrap().is_signed_by(&after));
    })
    .await;
}

#[tokio::test]
async fn the_log_is_counted_and_exported_for_other_tools() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let tokens = server.tokens(&mut Browser::default(), REST, "ryan@example.com", &ITEMS).await;
    let access = tokens["access_token"].as_str().unwrap();
    server.me(access).await;
    server
        .token(&[
            ("grant_type", "refresh_token"),
            ("client_id", SECRET_REST),
            ("refresh_token", "it's wrong"),
            ("client_secret", "hunter2-hunter2"),
        ])
        .await;
    assert_eq!(get(&server, "requests/count?path=/v2/user/me").await["count"], 1);
    assert_eq!(get(&server, "requests/count?status=302&path=/oauth/authorize").await["count"], 1);
    let har = get(&server, "requests/har").await;
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len() as u64, get(&server, "requests/count").await["count"].as_u64().unwrap());
    let text = har.to_string();
    for secret in [access, tokens["refresh_token"].as_str().unwrap(), "ryan-password", "hunter2-hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(!text.to_lowercase().contains("\"cookie\""), "no cookies at all");
    let me = entries.iter().find(|entry| entry["request"]["url"] == "http://localhost:7700/v2/user/me").unwrap();
    assert_eq!(me["response"]["status"], 200);
    assert!(me["request"]["headers"].to_string().contains("Bearer "), "{me}");
    let last = entries.last().unwrap();
    assert!(
        last["comment"].as_str().unwrap().contains("KOE")
            && last["request"]["postData"]["params"].as_array().unwrap().len() == 4,
        "{last}"
    );
    // A log-in without pages is a log-in: its calls belong together.
    let done = post(&server, "login", json!({ "client_id": REST, "person": "ryan@example.com", "tokens": true })).await;
    server.me(done["tokens"]["access_token"].as_str().unwrap()).await;
    server.refresh(REST, done["tokens"]["refresh_token"].as_str().unwrap()).await;
    let all = get(&server, "requests").await;
    let [.., me, refresh] = &all.as_array().unwrap()[..] else { panic!("two") };
    assert!(me["flow"].as_u64() > Some(0) && me["flow"] == refresh["flow"], "{me} {refresh}");
    let id = all
        .as_array()
        .unwrap()
        .iter()
        .find(|exchange| exchange["parameters"].to_string().contains("hunt"))
        .unwrap()["id"]
        .clone();
    let curl = get(&server, &format!("requests/{id}/curl")).await["curl"].as_str().unwrap().to_owned();
    assert!(curl.starts_with("curl -i -X POST 'http://localhost:7700/oauth/token'"), "{curl}");
    assert!(
        curl.contains("--data-urlencode 'grant_type=refresh_token'") && !curl.contains("hunter2-hunter2"),
        "{curl}"
    );
    assert_eq!(control(&server, "GET", "/control/v1/requests/9999/curl", Value::Null).await.status, 400);
}

#[tokio::test]
async fn other_machines_need_the_token_and_pages_of_others_get_nothing() {
    let start = async |token: Option<&str>| {
        let mut world = TestServer::world(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
        world.control_token = token.map(|token| kakaw_core::crypto::secret::Secret::new(token.to_owned()));
        TestServer::of(world).await
    };
    let ask = async |server: &TestServer, from: [u8; 4], headers: &[(&str, &str)]| {
        let mut request = axum::http::Request::get("/control/v1/export").header("host", "localhost:7700");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        server.raw_from(from, request.body(axum::body::Body::empty()).unwrap()).await.status().as_u16()
    };
    let (ours, theirs) = ([127, 0, 0, 1], [10, 0, 0, 9]);
    let open = start(None).await;
    assert_eq!(ask(&open, ours, &[("kakaw-control", "1")]).await, 200);
    assert_eq!(ask(&open, theirs, &[("kakaw-control", "1")]).await, 400, "no token, no other machines");
    assert_eq!(ask(&open, ours, &[]).await, 400);
    assert_eq!(
        ask(&open, ours, &[("kakaw-control", "1"), ("origin", "http://localhost:3000")]).await,
        400,
        "same-site, and another origin"
    );
    assert_eq!(ask(&open, ours, &[("kakaw-control", "1"), ("origin", "http://localhost:7700")]).await, 200);
    let guarded = start(Some("correct-horse")).await;
    assert_eq!(ask(&guarded, theirs, &[("kakaw-control", "correct-horse")]).await, 200);
    assert_eq!(ask(&guarded, theirs, &[("kakaw-control", "correct-hors")]).await, 400);
    assert_eq!(ask(&guarded, ours, &[("kakaw-control", "1")]).await, 200, "this machine needs none");
}
