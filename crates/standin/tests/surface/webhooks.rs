//! Tests of webhooks: who is notified of what, how often, and what happens when a receiver does not answer.

use kakaw_core::Span;
use kakaw_core::app::webhooks::WebhookKind;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_core::crypto::signing_key::Jws;
use kakaw_platform::deliver::deliver_due;
use kakaw_platform::jobs;
use kakaw_platform::manage::{self, Actor, DeleteAccount, Resume, Unlink, WebhookState};
use kakaw_wire::event::{EventType, UnlinkReason};
use kakaw_wire::oidc::Jwks;
use serde_json::{Value, json};

use crate::receiver::*;
use crate::support::*;

const EVERYTHING: &str = "\"user-linked\", \"user-unlinked\", \"user-scope-consent\", \"user-scope-withdraw\", \
     \"tokens-revoked\", \"token-issued\", \"token-revoked\", \"account-disabled\", \"account-enabled\", \
     \"account-purged\", \"identifier-changed\", \"identifier-recycled\", \"sessions-revoked\", \"credential-change\", \
     \"user-profile-changed\"";

async fn log_in(server: &TestServer, items: &[&str]) -> (i64, String) {
    let terms = ["use", "privacy"];
    let back =
        server.walk_with(&mut Browser::default(), &authorize(MARKET, ""), "ryan@example.com", items, &terms, &[]).await;
    let token = token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await);
    (server.me(&token).await.json()["id"].as_i64().unwrap(), token)
}

