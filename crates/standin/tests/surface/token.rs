//! Tests of `POST /oauth/token` and `/oauth/tokeninfo`.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kakaw_core::Span;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn token_errors_t301_t303_t304_t305_t306_t307_t308_t309_t310() {
    on_each_database(async |server| {
        let check = async |form: &[(&str, &str)], status: u16, error: &str, text: &str, code: Option<&str>| {
            let answer = server.token(form).await;
            let mut expected = json!({ "error": error, "error_description": text });
            if let Some(code) = code {
                expected["error_code"] = json!(code);
            }
            assert_eq!((answer.status.as_u16(), answer.json()), (status, expected), "{form:?}");
            assert_eq!(answer.headers["content-type"], "application/json;charset=UTF-8");
        };
        let code_grant = ("grant_type", "authorization_code");
        check(&[code_grant, ("client_id", "nope")], 401, "invalid_client", "Not exist client_id nope", Some("KOE101"))
            .await;
        check(&[code_grant], 401, "invalid_client", "Not exist client_id [null]", Some("KOE101")).await;
        check(
            &[code_grant, ("client_id", SECRET_REST)],
            401,
            "invalid_client",
            "Bad client credentials",
            Some("KOE010"),
        )
        .await;
        check(
            &[code_grant, ("client_id", SECRET_REST), ("client_secret", "x")],
            401,
            "invalid_client",
            "Bad client credentials",
            Some("KOE010"),
        )
        .await;
        check(&[("client_id", REST)], 400, "invalid_request", "grant_type is missing", Some("KOE310")).await;
        check(
            &[("grant_type", "password")],
            400,
            "unsupported_grant_type",
            "unsupported grant_type: password",
            Some("KOE310"),
        )
        .await;
        check(
            &[("grant_type", "refresh_token"), ("client_id", REST)],
            400,
            "invalid_grant",
            "refresh token is blank",
            Some("KOE319"),
        )
        .await;
        check(
            &[code_grant, ("client_id", REST), ("code", "")],
            400,
            "invalid_grant",
            "authorization code not found for code=",
            Some("KOE320"),
        )
        .await;
        check(
            &[("grant_type", "refresh_token"), ("client_id", REST), ("refresh_token", "x")],
            400,
            "invalid_grant",
            "expired_or_invalid_refresh_token",
            Some("KOE322"),
        )
        .await;
        check(&[code_grant, ("client_id", OFF)], 400, "misconfigured", "Kakao Login is not activated", Some("KOE004"))
            .await;
        let mut browser = Browser::default();
        let code = server
            .walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS)
            .await
            .parameter("code")
            .unwrap();
        check(
            &[code_grant, ("client_id", JS), ("code", &code)],
            401,
            "invalid_client",
            "Application ID mismatch",
            Some("KOE114"),
        )
        .await;
        let wrong = [code_grant, ("client_id", REST), ("code", &code), ("redirect_uri", "http://localhost:3000/x")];
        check(&wrong, 400, "invalid_grant", "Redirect URI mismatch.", Some("KOE303")).await;
        check(&wrong, 400, "invalid_grant", &format!("authorization code not found for code={code}"), Some("KOE320"))
            .await;
        let json = Request::post("/oauth/token")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap();
        assert_eq!(server.send(json).await.json()["error"], "invalid_request");
        let basic = Request::post("/oauth/token")
            .header("host", "localhost")
            .header("authorization", "Basic eDp5")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = server
            .send(basic.body(Body::from(format!("grant_type=authorization_code&client_id={SECRET_REST}"))).unwrap())
            .await;
        assert_eq!(answer.json()["error_code"], "KOE010");
    })
    .await;
}

#[tokio::test]
async fn a_code_lives_ten_minutes_and_is_good_once() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let code = server
            .walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS)
            .await
            .parameter("code")
            .unwrap();
        assert!(!code.to_lowercase().contains("error"));
        let first = server.exchange(REST, &code).await;
        assert_eq!(first.status, StatusCode::OK);
        assert_eq!(server.exchange(REST, &code).await.json()["error_code"], "KOE320");
        assert_eq!(
            server.me(first.json()["access_token"].as_str().unwrap()).await.status,
            StatusCode::OK,
            "the first log-in goes on"
        );
        let late = browser.get(&server, &authorize(REST, "")).await.parameter("code").unwrap();
        server.world.place.clock.advance(Span::minutes(10));
        assert_eq!(server.exchange(REST, &late).await.json()["error_code"], "KOE320");
    })
    .await;
}

