//! Tests of `GET /oauth/authorize`: its error pages and redirects.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kakaw_core::{GrantId, Span};
use kakaw_platform::http;
use kakaw_platform::request::current;
use kakaw_standin::{demo, endpoints};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::*;

#[tokio::test]
async fn authorize_error_pages_t001_t004_t006_t008_t023_t101_t102_t201_t202_t205a_t207() {
    on_each_database(async |server| {
        let ok = authorize(REST, "");
        error_page(&server, &format!("{ok}&state=1&state=2"), "KOE001").await;
        error_page(&server, &format!("{ok}&code_challenge=x&code_challenge_method=plain"), "KOE001").await;
        error_page(&server, &format!("{ok}&nonce=%zz"), "KOE001").await;
        error_page(&server, &authorize(OFF, ""), "KOE004").await;
        error_page(
            &server,
            &format!(
                "/oauth/authorize?client_id={REST}&redirect_uri=http://localhost:3000/callback/&response_type=code"
            ),
            "KOE006",
        )
        .await;
        error_page(&server, &authorize(ADMIN, ""), "KOE008").await;
        error_page(&server, &format!("{ok}&proxy=easyXDM_Kakao_1_provider"), "KOE023").await;
        error_page(&server, &authorize("ffffffffffffffffffffffffffffffff", ""), "KOE101").await;
        error_page(&server, &format!("{ok}&channel_public_id=_ZeUTxl"), "KOE102").await;
        error_page(&server, &ok.replace("response_type=code", "response_type=id_token"), "KOE201").await;
        error_page(&server, &ok.replace("response_type=code", "response_type=token"), "KOE202").await;
        error_page(&server, &format!("{ok}&scope=phone_number"), "KOE205").await;
        error_page(&server, &format!("/oauth/authorize?client_id={REST}&response_type=code"), "KOE207").await;
    })
    .await;
}

#[tokio::test]
async fn t205b_openid_needs_oidc() {
    on_each_database(async |server| error_page(&server, &authorize(PLAIN, "&scope=openid"), "KOE205").await).await;
}

#[tokio::test]
async fn f02_the_page_shows_the_redirect_uri_received_and_the_difference() {
    on_each_database(async |server| {
        let answer = server.get(&format!("/oauth/authorize?client_id={REST}&redirect_uri=http://localhost:3000/callback/&response_type=code&lang=en")).await;
        assert!(answer.body.contains("not registered: http://localhost:3000/callback/<"), "{}", answer.body);
        assert!(answer.body.contains("ends with a slash"), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn t002_unknown_urls_keep_the_shape_of_their_surface() {
    on_each_database(async |server| {
        let answer = server.get("/oauth/tokn").await;
        assert_eq!((answer.status, answer.json()["error_code"].clone()), (StatusCode::NOT_FOUND, json!("KOE002")));
        assert!(answer.body.contains("/oauth/token"), "names the nearest: {}", answer.body);
        let page = Request::get("/oauth/authorise")
            .header("host", "localhost")
            .header("accept", "text/html")
            .body(Body::empty())
            .unwrap();
        assert!(server.send(page).await.body.contains("(KOE002)"));
        assert_eq!(server.get("/v2/user/mee").await.json()["code"], -2);
        assert_eq!(server.get("/v1/user/me").await.json()["code"], -9);
        assert_eq!(server.get("/oauth/token").await.json()["error_code"], "KOE002");
    })
    .await;
}

#[tokio::test]
async fn t002_the_nearest_endpoint_may_be_one_of_the_stand_in_and_never_is_in_serve() {
    on_each_database(async |server| {
        let demo = demo::routes(SocketAddr::from(([127, 0, 0, 1], 7700)));
        let router = endpoints::with(Arc::clone(&server.world), demo);
        let server = TestServer { router, ..server };
        for (url, nearest) in [
            ("/dem", "GET /demo"),
            ("/inspectr", "GET /inspector"),
            ("/doc/control", "GET /docs/control"),
            ("/control/v1/clok", "GET /control/v1/clock"),
            ("/docs/apis", "GET /docs/api"),
            ("/auth/kpidtt", "GET /auth/kpidt"),
        ] {
            let answer = server.get(url).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url}");
            assert!(answer.body.contains(&format!("(nearest: {nearest})")), "{url}: {}", answer.body);
        }
        // Another method of a path that only a stand-in has.
        let wrong = server.post("/inspector", &[]).await;
        assert_eq!((wrong.status, wrong.body.contains("(nearest: GET /inspector)")), (StatusCode::NOT_FOUND, true));
        // The platform alone has none of these paths, and suggests none of them.
        let alone = TestServer { router: http::app(&server.world.platform), ..server };
        for url in ["/demo", "/inspector", "/docs/control", "/control/v1/clock"] {
            let answer = alone.get(url).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url}");
            assert!(
                answer.body.contains("(nearest: ") && !answer.body.contains(&format!("GET {url})")),
                "{}",
                answer.body
            );
        }
    })
    .await;
}

#[tokio::test]
async fn t003_a_database_that_fails_is_a_temporary_fault() {
    on_each_database(async |server| {
        server.world.platform.store.shut();
        let page = server.get(&authorize(REST, "")).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.body.contains("(KOE003)"));
        let json = server.exchange(REST, "x").await;
        assert_eq!((json.status.as_u16(), json.json()["error_code"].clone()), (503, json!("KOE003")));
        let token = kakaw_core::token::issue_access(
            &server.world.platform.sealer,
            kakaw_core::token::AccessToken { grant_id: GrantId(1), expires_at: server.world.now() + Span::seconds(9) },
            &*server.world.platform.random,
        );
        let me = server.me(&token).await;
        assert_eq!(me.json()["code"], -1);
        for answer in [page, json, me] {
            assert_eq!(answer.headers["retry-after"], "1", "{}", answer.body);
        }
    })
    .await;
}

/// A log message, and the id of its request.
type Line = (String, Option<String>);

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push((message.0, current::id()));
    }
}

