//! Tests of log-ins for whose result a page polls: popups and built-in targets of the JavaScript SDKs, and strangers
//! who poll.

use axum::body::Body;
use axum::http::Request;
use kakaw_core::policy::Policy;
use kakaw_platform::http::apiweb;
use kakaw_platform::http::apps;
use kakaw_store::pending_results;
use serde_json::{Value, json};

use crate::support::*;

/// As long as Flutter Web's ids.
const ID: &str = "abcdefghij0123456789";
const SITE: &str = "http://localhost:3000";
const TERMS: [&str; 2] = ["use", "privacy"];
const OPTED_IN: (&str, &str) = ("sdk_domains = [", "code_polling = true\nsdk_domains = [");

/// Returns an authorization request of a page.
fn request(redirect_uri: &str, more: &str) -> String {
    let redirect_uri = encode_value(redirect_uri);
    format!("/oauth/authorize?client_id={MARKET_JS}&redirect_uri={redirect_uri}&response_type=code{more}")
}

async fn poll(server: &TestServer, id: &str, origin: Option<&str>) -> Value {
    let mut request =
        Request::get(format!("/apiweb/code.json?client_id={MARKET_JS}&{id}")).header("host", "localhost:7700");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    server.send(request.body(Body::empty()).unwrap()).await.json()
}

/// Opens the URL from a page, and logs Ryan in if asked. Returns the last URL and what it shows.
async fn open(server: &TestServer, browser: &mut Browser, url: &str, referer: &str) -> (String, Answer) {
    let answer = browser.get_with(server, url, &[("referer", referer)]).await;
    if !answer.headers.contains_key("location") || !answer.location().starts_with("/login") {
        return (url.to_owned(), answer);
    }
    let target = answer.parameter("continue").unwrap();
    let url = server.log_in(browser, &target, "ryan@example.com", "ryan-password").await.location();
    let page = browser.get(server, &url).await;
    (url, page)
}

/// Submits the page's form like a browser, with the pressed button.
async fn press(server: &TestServer, browser: &mut Browser, page: &str, button: (&str, &str)) -> Answer {
    let mut form = vec![button];
    let pairs: Vec<(String, String)> = page
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once("\" value=\""))
        .map(|(name, rest)| (name.to_owned(), rest.split('"').next().unwrap().to_owned()))
        .collect();
    form.extend(pairs.iter().map(|(name, value)| (&**name, &**value)));
    browser.post(server, &action(page), &form).await
}