/// One of many concurrent attempts.
type Attempt =
    dyn Fn(std::sync::Arc<TestServer>) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

#[tokio::test]
async fn sixty_four_exchanges_of_one_code_and_rotations_of_one_token_have_one_winner() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        let server = std::sync::Arc::new(server);
        let race = async |work: std::sync::Arc<Attempt>| {
            let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(work(std::sync::Arc::clone(&server)))).collect();
            let mut winners = Vec::new();
            for task in tasks {
                let answer = task.await.unwrap();
                if answer.status == StatusCode::OK {
                    winners.push(answer.json());
                } else {
                    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
                }
            }
            assert_eq!(winners.len(), 1);
            winners.remove(0)
        };
        let tokens = race(std::sync::Arc::new(move |s| {
            let code = code.clone();
            Box::pin(async move { s.exchange(PLAIN, &code).await })
        }))
        .await;
        assert_eq!(server.me(tokens["access_token"].as_str().unwrap()).await.status, StatusCode::OK);
        server.world.place.clock.advance(Span::days(31));
        let old = tokens["refresh_token"].as_str().unwrap().to_owned();
        let rotated = race(std::sync::Arc::new(move |s| {
            let old = old.clone();
            Box::pin(async move { s.refresh(PLAIN, &old).await })
        }))
        .await;
        assert_eq!(server.me(rotated["access_token"].as_str().unwrap()).await.status, StatusCode::OK);
        assert_eq!(server.refresh(PLAIN, rotated["refresh_token"].as_str().unwrap()).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn f15_tokens_live_as_long_as_their_key_says_and_rotate_in_the_last_month() {
    on_each_database(async |server| {
        for (key, lifetime) in [(REST, 21_600), (JS, 7_200), (NATIVE, 43_200)] {
            let tokens = server.tokens(&mut Browser::default(), key, "ryan@example.com", &ITEMS).await;
            assert_eq!(
                (tokens["expires_in"].as_i64(), tokens["refresh_token_expires_in"].as_i64()),
                (Some(lifetime - 1), Some(5_183_999))
            );
            assert_eq!(
                (tokens["token_type"].as_str(), tokens["scope"].as_str()),
                (Some("bearer"), Some("profile_nickname account_email openid"))
            );
            let access = tokens["access_token"].as_str().unwrap();
            server.world.place.clock.advance(Span::seconds(lifetime - 1));
            assert_eq!(server.me(access).await.status, StatusCode::OK);
            server.world.place.clock.advance(Span::seconds(1));
            let expired = server.me(access).await;
            assert_eq!(
                (expired.status.as_u16(), expired.json()),
                (401, json!({ "msg": "this access token is already expired", "code": -401 }))
            );
            let renewed = server.refresh(key, tokens["refresh_token"].as_str().unwrap()).await.json();
            assert!(renewed.get("refresh_token").is_none() && renewed.get("id_token").is_some(), "{renewed}");
            server.world.place.clock.advance(Span::days(60));
            assert_eq!(
                server.refresh(key, tokens["refresh_token"].as_str().unwrap()).await.json()["error_code"],
                "KOE322"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn pkce_accepts_standard_base64_verifiers_and_refuses_the_rest() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        // 86 characters of standard base64, as the Android SDK makes them. Any SHA-256 tool gives its challenge.
        let verifier = format!("{}+/", "Ab3/".repeat(21));
        let challenge = kakaw_core::crypto::secret::hash(&verifier);
        for (sent, status) in [(Some(verifier.as_str()), 200), (None, 400), (Some("wrong"), 400)] {
            let url = authorize(PLAIN, &format!("&code_challenge={challenge}&code_challenge_method=S256"));
            let code = browser.get(&server, &url).await.parameter("code").unwrap();
            let mut form = vec![("grant_type", "authorization_code"), ("client_id", PLAIN), ("code", &code)];
            form.extend(sent.map(|verifier| ("code_verifier", verifier)));
            let answer = server.token(&form).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        }
        let code = browser.get(&server, &authorize(PLAIN, "")).await.parameter("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", PLAIN),
            ("code", code.as_str()),
            ("code_verifier", "x"),
        ];
        assert_eq!(server.token(&form).await.json()["error"], "invalid_grant");
    })
    .await;
}

#[tokio::test]
async fn t400_t401_t402_t403_id_tokens_are_verified() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(REST, ""), "ryan@example.com", &ITEMS).await;
        let code = browser.get(&server, &authorize(REST, "&nonce=n-1")).await.parameter("code").unwrap();
        let token = server.exchange(REST, &code).await.json()["id_token"].as_str().unwrap().to_owned();
        let inspect = async |token: &str| server.post("/oauth/tokeninfo", &[("id_token", token)]).await.json();
        let claims = inspect(&token).await;
        assert_eq!(
            (claims["nonce"].as_str(), claims["aud"].as_str(), claims["email"].as_str()),
            (Some("n-1"), Some(REST), Some("ryan@example.com"))
        );
        assert_eq!((claims["iss"].as_str(), claims["sub"].is_string()), (Some("http://localhost:7700"), true));
        assert_eq!(inspect("x").await["error_code"], "KOE400");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        assert_eq!(inspect(&format!("{signed}.{flipped}{}", &signature[1..])).await["error_code"], "KOE402");
        let other_host = Request::post("/oauth/tokeninfo")
            .header("host", "127.0.0.1:1")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("id_token={token}")))
            .unwrap();
        assert_eq!(server.send(other_host).await.status, StatusCode::OK, "every issuer of this world");
        let foreign = kakaw_core::crypto::signing_key::SigningKey::generate().unwrap();
        let mut evil = claims.clone();
        evil["iss"] = json!("https://evil.example");
        let evil = foreign.sign(&serde_json::from_value(evil).unwrap()).unwrap();
        assert_eq!(inspect(&evil).await["error_code"], "KOE401");
        let mut parts: Vec<&str> = token.split('.').collect();
        let other = kakaw_core::crypto::signing_key::SigningKey::generate()
            .unwrap()
            .sign(&serde_json::from_value(claims.clone()).unwrap())
            .unwrap();
        let signature = other.rsplit('.').next().unwrap().to_owned();
        parts[2] = &signature;
        assert_eq!(inspect(&parts.join(".")).await["error_code"], "KOE402");
        server.world.place.clock.advance(Span::hours(6));
        assert_eq!(inspect(&token).await["error_code"], "KOE403");
        let keys = server.get("/.well-known/jwks.json").await.json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    })
    .await;
}