/// Returns the events of an inbox: type and claims. It verifies every signature with the published keys.
async fn events(server: &TestServer, inbox: &Inbox) -> Vec<(String, Value)> {
    let keys: Jwks = serde_json::from_str(&server.get("/.well-known/jwks.json").await.body).unwrap();
    let read = |got: Got| {
        assert_eq!(
            (got.method.as_str(), got.kind.as_str(), got.authorization.as_str()),
            ("POST", "application/secevent+jwt", "")
        );
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        let token = Jws::parse(&text).unwrap();
        assert!(token.is_signed_by(&keys.keys) && token.header.typ == "secevent+jwt");
        let uri = token.claims["events"].as_object().unwrap().keys().next().unwrap().clone();
        (uri.rsplit('/').next().unwrap().to_owned(), token.claims)
    };
    inbox.take().into_iter().map(read).collect()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn the_unlink_webhook_is_called_for_every_reason_but_the_apps_own() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        for method in ["GET", "POST"] {
            server.apply(&world(&format!("{method:<4}/hook"), "", address)).await;
            for reason in UnlinkReason::ALL {
                let (user_id, token) = log_in(&server, &MARKET_ITEMS).await;
                if *reason == UnlinkReason::UnlinkFromService {
                    assert_eq!(server.api("POST", "/v1/user/unlink", &token).await.status, 200);
                } else {
                    Unlink { app: 2001, user_id, reason: *reason }
                        .run(&server.world.platform, &Actor::Platform, None)
                        .await
                        .unwrap();
                }
                assert_eq!(server.me(&token).await.json()["code"], -401, "it was ended before anybody was told");
                deliver_due(&server.world.platform).await.unwrap();
                let got = inbox.take();
                if !reason.triggers_unlink_webhook() {
                    assert!(got.is_empty(), "{reason:?}: {got:?}");
                    continue;
                }
                let fields = format!("app_id=2001&user_id={user_id}&referrer_type={}", reason.id());
                let [got] = &got[..] else { panic!("one notice: {got:?}") };
                assert_eq!((got.method.as_str(), &*got.authorization), (method, &*format!("KakaoAK {MARKET_ADMIN}")));
                if method == "GET" {
                    assert_eq!(got.uri, format!("/hook?{fields}"));
                } else {
                    assert_eq!(
                        (got.kind.as_str(), &got.body[..]),
                        ("application/x-www-form-urlencoded", fields.as_bytes())
                    );
                }
            }
        }
        let nobody = Unlink { app: 2001, user_id: 1, reason: UnlinkReason::UnlinkFromApps };
        assert!(nobody.run(&server.world.platform, &Actor::Platform, None).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn an_unfinished_sign_up_and_a_deleted_account_cause_notices() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        let hook = format!("automatic_link = false\nwebhooks.unlink = {{ url = \"http://{address}/hook\" }}\n");
        server.apply(&PLATFORM.replacen("automatic_link = false\n", &hook, 1)).await;
        server.tokens(&mut Browser::default(), MANUAL, "ryan@example.com", &["profile_nickname"]).await;
        server.world.place.clock.advance(Span::days(1));
        jobs::sweep(&server.world.platform).await.unwrap();
        deliver_due(&server.world.platform).await.unwrap();
        let got = inbox.take();
        assert!(String::from_utf8_lossy(&got[0].body).ends_with("referrer_type=INCOMPLETE_SIGN_UP"), "{got:?}");
        let tokens = server.tokens(&mut Browser::default(), MANUAL, "ryan@example.com", &["profile_nickname"]).await;
        let request = DeleteAccount { login: "ryan@example.com".to_owned(), reason: UnlinkReason::AccountDelete };
        request.run(&server.world.platform, &Actor::Platform, None).await.unwrap();
        deliver_due(&server.world.platform).await.unwrap();
        assert!(String::from_utf8_lossy(&inbox.take()[0].body).ends_with("referrer_type=ACCOUNT_DELETE"));
        assert_eq!(server.me(tokens["access_token"].as_str().unwrap()).await.json()["code"], -401);
        assert!(request.run(&server.world.platform, &Actor::Platform, None).await.is_err(), "the account is gone");
        let target = format!("/login?continue={}", encode_value(&authorize(PLAIN, "")));
        let mut browser = Browser::default();
        let page = browser.get(&server, &target).await;
        let form =
            [("kakaw_form", &*hidden(&page.body)), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        assert_eq!(browser.post(&server, &target, &form).await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn events_report_the_life_of_a_person_in_an_app() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        let text = world("", EVERYTHING, address);
        server.apply(&text).await;
        let items = ["profile_nickname", "account_email", "account_status"];
        let (id, token) = log_in(&server, &items).await;
        deliver_due(&server.world.platform).await.unwrap();
        let first = events(&server, &inbox).await;
        assert_eq!(names(&first), ["token-issued", "user-linked", "user-scope-consent"]);
        for (_, claims) in &first {
            assert_eq!((&claims["iss"], &claims["aud"]), (&json!("http://localhost:7700"), &json!(MARKET)));
            assert_eq!((&claims["sub"], &claims["app_id"]), (&json!(id.to_string()), &json!("2001")));
            assert!(
                claims.get("exp").is_none() && claims["txn"] == claims["txm"] && claims["jti"].is_string(),
                "{claims}"
            );
        }
        let consent = &first.iter().find(|(name, _)| name == "user-scope-consent").unwrap().1["events"];
        let consent = &consent["https://schemas.openid.net/secevent/oauth/event-type/user-scope-consent"];
        assert_eq!(consent["scopes"], json!(["profile_nickname", "account_email", "account_status"]));
        assert_eq!(
            consent["subject"],
            json!({ "subject_type": "iss-sub", "iss": "http://localhost:7700", "sub": id.to_string() })
        );
        let received = async |expected: &[&str]| {
            deliver_due(&server.world.platform).await.unwrap();
            let events = events(&server, &inbox).await;
            assert_eq!(names(&events), expected);
            events
        };
        server.call("/v2/user/revoke/scopes", &token, &[("scopes", "[\"account_email\"]")]).await;
        received(&["user-scope-withdraw"]).await;
        server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"")).await;
        received(&["user-profile-changed"]).await;
        server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"\nrestricted = true")).await;
        received(&["account-disabled"]).await;
        server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"")).await;
        received(&["account-enabled"]).await;
        server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"\nemail_valid = false")).await;
        received(&["identifier-recycled"]).await;
        let password =
            text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"").replace("\"ryan-password\"", "\"another\"");
        server.apply(&password).await;
        received(&["credential-change", "sessions-revoked", "tokens-revoked"]).await;
        server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Brian\"")).await;
        received(&["credential-change", "sessions-revoked", "tokens-revoked"]).await;
        let (_, token) = log_in(&server, &items).await;
        server.api("POST", "/v1/user/logout", &token).await;
        received(&["token-issued", "token-revoked"]).await;
        let target = [("target_id_type", "user_id"), ("target_id", &*id.to_string())];
        server.admin(MARKET_ADMIN, "POST", "/v1/user/logout", &target).await;
        received(&["tokens-revoked"]).await;
        server.admin(MARKET_ADMIN, "POST", "/v1/user/unlink", &target).await;
        let unlinked = received(&["tokens-revoked", "user-unlinked"]).await;
        assert!(
            unlinked[0].1.to_string().contains("UNLINK_FROM_SERVICE")
                || unlinked[1].1.to_string().contains("UNLINK_FROM_SERVICE")
        );
        log_in(&server, &items).await;
        inbox.take();
        deliver_due(&server.world.platform).await.unwrap();
        inbox.take();
        DeleteAccount { login: "ryan@example.com".to_owned(), reason: UnlinkReason::ForcedAccountDelete }
            .run(&server.world.platform, &Actor::Platform, None)
            .await
            .unwrap();
        received(&["account-purged", "tokens-revoked", "user-unlinked"]).await;
    })
    .await;
}

