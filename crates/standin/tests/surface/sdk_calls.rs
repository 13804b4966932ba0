//! Tests of further calls of the official SDKs: `agt`, `code.json`, certificate log-ins, account pages of `prompt`.

use axum::body::Body;
use axum::http::Request;
use kakaw_core::Span;
use kakaw_core::policy::Policy;
use kakaw_store::db::Url;
use serde_json::json;

use crate::support::*;

const TRANSACTION: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX";
const TERMS: [&str; 2] = ["use", "privacy"];

async fn sign_up(server: &TestServer, browser: &mut Browser, key: &str) -> String {
    let back = server.walk_with(browser, &authorize(key, ""), "ryan@example.com", &MARKET_ITEMS, &TERMS, &[]).await;
    token_of(&server.exchange(key, &back.parameter("code").unwrap()).await)
}

async fn agt(server: &TestServer, key: &str, token: &str) -> String {
    let answer = server.post("/api/agt", &[("client_id", key), ("access_token", token)]).await;
    answer.json()["agt"].as_str().unwrap_or_else(|| panic!("agt expected: {}", answer.body)).to_owned()
}

#[tokio::test]
async fn f03_an_agt_asks_its_person_for_the_items_of_scope_and_logs_nobody_in() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, &mut Browser::default(), MARKET_NATIVE).await;
        let agt = agt(&server, MARKET_NATIVE, &token).await;
        // An ephemeral browser: nobody is logged in there, before or after.
        let mut browser = Browser::default();
        let first = browser.get(&server, &authorize(MARKET_NATIVE, &format!("&scope=gender&agt={agt}"))).await;
        let url = first.location();
        assert!(!url.contains(&agt), "the next URL is worth nothing: {url}");
        let page = browser.get(&server, &url).await;
        assert!(page.body.contains("Ryan") && page.body.contains("value=\"gender\" data-required"), "{}", page.body);
        assert!(!page.body.contains("account_email") && !page.body.contains("prompt=login"), "{}", page.body);
        let stolen = Browser::default().get(&server, &url).await;
        assert!(stolen.location().starts_with("/login"), "another browser has no part in it");
        let back = browser.agree(&server, &url, &page.body, &["gender"]).await;
        let fresh = server.exchange(MARKET_NATIVE, &back.parameter("code").unwrap()).await;
        assert_eq!(server.me(&token_of(&fresh)).await.json()["kakao_account"]["gender"], "male");
        let session = browser.get(&server, &authorize(MARKET_NATIVE, "&prompt=none")).await;
        assert_eq!(session.parameter("error").as_deref(), Some("login_required"));
    })
    .await;
}

#[tokio::test]
async fn an_agt_is_good_once_for_a_minute_for_its_key_and_token() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, &mut Browser::default(), MARKET_NATIVE).await;
        let open = async |key: &str, agt: &str, more: &str| {
            Browser::default().get(&server, &authorize(key, &format!("{more}&agt={agt}"))).await
        };
        let one = agt(&server, MARKET_NATIVE, &token).await;
        let refused = open(MARKET_NATIVE, &one, "").await;
        assert!(refused.body.contains("KOE001"), "without scope: {}", refused.body);
        assert!(open(MARKET, &one, "&scope=gender").await.body.contains("KOE001"), "of another key");
        assert_eq!(open(MARKET_NATIVE, &one, "&scope=gender").await.status, 303);
        assert!(open(MARKET_NATIVE, &one, "&scope=gender").await.body.contains("KOE001"), "twice");
        assert!(open(MARKET_NATIVE, "made-up", "&scope=gender").await.body.contains("KOE001"));
        let late = agt(&server, MARKET_NATIVE, &token).await;
        server.world.place.clock.advance(Span::minutes(1));
        assert!(open(MARKET_NATIVE, &late, "&scope=gender").await.body.contains("KOE001"), "late");
        let dead = agt(&server, MARKET_NATIVE, &token).await;
        server.api("POST", "/v1/user/logout", &token).await;
        assert!(open(MARKET_NATIVE, &dead, "&scope=gender").await.body.contains("KOE001"), "logged out meanwhile");
        for (form, error, code) in [
            (vec![("client_id", MARKET_NATIVE), ("access_token", token.as_str())], "invalid_request", None),
            (vec![("client_id", MARKET_NATIVE)], "invalid_request", None),
            (vec![("access_token", token.as_str())], "invalid_request", None),
            (vec![("client_id", "x"), ("access_token", "x")], "invalid_client", Some("KOE101")),
        ] {
            let answer = server.post("/api/agt", &form).await.json();
            assert_eq!((&answer["error"], answer["error_code"].as_str()), (&json!(error), code), "{form:?}");
        }
        let other = sign_up(&server, &mut Browser::default(), MARKET).await;
        let answer = server.post("/api/agt", &[("client_id", MARKET_NATIVE), ("access_token", &other)]).await;
        assert_eq!(answer.json()["error"], "invalid_request", "a token of another key");
    })
    .await;
}