/// What HTTP clients send when their caller passes no data: content type and body.
const NO_DATA: [(Option<&str>, &str); 8] = [
    // requests.post(url), fetch(url, { method: "POST" })
    (None, ""),
    // axios.post(url), axios.post(url, null, { params })
    (Some("application/x-www-form-urlencoded"), ""),
    // axios.post(url, {}, { params }), requests.post(url, json={})
    (Some("application/json"), "{}"),
    // axios 0.x with a form's content type and an empty object
    (Some("application/x-www-form-urlencoded"), "{}"),
    (Some("application/json;charset=UTF-8"), " { } \n"),
    (Some("application/json"), "null"),
    (Some("text/plain;charset=UTF-8"), ""),
    (Some("multipart/form-data; boundary=x"), "--x--\r\n"),
];

fn post_to(path: &str, kind: Option<&str>, body: &str) -> Request<Body> {
    let request = Request::post(path).header("host", "localhost:7700");
    let request = match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    request.body(Body::from(body.to_owned())).unwrap()
}

/// Returns the decision and the diagnosis of the last request in the log.
fn last_of(server: &TestServer) -> String {
    let all = server.world.requests.list(&Default::default());
    let last = all.last().expect("a request");
    format!("{} {}", last.decision.clone().unwrap_or_default(), last.diagnosis.join("; "))
}