#[tokio::test]
async fn another_address_is_another_identifier() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        server.apply(&world("", "\"identifier-changed\"", address)).await;
        let person = |email: &str| {
            format!("[[people]]\nid = \"noemail\"\nemail = \"{email}\"\npassword = \"noemail-password\"\nnickname = \"Noel\"\n")
        };
        server.apply(&person("first@example.com")).await;
        let items = ["profile_nickname", "account_status"];
        let terms = ["use", "privacy"];
        server.walk_with(&mut Browser::default(), &authorize(MARKET, ""), "noemail", &items, &terms, &[]).await;
        server.apply(&person("second@example.com")).await;
        deliver_due(&server.world.platform).await.unwrap();
        assert_eq!(names(&events(&server, &inbox).await), ["identifier-changed"]);
    })
    .await;
}

#[tokio::test]
async fn subscriptions_permission_and_consent_decide_which_events_are_sent() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        let status = ["profile_nickname", "account_status"];
        let change = async |text: &str| {
            server.apply(&text.replace("nickname = \"Ryan\"", "nickname = \"Ryan\"\nrestricted = true")).await;
            server.apply(text).await;
            deliver_due(&server.world.platform).await.unwrap();
            names(&events(&server, &inbox).await).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let all = world("", EVERYTHING, address);
        server.apply(&all).await;
        let (_, token) = log_in(&server, &["profile_nickname"]).await;
        inbox.take();
        deliver_due(&server.world.platform).await.unwrap();
        inbox.take();
        assert_eq!(change(&all).await, [""; 0], "RISC needs the person's consent");
        server.api("POST", "/v1/user/unlink", &token).await;
        log_in(&server, &status).await;
        deliver_due(&server.world.platform).await.unwrap();
        inbox.take();
        assert_eq!(change(&all).await, ["account-disabled", "account-enabled"]);
        assert_eq!(change(&all.replace("\"OIDC_SSE_SUPPORTED\"", "")).await, [""; 0], "and the app's permission");
        assert_eq!(change(&world("", "\"account-enabled\"", address)).await, ["account-enabled"], "and a subscription");
        assert_eq!(change(PLATFORM).await, [""; 0], "and a webhook");
    })
    .await;
}

#[tokio::test]
async fn events_are_tried_again_with_the_same_jti_and_unlinks_are_not() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        server.apply(&world("POST/hook", "\"user-linked\"", address)).await;
        inbox.answer(400);
        let (user_id, _) = log_in(&server, &MARKET_ITEMS).await;
        Unlink { app: 2001, user_id, reason: UnlinkReason::UnlinkFromApps }
            .run(&server.world.platform, &Actor::Platform, None)
            .await
            .unwrap();
        let mut jtis = Vec::new();
        // Ten seconds, half a minute, two minutes, … with a fifth of jitter.
        for pause in [0, 12, 36, 144, 720, 4320, 25_920, 103_680, 200_000] {
            server.world.place.clock.advance(Span::seconds(pause));
            assert_eq!(
                deliver_due(&server.world.platform).await.unwrap(),
                if pause == 0 { 2 } else { usize::from(pause < 200_000) },
                "{pause}"
            );
            jtis.extend(inbox.take().into_iter().filter(|got| got.uri == "/events").map(|got| jti(&got)));
        }
        assert_eq!(jtis.len(), 8);
        jtis.dedup();
        assert_eq!(jtis.len(), 1, "the same at every try: {jtis:?}");
        let states = manage::webhook_states(&server.world.platform).await.unwrap();
        let of = |kind: WebhookKind| states.iter().find(|state| state.webhook == kind).unwrap().clone();
        assert_eq!((of(WebhookKind::Unlink).failed, of(WebhookKind::AccountStatus).failed), (1, 1));
        assert_eq!(
            of(WebhookKind::AccountStatus).last.as_deref(),
            Some("400, and 202 was expected (invalid_key: no such key)")
        );
        inbox.answer(202);
        log_in(&server, &MARKET_ITEMS).await;
        deliver_due(&server.world.platform).await.unwrap();
        assert_eq!(
            manage::webhook_states(&server.world.platform)
                .await
                .unwrap()
                .iter()
                .find(|s| s.webhook == WebhookKind::AccountStatus)
                .unwrap()
                .failures,
            0
        );
    })
    .await;
}