/// Returns the URL that the page's form is sent to.
fn action(page: &str) -> String {
    let (_, rest) = page.split_once("<form method=\"post\" action=\"").unwrap_or_else(|| panic!("no form: {page}"));
    rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

fn agreed(page: &str) -> Vec<(&'static str, String)> {
    let mut form = vec![("kakaw_form", hidden(page)), ("decision", "accept".to_owned())];
    form.push(("scope", "profile_nickname".to_owned()));
    form.extend(TERMS.map(|tag| ("term", tag.to_owned())));
    form
}

async fn agree(server: &TestServer, browser: &mut Browser, page: &str) -> Answer {
    let form = agreed(page);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    browser.post(server, &action(page), &form).await
}

#[tokio::test]
async fn in_serve_the_built_in_target_is_refused_unless_the_key_opts_in() {
    on_each_database_with(Policy::SERVE, async |server| {
        server.apply(PLATFORM).await;
        let id = format!("&auth_tran_id={ID}");
        for target in ["JS-SDK", "https://kapi.kakao.com/cors/afterlogin.html"] {
            let page = browser_of(&server, &request(target, &id)).await;
            assert!(page.status == 400 && page.body.contains("KOE006"), "{target}: {}", page.body);
            assert!(page.body.contains("code_polling"), "the team reads what to set: {}", page.body);
        }
        // A popup with a registered redirect URI ends there like any other log-in, and there is nothing to poll for.
        let mut browser = Browser::default();
        let popup = request(CALLBACK, &format!("{id}&is_popup=true"));
        let (_, page) = open(&server, &mut browser, &popup, &format!("{SITE}/")).await;
        let back = agree(&server, &mut browser, &page.body).await;
        assert!(back.location().starts_with(CALLBACK) && back.parameter("code").is_some());
        let polled = poll(&server, &format!("auth_tran_id={ID}"), Some(SITE)).await;
        assert_eq!((&polled["error_code"], &polled["error"]), (&json!("600"), &json!("misconfigured")));
    })
    .await;
}

async fn browser_of(server: &TestServer, url: &str) -> Answer {
    Browser::default().get_with(server, url, &[("referer", "http://localhost:3000/")]).await
}

#[tokio::test]
async fn in_serve_a_strangers_poll_gets_no_code_whatever_the_person_does() {
    on_each_database_with(Policy::SERVE, async |server| {
        server.apply(&PLATFORM.replacen(OPTED_IN.0, OPTED_IN.1, 1)).await;
        let id = format!("auth_tran_id={ID}");
        let url = request(
            "JS-SDK",
            &format!("&{id}&ka={}", encode_value("os/javascript origin/http%3A%2F%2Flocalhost%3A3000")),
        );
        let mut browser = Browser::default();
        // The stranger's link is opened from a mail or another site. What it claims about itself does not count.
        for referer in ["", "https://evil.example/", "http://localhost:3000.evil.example/", "http://localhost:7700/"] {
            let (_, page) = open(&server, &mut browser, &url, referer).await;
            assert!(page.status == 400 && page.body.contains("KOE009"), "{referer}: {}", page.body);
        }
        // The same for a linked person, who is asked nothing and so cannot agree by habit.
        let back = server
            .walk_with(&mut browser, &authorize(MARKET_JS, ""), "ryan@example.com", &MARKET_ITEMS, &TERMS, &[])
            .await;
        assert!(back.parameter("code").is_some());
        let (_, page) = open(&server, &mut browser, &url, "https://evil.example/").await;
        assert!(page.status == 400 && page.body.contains("KOE009"), "{}", page.body);
        // Even for a log-in that the site itself began, only the site's pages get the code.
        let (_, page) = open(&server, &mut browser, &url, &format!("{SITE}/cart")).await;
        assert!(page.body.contains("Market") && page.body.contains(SITE), "names app and site: {}", page.body);
        press(&server, &mut browser, &page.body, ("confirm", "yes")).await;
        for origin in [None, Some("null"), Some("https://evil.example"), Some("http://localhost:7700")] {
            let polled = poll(&server, &id, origin).await;
            assert_eq!((&polled["status"], &polled["error_code"]), (&json!("error"), &json!("600")), "{origin:?}");
            assert!(polled.get("code").is_none());
        }
        assert!(poll(&server, &id, Some(SITE)).await["code"].is_string());
    })
    .await;
}

#[tokio::test]
async fn in_serve_the_person_confirms_app_and_site_after_the_consent_screen_too() {
    on_each_database_with(Policy::SERVE, async |server| {
        server.apply(&PLATFORM.replacen(OPTED_IN.0, OPTED_IN.1, 1)).await;
        let id = format!("auth_tran_id={ID}");
        let popup = request("JS-SDK", &format!("&{id}&is_popup=true&state=abc"));
        let (mut browser, site) = (Browser::default(), format!("{SITE}/cart"));
        let (_, consent) = open(&server, &mut browser, &popup, &site).await;
        let page = agree(&server, &mut browser, &consent.body).await;
        assert!(page.body.contains("Market") && page.body.contains(SITE), "names app and site: {}", page.body);
        assert_eq!(poll(&server, &id, Some(SITE)).await["error_code"], "300");
        let mut other = Browser::default();
        let stolen = press(&server, &mut other, &page.body, ("confirm", "yes")).await;
        assert!(stolen.body.contains("KOE009"), "the form of another browser: {}", stolen.body);
        let forged = page.body.replace(&field(&page.body, "kakaw_confirm"), "x");
        let forged = press(&server, &mut browser, &forged, ("confirm", "yes")).await;
        assert!(forged.body.contains("kakaw_confirm"), "asked again: {}", forged.body);
        let done = press(&server, &mut browser, &page.body, ("confirm", "yes")).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let polled = poll(&server, &id, Some(SITE)).await;
        assert_eq!((&polled["status"], &polled["state"]), (&json!("ok"), &json!("abc")));
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", MARKET_JS),
            ("redirect_uri", "JS-SDK"),
            ("code", polled["code"].as_str().unwrap()),
        ];
        assert_eq!(server.token(&form).await.status, 200);
        // prompt=none shows no page, so it cannot ask.
        let silent = request("JS-SDK", &format!("&auth_tran_id={ID}-3&prompt=none&state=abc"));
        let (_, page) = open(&server, &mut browser, &silent, &site).await;
        assert!(!page.body.contains("kakaw_confirm"), "{}", page.body);
        assert_eq!(poll(&server, &format!("auth_tran_id={ID}-3"), Some(SITE)).await["error"], "consent_required");
        // The page learns that the person cancelled.
        let other = request("JS-SDK", &format!("&auth_tran_id={ID}-2&state=abc"));
        let (_, page) = open(&server, &mut browser, &other, &site).await;
        let ended = press(&server, &mut browser, &page.body, ("confirm", "no")).await;
        assert!(!ended.body.contains("로그인이 완료되었습니다"), "it does not claim a log-in: {}", ended.body);
        assert_eq!(poll(&server, &format!("auth_tran_id={ID}-2"), Some(SITE)).await["error"], "access_denied");
    })
    .await;
}