#[tokio::test]
async fn parameters_in_the_query_are_read_when_the_body_holds_nothing() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        for (kind, body) in NO_DATA {
            let back =
                server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
            let code = back.parameter("code").unwrap();
            let form = [
                ("grant_type", "authorization_code"),
                ("client_id", PLAIN),
                ("redirect_uri", CALLBACK),
                ("code", code.as_str()),
            ];
            let url = format!("/oauth/token?{}", encode(&form));
            let first = server.send(post_to(&url, kind, body)).await;
            assert_eq!(first.status, StatusCode::OK, "{kind:?} {body:?}: {}", first.body);
            assert!(last_of(&server).contains("the parameters came in the query"), "{}", last_of(&server));
            let log = server.world.requests.list(&Default::default());
            assert!(!format!("{log:?}").contains(&code), "the code is masked");
            assert!(log.last().unwrap().flow > 0, "it belongs to its log-in");
            let again = server.send(post_to(&url, kind, body)).await;
            assert_eq!(again.json()["error_code"], "KOE320");
            let diagnosis = last_of(&server);
            assert!(
                diagnosis.contains("redeemed") && diagnosis.contains("the parameters came in the query"),
                "{diagnosis}"
            );
        }
        // A body that is not empty is the only source.
        let url = "/oauth/token?grant_type=refresh_token&refresh_token=x";
        let mixed = server.send(post_to(url, Some("application/x-www-form-urlencoded"), &format!("client_id={PLAIN}")));
        assert_eq!(mixed.await.json()["error_code"], "KOE310");
        assert!(last_of(&server).contains("beside a body with other parameters"), "{}", last_of(&server));
    })
    .await;
}

#[tokio::test]
async fn parameters_in_the_query_are_refused_by_setting_and_koe310_says_what_came_instead() {
    on_each_database_with(kakaw_core::policy::Policy::SERVE, async |server| {
        let form = format!("grant_type=refresh_token&client_id={PLAIN}&refresh_token=hush-hush");
        for (kind, body) in NO_DATA {
            let refused = server.send(post_to(&format!("/oauth/token?{form}"), kind, body)).await;
            let expected =
                json!({ "error": "invalid_request", "error_description": "grant_type is missing", "error_code": "KOE310" });
            assert_eq!((refused.status.as_u16(), refused.json()), (400, expected), "{kind:?} {body:?}");
            assert!(last_of(&server).contains("policy.token_parameters_in_query is off"), "{}", last_of(&server));
        }
        let json = format!("{{\"grant_type\":\"refresh_token\",\"client_id\":\"{PLAIN}\",\"refresh_token\":\"hush-hush\"}}");
        for (kind, body, part) in [
            (Some("application/json"), json.as_str(), "Content-Type is application/json; expected application/x-www"),
            (Some("application/x-www-form-urlencoded"), json.as_str(), "the body is JSON although Content-Type says form"),
            (Some("text/plain"), form.as_str(), "Content-Type is text/plain; expected application/x-www"),
            (None, form.as_str(), "no Content-Type; expected application/x-www"),
            (Some("multipart/form-data; boundary=x"), "--x\r\n\r\n\r\n--x--", "Content-Type is multipart/form-data"),
            (None, "", "the request has no parameters"),
        ] {
            let refused = server.send(post_to("/oauth/token", kind, body)).await;
            assert_eq!(refused.json()["error_code"], "KOE310", "{kind:?}: {}", refused.body);
            assert!(last_of(&server).contains(part), "{part}: {}", last_of(&server));
        }
        let log = format!("{:?}", server.world.requests.list(&Default::default()));
        assert!(!log.contains("hush-hush"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn a_token_request_by_get_says_that_it_must_be_a_post() {
    on_each_database(async |server| {
        let refused = server.get(&format!("/oauth/token?grant_type=refresh_token&client_id={PLAIN}")).await;
        assert_eq!((refused.status.as_u16(), refused.json()["error_code"].as_str()), (404, Some("KOE002")));
        assert!(refused.body.contains("nearest: POST /oauth/token)"), "{}", refused.body);
        assert!(last_of(&server).contains("/oauth/token exists; send it as POST"), "{}", last_of(&server));
    })
    .await;
}