fn jti(got: &Got) -> String {
    let text = String::from_utf8(got.body.to_vec()).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_that_fails_again_and_again_is_paused_visibly_and_resumed() {
    on_each_database(async |server| {
        let (inbox, address) = receiver().await;
        server.apply(&world("POST/hook", "", address)).await;
        inbox.answer(500);
        let failed_unlink = async || {
            let (user_id, _) = log_in(&server, &MARKET_ITEMS).await;
            Unlink { app: 2001, user_id, reason: UnlinkReason::UnlinkFromApps }
                .run(&server.world.platform, &Actor::Platform, None)
                .await
                .unwrap();
            deliver_due(&server.world.platform).await.unwrap();
            manage::webhook_states(&server.world.platform).await.unwrap().remove(0)
        };
        for failures in 1..=20 {
            let state = failed_unlink().await;
            assert_eq!(
                (state.failures, state.state),
                (failures, if failures < 20 { WebhookState::InUse } else { WebhookState::Paused })
            );
        }
        inbox.take();
        let paused = failed_unlink().await;
        assert_eq!(
            (inbox.all().len(), paused.held, paused.state),
            (0, 1, WebhookState::Paused),
            "nothing is sent, nothing is lost"
        );
        inbox.answer(200);
        assert!(
            Resume { app: 1001, webhook: WebhookKind::Unlink }
                .run(&server.world.platform, &Actor::Platform, None)
                .await
                .is_err()
        );
        Resume { app: 2001, webhook: WebhookKind::Unlink }
            .run(&server.world.platform, &Actor::Platform, None)
            .await
            .unwrap();
        deliver_due(&server.world.platform).await.unwrap();
        assert_eq!(inbox.take().len(), 1, "what was held goes out");
        let state = manage::webhook_states(&server.world.platform).await.unwrap().remove(0);
        assert_eq!((state.state, state.held, state.failures), (WebhookState::InUse, 0, 0));
        // Another URL also starts without failures.
        inbox.answer(500);
        for _ in 0..21 {
            failed_unlink().await;
        }
        inbox.answer(200);
        server.apply(&world("POST/moved", "", address)).await;
        inbox.take();
        deliver_due(&server.world.platform).await.unwrap();
        assert_eq!(inbox.take().iter().map(|got| got.uri.clone()).collect::<Vec<_>>(), ["/moved"]);
    })
    .await;
}

#[tokio::test]
async fn receivers_have_three_seconds_and_are_not_followed() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let (inbox, address) = receiver().await;
    for (path, result) in [("/slow", "no answer within 3 seconds"), ("/away", "302, and 200 was expected")] {
        server.apply(&world(&format!("POST{path}"), "", address)).await;
        let (user_id, _) = log_in(&server, &MARKET_ITEMS).await;
        Unlink { app: 2001, user_id, reason: UnlinkReason::UnlinkFromApps }
            .run(&server.world.platform, &Actor::Platform, None)
            .await
            .unwrap();
        let started = std::time::Instant::now();
        deliver_due(&server.world.platform).await.unwrap();
        assert!(started.elapsed() < Duration::from_millis(3900), "{:?}", started.elapsed());
        let state = manage::webhook_states(&server.world.platform).await.unwrap().remove(0);
        assert_eq!(state.last.as_deref(), Some(result));
    }
    assert_eq!(inbox.take().iter().map(|got| got.uri.clone()).collect::<Vec<_>>(), ["/slow", "/away"]);
}

#[tokio::test]
async fn serve_sends_to_the_public_internet_only() {
    let mut world = TestServer::world(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    world.platform.webhooks =
        Arc::new(kakaw_platform::outgoing::Client::new(kakaw_platform::outgoing::Options::default()));
    let server = TestServer::of(world).await;
    let (inbox, address) = receiver().await;
    // Such a URL is refused when it is set …
    let text = self::world("POST/hook", "", address);
    let file = kakaw_platform::manage::world_file::parse(&text, "w").unwrap();
    let error =
        kakaw_platform::manage::world_file::apply(&server.world.platform, &Actor::Platform, &file).await.unwrap_err();
    assert!(format!("{error:#}").contains("https"), "{error:#}");
    // … and a host name with such an address, when it is resolved.
    let named = text.replace(&format!("http://{address}"), &format!("https://localhost:{}", address.port()));
    server.apply(&named).await;
    let (user_id, _) = log_in(&server, &MARKET_ITEMS).await;
    Unlink { app: 2001, user_id, reason: UnlinkReason::UnlinkFromApps }
        .run(&server.world.platform, &Actor::Platform, None)
        .await
        .unwrap();
    deliver_due(&server.world.platform).await.unwrap();
    let state = manage::webhook_states(&server.world.platform).await.unwrap().remove(0);
    assert!(state.last.as_deref().unwrap_or_default().contains("not an address of the public internet"), "{state:?}");
    assert!(inbox.take().is_empty());
}

#[test]
fn every_event_type_has_its_uri() {
    assert_eq!(EventType::ALL.len(), 18);
    assert_eq!(EventType::AccountPurged.uri(), "https://schemas.openid.net/secevent/risc/event-type/account-purged");
    assert_eq!(
        EventType::CredentialChange.uri(),
        "https://schemas.openid.net/secevent/caep/event-type/credential-change"
    );
    assert_eq!(
        EventType::UserProfileChanged.uri(),
        "https://schemas.kakao.com/platevent/kakao/event-type/user-profile-changed"
    );
}