#[tokio::test]
async fn in_serve_the_site_is_remembered_when_another_account_is_chosen() {
    on_each_database_with(Policy::SERVE, async |server| {
        server.apply(&PLATFORM.replacen(OPTED_IN.0, OPTED_IN.1, 1)).await;
        let mut browser = Browser::default();
        let url = request("JS-SDK", &format!("&auth_tran_id={ID}"));
        let (_, consent) = open(&server, &mut browser, &url, &format!("{SITE}/")).await;
        let switch = consent.body.split("href=\"").find(|rest| rest.contains("prompt=login")).unwrap();
        let switch = switch.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let login = browser.get(&server, &switch).await;
        assert!(login.location().starts_with("/login"), "the person logs in again: {}", login.body);
        let target = login.parameter("continue").unwrap();
        let url = server.log_in(&mut browser, &target, "ryan@example.com", "ryan-password").await.location();
        let page = browser.get(&server, &url).await;
        assert!(page.body.contains("kakaw_form"), "the consent screen, and not KOE009: {}", page.body);
    })
    .await;
}

#[tokio::test]
async fn in_dev_a_poll_without_an_origin_is_answered_once_the_person_agreed() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let id = format!("auth_tran_id={ID}");
        let url = request("JS-SDK", &format!("&{id}"));
        let mut browser = Browser::default();
        let (_, consent) = open(&server, &mut browser, &url, "https://evil.example/").await;
        assert_eq!(poll(&server, &id, None).await["error_code"], "300", "nobody agreed yet");
        agree(&server, &mut browser, &consent.body).await;
        // The documented leniency: SDKs without an origin of their own, and tests, may poll from everywhere.
        assert!(poll(&server, &id, None).await["code"].is_string());
        // A linked person is asked nothing, so a page of ours asks before a stranger gets a code.
        let other = request("JS-SDK", &format!("&auth_tran_id={ID}-2"));
        let (_, page) = open(&server, &mut browser, &other, "https://evil.example/").await;
        assert!(page.body.contains("kakaw_confirm"), "{}", page.body);
        assert_eq!(poll(&server, &format!("auth_tran_id={ID}-2"), None).await["error_code"], "300");
    })
    .await;
}

#[tokio::test]
async fn a_popup_with_a_registered_redirect_uri_is_polled_for() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let (mut browser, site) = (Browser::default(), format!("{SITE}/page"));
        let popup = |id: &str| request(CALLBACK, &format!("&auth_tran_id={id}&is_popup=true&state=abc"));
        let (_, consent) = open(&server, &mut browser, &popup(ID), &site).await;
        let done = agree(&server, &mut browser, &consent.body).await;
        assert_eq!(done.status, 200, "a page of ours: the opener closes it and goes to the redirect URI itself");
        let polled = poll(&server, &format!("auth_tran_id={ID}"), Some(SITE)).await;
        assert_eq!((&polled["status"], &polled["state"]), (&json!("ok"), &json!("abc")));
        assert_eq!(server.exchange(MARKET_JS, polled["code"].as_str().unwrap()).await.status, 200);
        let denied = popup(&format!("{ID}-denied")).replace("response_type", "scope=account_email&response_type");
        let (url, consent) = open(&server, &mut browser, &denied, &site).await;
        browser.post(&server, &url, &[("kakaw_form", &*hidden(&consent.body)), ("decision", "cancel")]).await;
        let polled = poll(&server, &format!("auth_tran_id={ID}-denied"), Some(SITE)).await;
        assert_eq!((&polled["error"], &polled["state"]), (&json!("access_denied"), &json!("abc")));
        // Without a popup, or without a transaction, it is an ordinary log-in.
        for ordinary in
            [popup(&format!("{ID}-3")).replace("is_popup=true", "is_popup=false"), request(CALLBACK, "&is_popup=true")]
        {
            let (_, back) = open(&server, &mut browser, &ordinary, &site).await;
            assert!(back.parameter("code").is_some(), "{ordinary}");
        }
        // A REST API key has no pages that poll.
        let rest = popup(&format!("{ID}-4")).replace(MARKET_JS, MARKET);
        let (_, back) = open(&server, &mut browser, &rest, &site).await;
        assert!(back.parameter("code").is_some());
    })
    .await;
}