#[tokio::test]
async fn t003_every_line_of_the_log_about_a_request_has_the_id_of_its_answer() {
    let lines = Lines::default();
    let _logged = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    on_each_database(async |server| {
        server.world.platform.store.shut();
        lines.0.lock().unwrap().clear();
        let answers = [server.get(&authorize(REST, "")).await, server.exchange(REST, "x").await];
        let ids: Vec<_> = answers.iter().map(|answer| answer.headers["x-request-id"].to_str().unwrap()).collect();
        assert!(ids[0].len() == 12 && ids[0] != ids[1], "{ids:?}");
        for id in ids {
            let about: Vec<_> =
                lines.0.lock().unwrap().iter().filter(|(_, of)| of.as_deref() == Some(id)).cloned().collect();
            let messages: Vec<_> = about.iter().map(|(message, _)| message.as_str()).collect();
            assert!(messages.contains(&"the database failed"), "{messages:?}");
            assert!(messages.iter().any(|message| message.starts_with("refused")), "{messages:?}");
            assert!(messages.contains(&"answered"), "{messages:?}");
        }
    })
    .await;
    assert_eq!(current::id(), None, "outside of requests there is none");
}

#[tokio::test]
async fn t005_a_test_app_is_for_its_team() {
    on_each_database(async |server| {
        let answer = server.walk(&mut Browser::default(), &authorize(TEST_APP, ""), "child@example.com", &[]).await;
        assert!(answer.status == StatusCode::BAD_REQUEST && answer.body.contains("(KOE005)"), "{}", answer.body);
        let member = server.walk(&mut Browser::default(), &authorize(TEST_APP, ""), "ryan@example.com", &[]).await;
        assert!(member.parameter("code").is_some());
    })
    .await;
}

#[tokio::test]
async fn t203_consent_without_a_required_item() {
    on_each_database(async |server| {
        let (mut browser, url) = (Browser::default(), authorize(REST, ""));
        let shown_again = server.walk(&mut browser, &url, "ryan@example.com", &["profile_nickname"]).await;
        assert!(!shown_again.body.contains("KOE203"), "first the form is shown again: {}", shown_again.body);
        let answer = browser.agree(&server, &url, &shown_again.body, &["profile_nickname"]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("(KOE203)"), "{}", answer.body);
        let text = "All required service terms must be approved. required:profile_nickname,account_email agreed:profile_nickname";
        assert!(answer.body.contains(text), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn t211_cancel_and_t212_under_age_go_back_by_redirect() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let url = authorize(REST, "&state=a%20b");
        let to_login = browser.get(&server, &url).await;
        let target = to_login.parameter("continue").unwrap();
        let logged_in = server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await;
        let page = browser.get(&server, &logged_in.location()).await;
        let answer = browser.post(&server, &url, &[("kakaw_form", &hidden(&page.body)), ("decision", "cancel")]).await;
        assert_eq!(
            answer.location(),
            "http://localhost:3000/callback?error=access_denied&error_description=User%20denied%20access&state=a%20b"
        );
        let answer = server.walk(&mut Browser::default(), &authorize(ADULTS, ""), "child@example.com", &[]).await;
        assert_eq!(
            answer.location(),
            "http://localhost:3000/callback?error=access_denied&error_description=Not%20allowed%20under%20age%2014"
        );
    })
    .await;
}

#[tokio::test]
async fn t213_t214_t215_t216_t217_prompt_none_never_shows_a_page() {
    on_each_database(async |server| {
        let silent = authorize(REST, "&prompt=none");
        let expect = async |browser: &mut Browser, error: &str, text: &str| {
            let answer = browser.get(&server, &silent).await;
            assert_eq!(
                (answer.parameter("error").as_deref(), answer.parameter("error_description").as_deref()),
                (Some(error), Some(text))
            );
            assert_eq!(answer.parameter("error_code"), None);
        };
        expect(&mut Browser::default(), "login_required", "user authentication required.").await;
        for (login, error, text) in [
            ("ryan@example.com", "consent_required", "user consent required."),
            ("newcomer@example.com", "interaction_required", "have to agree to kakao's terms of service."),
            ("blocked@example.com", "interaction_required", "account has been restricted."),
        ] {
            let mut browser = Browser::default();
            let password = format!("{}-password", login.split('@').next().unwrap());
            server.log_in(&mut browser, &authorize(REST, ""), login, &password).await;
            expect(&mut browser, error, text).await;
        }
        // T215: the person agreed, and gave no value for an item that the app collects.
        let mut browser = Browser::default();
        let back = server.walk(&mut browser, &authorize(REST, ""), "noemail", &ITEMS).await;
        assert!(back.parameter("code").is_some(), "a refused value does not stop the log-in");
        expect(&mut browser, "interaction_required", "need to collect additional personal information.").await;
    })
    .await;
}

#[tokio::test]
async fn prompt_login_is_met_by_a_log_in_for_this_request_only() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let url = authorize(PLAIN, "&prompt=login");
        assert!(browser.get(&server, &url).await.location().starts_with("/login"));
        assert!(server.walk(&mut browser, &url, "ryan@example.com", &[]).await.parameter("code").is_some());
        assert!(browser.get(&server, &url).await.location().starts_with("/login"), "the next request asks again");
    })
    .await;
}