async fn poll(server: &TestServer, id: &str, origin: &str) -> Answer {
    let path = format!("/apiweb/code.json?client_id={MARKET_JS}&{id}&ka=sdk%2F2.7.1");
    server
        .send(Request::get(path).header("host", "localhost:7700").header("origin", origin).body(Body::empty()).unwrap())
        .await
}

fn popup(more: &str) -> String {
    format!("/oauth/authorize?client_id={MARKET_JS}&redirect_uri=JS-SDK&response_type=code&is_popup=true{more}")
}

const SITE: &str = "http://localhost:3000";

/// Opens the popup from a page of the site.
async fn open(server: &TestServer, browser: &mut Browser, url: &str, referer: &str) -> Answer {
    browser.get_with(server, url, &[("referer", referer)]).await
}

#[tokio::test]
async fn the_javascript_sdk_polls_for_its_code() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        sign_up(&server, &mut browser, MARKET_JS).await;
        let id = format!("auth_tran_id={TRANSACTION}");
        let pending = poll(&server, &id, SITE).await;
        assert_eq!((pending.status.as_u16(), pending.json()), (200, json!({ "status": "error", "error_code": "300" })));
        let done = open(&server, &mut browser, &popup(&format!("&{id}&state=abc")), "http://localhost:3000/page").await;
        assert_eq!(done.status, 200, "from the site itself: no button in between");
        let ok = poll(&server, &id, SITE).await;
        let (code, answer) = (ok.json()["code"].as_str().unwrap().to_owned(), ok.json());
        assert_eq!(answer, json!({ "status": "ok", "code": code, "state": "abc" }));
        assert_eq!(ok.headers["access-control-allow-origin"], SITE);
        assert!(!poll(&server, &id, "http://evil.example").await.headers.contains_key("access-control-allow-origin"));
        server.world.place.clock.advance(Span::seconds(9));
        assert_eq!(poll(&server, &id, SITE).await.json()["code"], code.as_str(), "readable again for ten seconds");
        server.world.place.clock.advance(Span::seconds(1));
        assert_eq!(poll(&server, &id, SITE).await.json()["error_code"], "300");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", MARKET_JS),
            ("redirect_uri", "JS-SDK"),
            ("code", &code),
        ];
        assert_eq!(server.token(&form).await.status, 200);
        let again = open(&server, &mut browser, &popup(&format!("&{id}")), "http://localhost:3000/").await;
        assert!(again.body.contains("KOE001"), "the first log-in owns the transaction: {}", again.body);
        let unknown = server.get("/apiweb/code.json?client_id=x&auth_tran_id=y").await;
        assert_eq!((unknown.status.as_u16(), &unknown.json()["error"]), (200, &json!("invalid_client")));
    })
    .await;
}

#[tokio::test]
async fn a_strange_page_gets_no_code_without_the_persons_click() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        sign_up(&server, &mut browser, MARKET_JS).await;
        let id = format!("auth_tran_id={TRANSACTION}");
        let url = popup(&format!("&{id}&ka={}", encode_value("os/javascript origin/http%3A%2F%2Flocalhost%3A3000")));
        for referer in ["http://evil.example/", "http://localhost:3000.evil.example/", ""] {
            let page = open(&server, &mut browser, &url, referer).await;
            assert!(page.body.contains("Market") && page.body.contains(SITE), "names app and site: {}", page.body);
            assert_eq!(poll(&server, &id, SITE).await.json()["error_code"], "300", "{referer}");
        }
        let forged = browser.post(&server, &url, &[("kakaw_confirm", "x")]).await;
        assert!(forged.body.contains("name=\"kakaw_confirm\""), "a made-up form is shown the page again");
        assert_eq!(poll(&server, &id, SITE).await.json()["error_code"], "300");
        let page = browser.get(&server, &url).await;
        browser.post(&server, &url, &[("kakaw_confirm", &field(&page.body, "kakaw_confirm"))]).await;
        assert_eq!(poll(&server, &id, SITE).await.json()["status"], "ok");
        for short in ["", "&auth_tran_id=short", "&state_token=short", "&state=short"] {
            assert!(server.get(&popup(short)).await.body.contains("KOE001"), "{short}");
        }
    })
    .await;
}