#[tokio::test]
async fn flutter_web_asks_first_and_its_transactions_have_20_characters() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let preflight = async |origin: &str| {
            let request = Request::options(format!("/apiweb/code.json?client_id={MARKET_JS}&auth_tran_id={ID}"))
                .header("host", "localhost:7700")
                .header("origin", origin)
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "ka");
            server.send(request.body(Body::empty()).unwrap()).await
        };
        let allowed = preflight(SITE).await;
        assert_eq!(
            (allowed.status.as_u16(), &allowed.headers["access-control-allow-origin"]),
            (204, &SITE.parse().unwrap())
        );
        assert_eq!(allowed.headers["access-control-allow-headers"], "KA");
        assert!(!preflight("https://evil.example").await.headers.contains_key("access-control-allow-origin"));
        // Talk's fallback on Android has no state_token.
        let mut browser = Browser::default();
        let after = "https://kapi.kakao.com/cors/afterlogin.html";
        for (sent, polled) in
            [("auth_tran_id", "auth_tran_id"), ("state_token", "state_token"), ("state", "auth_tran_id")]
        {
            let id = format!("{ID}{}", sent.len());
            let url = request(after, &format!("&{sent}={id}"));
            let (_, page) = open(&server, &mut browser, &url, &format!("{SITE}/")).await;
            if page.body.contains("kakaw_form") {
                agree(&server, &mut browser, &page.body).await;
            }
            assert!(poll(&server, &format!("{polled}={id}"), Some(SITE)).await["code"].is_string(), "{sent}");
        }
        for short in ["&auth_tran_id=abcdefghij012345678", "&state=abcdefghij012345678", ""] {
            assert!(server.get(&request(after, short)).await.body.contains("KOE001"), "{short}");
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_stored_for_a_request_without_a_session() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let pending = async |id: &str| pending_results::by_id(&server.world.platform.store, id).await.unwrap();
        let silent = request("JS-SDK", &format!("&auth_tran_id={ID}&prompt=none&state=abc"));
        assert_eq!(server.get(&silent).await.status, 200);
        assert_eq!(pending(&apiweb::pending_id(MARKET_JS, ID)).await, None);
        let polled = poll(&server, &format!("auth_tran_id={ID}"), Some(SITE)).await;
        assert_eq!((&polled["error"], &polled["state"]), (&json!("login_required"), &json!("abc")), "the page is told");
        // Each caller has few places in memory, whatever happens.
        for n in 0..100 {
            server.get(&silent.replace(ID, &format!("{ID}-{n}"))).await;
        }
        assert_eq!(poll(&server, &format!("auth_tran_id={ID}-1"), Some(SITE)).await["error_code"], "300");
        assert_eq!(poll(&server, &format!("auth_tran_id={ID}-99"), Some(SITE)).await["error"], "login_required");
        let long = format!("&state={}", "x".repeat(2049));
        let refused = server.get(&request("JS-SDK", &format!("&auth_tran_id={ID}{long}"))).await;
        assert!(refused.status == 400 && refused.body.contains("KOE001"), "{}", refused.body);
        // The same for the picker's frame.
        let inner = encode_value(&format!("/user/address?app_key={MARKET_JS}&trans_id={ID}"));
        server.get(&format!("/auth/kpidt?app_key={MARKET_JS}&agt=made-up&continue={inner}")).await;
        server.get(&format!("/user/address?app_key={MARKET_JS}&trans_id={ID}-2")).await;
        server.get(&format!("/error/auth?app_key={MARKET_JS}&trans_id={ID}-3")).await;
        server
            .post("/user/address", &[("app_key", MARKET_JS), ("trans_id", &format!("{ID}-4")), ("access_token", "x")])
            .await;
        for trans in [ID.to_owned(), format!("{ID}-2"), format!("{ID}-3"), format!("{ID}-4")] {
            assert_eq!(pending(&apps::pending_id(&trans)).await, None, "{trans}");
            let outcome = server.get(&format!("/proxy/outcome?trans_id={trans}")).await.json();
            assert!(outcome["message"].as_str().unwrap().contains("KAE201"), "{outcome}");
        }
    })
    .await;
}
