//! Tests of what `serve` does more strictly than Kakao Login.

use axum::http::StatusCode;
use kakaw_core::Span;
use kakaw_core::policy::Policy;

use crate::support::*;

async fn first(server: &TestServer, browser: &mut Browser) -> (String, serde_json::Value) {
    let back = server.walk(browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
    let code = back.parameter("code").unwrap();
    let tokens = server.exchange(PLAIN, &code).await.json();
    (code, tokens)
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_its_first_use_issued() {
    on_each_database_with(Policy::SERVE, async |server| {
        let (code, tokens) = first(&server, &mut Browser::default()).await;
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(server.me(access).await.status, StatusCode::OK);
        assert_eq!(server.exchange(JS, &code).await.json()["error_code"], "KOE114");
        assert_eq!(server.me(access).await.status, StatusCode::OK, "another key's try ends nothing");
        assert_eq!(server.exchange(PLAIN, &code).await.json()["error_code"], "KOE320");
        assert_eq!(server.me(access).await.json()["code"], -401);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(server.refresh(PLAIN, refresh).await.json()["error_code"], "KOE322");
    })
    .await;
}

#[tokio::test]
async fn an_outdated_refresh_token_gets_the_same_successor_for_a_moment_and_then_ends_the_log_in() {
    on_each_database_with(Policy::SERVE, async |server| {
        let (_, tokens) = first(&server, &mut Browser::default()).await;
        let old = tokens["refresh_token"].as_str().unwrap();
        server.world.place.clock.advance(Span::days(31));
        let next = server.refresh(PLAIN, old).await.json();
        let successor = next["refresh_token"].as_str().unwrap();
        server.world.place.clock.advance(Span::seconds(29));
        assert_eq!(server.refresh(PLAIN, old).await.json()["refresh_token"], successor, "the same successor");
        server.world.place.clock.advance(Span::seconds(1));
        assert_eq!(server.refresh(PLAIN, old).await.json()["error_code"], "KOE322");
        assert_eq!(server.refresh(PLAIN, successor).await.json()["error_code"], "KOE322", "the log-in has ended");
    })
    .await;
}

#[tokio::test]
async fn redirect_uri_is_required_at_the_exchange() {
    on_each_database_with(Policy::SERVE, async |server| {
        let mut browser = Browser::default();
        let back = server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let code = back.parameter("code").unwrap();
        let form = [("grant_type", "authorization_code"), ("client_id", PLAIN), ("code", code.as_str())];
        assert_eq!(server.token(&form).await.json()["error_code"], "KOE303");
    })
    .await;
}