#[tokio::test]
async fn built_in_targets_flutter_and_refusals() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        // First log-in, then Cancel: the error is the pending result under Flutter's state_token.
        let mut browser = Browser::default();
        let url = popup("&state_token=abcdefghij0123456789&state=abcdefghij0123456789");
        let page = server.consent_page(&mut browser, &url, "ryan@example.com").await;
        let denied = [("kakaw_form", &*hidden(&page.body)), ("decision", "cancel")];
        assert_eq!(browser.post(&server, &url, &denied).await.status, 200);
        assert_eq!(
            poll(&server, "state_token=abcdefghij0123456789", SITE).await.json(),
            json!({ "status": "error", "error_code": "500", "error": "access_denied",
                    "error_description": "User denied access", "state": "abcdefghij0123456789" })
        );
        let after = "https://kapi.kakao.com/cors/afterlogin.html";
        let after = format!(
            "/oauth/authorize?client_id={MARKET_JS}&redirect_uri={}&response_type=code&auth_tran_id={TRANSACTION}",
            encode_value(after)
        );
        assert!(server.get(&after).await.location().starts_with("/login"));
        assert_eq!(server.get("/cors/afterlogin.html").await.status, 200);
        error_page(&server, &popup("").replace("JS-SDK", "kakaojs"), "KOE023").await;
        // They belong to JavaScript keys only.
        error_page(&server, &popup(&format!("&auth_tran_id={TRANSACTION}")).replace(MARKET_JS, MARKET), "KOE006").await;
        error_page(
            &server,
            &popup(&format!("&auth_tran_id={TRANSACTION}")).replace(MARKET_JS, MARKET_NATIVE),
            "KOE006",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_log_in_by_certificate_brings_its_transaction_back() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        sign_up(&server, &mut browser, MARKET).await;
        let form =
            [("client_id", MARKET), ("cert_type", "k2100"), ("tx_id", "mine"), ("sign_identify_items", "ci,name")];
        let prepared = server.post("/oauth/authorize/prepare", &form).await.json();
        let tx = prepared["kauth_tx_id"].as_str().unwrap();
        let url = authorize(MARKET, &format!("&prompt=cert&kauth_tx_id={tx}"));
        let login = browser.get(&server, &url).await;
        assert!(login.location().starts_with("/login"), "a certificate is a log-in of its own");
        let back = server.walk(&mut browser, &url, "ryan@example.com", &[]).await;
        assert_eq!(server.exchange(MARKET, &back.parameter("code").unwrap()).await.json()["tx_id"], "mine");
        assert!(
            server
                .get(
                    &url.replace(MARKET, MARKET_NATIVE)
                        .replace(&encode_value(CALLBACK), &encode_value(&redirect_of(MARKET_NATIVE)))
                )
                .await
                .body
                .contains("KOE001"),
            "of another key"
        );
        server.world.place.clock.advance(Span::minutes(10));
        error_page(&server, &url, "KOE001").await;
        for wrong in [vec![("client_id", MARKET)], vec![("client_id", MARKET), ("cert_type", "x")]] {
            assert_eq!(server.post("/oauth/authorize/prepare", &wrong).await.json()["error"], "invalid_request");
        }
        let unknown = server.post("/oauth/authorize/prepare", &[("client_id", "x"), ("cert_type", "k2100")]).await;
        assert_eq!(unknown.json()["error_code"], "KOE101");
    })
    .await;
}

#[tokio::test]
async fn a_page_may_begin_a_log_in_by_certificate() {
    let server = TestServer::start(&Url::Memory, Policy::DEV).await;
    server.apply(PLATFORM).await;
    let send = async |method: &str, form: &str| {
        let request =
            Request::builder().method(method).uri("/oauth/authorize/prepare").header("host", "localhost:7700");
        let request = request
            .header("origin", "http://localhost:3000")
            .header("content-type", "application/x-www-form-urlencoded");
        server.send(request.body(Body::from(form.to_owned())).unwrap()).await
    };
    let preflight = send("OPTIONS", "").await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.headers["access-control-allow-headers"].to_str().unwrap().contains("KA"));
    let begun = send("POST", &format!("client_id={MARKET_JS}&cert_type=k2100")).await;
    assert_eq!((begun.status.as_u16(), begun.headers["access-control-allow-origin"].to_str().unwrap()), (200, "*"));
    assert!(begun.json()["kauth_tx_id"].is_string());
}

#[tokio::test]
async fn the_sdks_find_the_page_of_a_failed_poll_and_webhook_receivers_the_transmitter() {
    let server = TestServer::start(&Url::Memory, Policy::DEV).await;
    let page = server.get("/error/network").await;
    assert_eq!(page.status, 200, "the failed request was another one");
    assert!(page.body.contains("KOE003") && page.headers.contains_key("retry-after"), "{}", page.body);
    let push = "http://schemas.openid.net/secevent/risc/delivery-method/push";
    for (name, methods) in [("sse", json!(push)), ("ssf", json!([push]))] {
        let metadata = server.get(&format!("/.well-known/{name}-configuration")).await.json();
        let keys = "http://localhost:7700/.well-known/jwks.json";
        let expected =
            json!({ "issuer": "http://localhost:7700", "jwks_uri": keys, "delivery_methods_supported": methods });
        assert_eq!(metadata, expected);
    }
}

#[tokio::test]
async fn an_unknown_path_of_kapi_is_answered_in_its_own_shape() {
    let server = TestServer::start(&Url::Memory, Policy::DEV).await;
    for (host, member) in
        [("kapi.kakao.com", "code"), ("kauth.kakao.com", "error_code"), ("localhost:7700", "error_code")]
    {
        for path in ["/v3/user/me", "/foo"] {
            let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
            let answer = server.send(request).await;
            assert_eq!(answer.status, 404, "{host}{path}");
            assert!(answer.json().get(member).is_some(), "{host}{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn prompt_select_account_asks_who_it_is() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        server.walk(&mut browser, &authorize(PLAIN, ""), "ryan@example.com", &["profile_nickname"]).await;
        let url = authorize(PLAIN, "&prompt=select_account");
        let page = browser.get(&server, &url).await;
        assert!(page.body.contains("Ryan") && page.body.contains("ry**@example.com"), "{}", page.body);
        let links: Vec<_> = page
            .body
            .split("class=\"cover\" href=\"")
            .skip(1)
            .map(|part| part.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
            .collect();
        let [go_on, another] = &links[..] else { panic!("two choices: {links:?}") };
        assert!(browser.get(&server, go_on).await.parameter("code").is_some());
        assert!(browser.get(&server, another).await.location().starts_with("/login"));
        let other = browser.get(&server, &go_on.replace("state", "x")).await;
        assert!(other.parameter("code").is_some());
        assert!(Browser::default().get(&server, go_on).await.location().starts_with("/login"), "another browser");
        // Without a session it shows the log-in page, and logging in there is the choice.
        let back = server.walk(&mut Browser::default(), &url, "ryan@example.com", &[]).await;
        assert!(back.parameter("code").is_some(), "{}", back.body);
    })
    .await;
}

#[tokio::test]
async fn prompt_create_makes_an_account() {
    on_each_database(async |server| {
        let mut browser = Browser::default();
        let page = browser.get(&server, &authorize(PLAIN, "&prompt=create")).await;
        let url = page.location();
        assert!(url.starts_with("/weblogin/create_account?continue="), "{url}");
        let submit = async |browser: &mut Browser, email: &str, nickname: &str, password: &str| {
            let page = browser.get(&server, &url).await;
            let form = [
                ("kakaw_form", &*hidden(&page.body)),
                ("email", email),
                ("nickname", nickname),
                ("password", password),
            ];
            browser.post(&server, &url, &form).await
        };
        for (email, nickname, password) in [
            ("nobody", "N", "long enough"),
            ("new@example.com", "", "long enough"),
            ("new@example.com", "N", "short"),
            ("new@exa\u{200b}mple.com", "N", "long enough"),
            ("new@example.com", "N\u{202e}ewton", "long enough"),
            ("new@example.com", "\u{200d}", "long enough"),
            ("ryan@example.com", "N", "long enough"),
            ("RYAN@example.com ", "N", "long enough"),
        ] {
            let refused = submit(&mut browser, email, nickname, password).await;
            assert_eq!(refused.status, 400, "{email} {nickname} {password}");
            assert!(refused.body.contains("role=\"alert\""), "{}", refused.body);
        }
        let stale = browser
            .post(&server, &url, &[("email", "new@example.com"), ("nickname", "N"), ("password", "long enough")])
            .await;
        assert_eq!(stale.status, 400, "no form of ours");
        let made = submit(&mut browser, "new@example.com", "Newton", "long enough").await;
        assert_eq!(made.status, 303, "{}", made.body);
        let consent = browser.get(&server, &made.location()).await;
        assert!(consent.body.contains("Newton"), "{}", consent.body);
        let back = browser.agree(&server, &made.location(), &consent.body, &["profile_nickname"]).await;
        assert!(back.parameter("code").is_some(), "{}", back.body);
        let (target, _) = (authorize(PLAIN, ""), ());
        assert_eq!(server.log_in(&mut Browser::default(), &target, "new@example.com", "long enough").await.status, 303);
    })
    .await;
    let mut world = TestServer::world(&Url::Memory, Policy::DEV).await;
    world.platform.settings.sign_up = false;
    let server = TestServer::of(world).await;
    assert!(server.get(&authorize(PLAIN, "&prompt=create")).await.location().starts_with("/login"), "switched off");
    let target = encode_value(&authorize(PLAIN, ""));
    assert_eq!(server.get(&format!("/weblogin/create_account?continue={target}")).await.status, 404);
}
