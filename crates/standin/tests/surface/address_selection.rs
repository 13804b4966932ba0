//! Tests of the shipping address picker, opened as the SDKs open it, with every KAE row.

use kakaw_core::Span;
use serde_json::{Value, json};

use crate::support::*;

const TRANS: &str = "trans0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij";
const TERMS: [&str; 2] = ["use", "privacy"];

pub async fn sign_up(server: &TestServer, key: &str, items: &[&str]) -> String {
    let back =
        server.walk_with(&mut Browser::default(), &authorize(key, ""), "ryan@example.com", items, &TERMS, &[]).await;
    token_of(&server.exchange(key, &back.parameter("code").unwrap()).await)
}

pub async fn agt(server: &TestServer, key: &str, token: &str) -> String {
    server.post("/api/agt", &[("client_id", key), ("access_token", token)]).await.json()["agt"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Returns the picker's URL as the SDKs write it.
pub fn inner(key: &str, more: &str) -> String {
    format!("https://apps.kakao.com/user/address?app_key={key}&ka=sdk%2F2&enable_back_button=false{more}")
}

pub fn native(more: &str) -> String {
    inner(MARKET_NATIVE, &format!("&return_url=kakao{MARKET_NATIVE}://address{more}"))
}

pub async fn open(server: &TestServer, browser: &mut Browser, key: &str, agt: &str, inner: &str) -> Answer {
    browser.get(server, &format!("/auth/kpidt?app_key={key}&agt={agt}&continue={}", encode_value(inner))).await
}

/// Opens the picker of the native app for Ryan. Returns its URL.
pub async fn opened(server: &TestServer, browser: &mut Browser) -> String {
    let token = sign_up(server, MARKET_NATIVE, &["profile_nickname", "shipping_address"]).await;
    let agt = agt(server, MARKET_NATIVE, &token).await;
    open(server, browser, MARKET_NATIVE, &agt, &native("")).await.location()
}

pub async fn press(server: &TestServer, browser: &mut Browser, url: &str, form: &[(&str, &str)]) -> Answer {
    let page = browser.get(server, url).await;
    let value = hidden(&page.body);
    let mut all = vec![("kakaw_form", value.as_str())];
    all.extend(form);
    browser.post(server, url, &all).await
}

const NEW: [(&str, &str); 6] = [
    ("action", "save"),
    ("name", "Parents"),
    ("receiver_name", "Mum"),
    ("receiver_phone_number1", "+82 10-0000-0000"),
    ("zone_number", "06236"),
    ("base_address", "4 Road <b>"),
];

#[tokio::test]
async fn a_native_app_gets_the_address_by_redirect() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        let url = opened(&server, &mut browser).await;
        assert!(url.starts_with("/user/address?app_key=") && !url.contains("agt="), "{url}");
        let page = browser.get(&server, &url).await;
        for part in ["1 Road", "(54321) 2 Road", "value=\"9001\" checked"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        let back = press(&server, &mut browser, &url, &[("action", "choose"), ("address_id", "9002")]).await;
        assert_eq!(back.location(), format!("kakao{MARKET_NATIVE}://address?status=success&address_id=9002"));
        // Another browser gets KAE201.
        let stolen = Browser::default().get(&server, &url).await;
        assert!(stolen.location().contains("status=error&error_code=KAE201"), "{}", stolen.location());
    })
    .await;
}

#[tokio::test]
async fn addresses_are_added_edited_deleted_and_made_the_default() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        let token = sign_up(&server, MARKET_NATIVE, &["profile_nickname", "shipping_address"]).await;
        let agt = agt(&server, MARKET_NATIVE, &token).await;
        let url = open(&server, &mut browser, MARKET_NATIVE, &agt, &native("")).await.location();
        let list = async || {
            let answer = server.api("GET", "/v1/user/shipping_address", &token).await.json();
            answer["shipping_addresses"].as_array().unwrap().clone()
        };
        let ids = |list: &[Value]| list.iter().map(|a| a["id"].as_i64().unwrap()).collect::<Vec<_>>();
        let form = press(&server, &mut browser, &url, &[("action", "new")]).await;
        assert!(form.body.contains("name=\"zone_number\""), "{}", form.body);
        for wrong in ["receiver_name", "receiver_phone_number1", "zone_number", "base_address"] {
            let broken: Vec<_> =
                NEW.iter().map(|(name, value)| (*name, if *name == wrong { "" } else { *value })).collect();
            let again = press(&server, &mut browser, &url, &broken).await;
            assert_eq!(again.status, 400, "{wrong}");
            assert!(again.body.contains("aria-invalid") && again.body.contains("Parents"), "keeps what was typed");
        }
        for (field, value) in
            [("name", "Pa\u{202e}rents"), ("receiver_name", "\u{3164}"), ("base_address", "4\u{200b}Road")]
        {
            let broken: Vec<_> =
                NEW.iter().map(|(name, old)| (*name, if *name == field { value } else { *old })).collect();
            assert_eq!(press(&server, &mut browser, &url, &broken).await.status, 400, "{field}");
        }
        assert_eq!(press(&server, &mut browser, &url, &NEW).await.status, 303);
        let after = list().await;
        let new = after.iter().find(|a| a["name"] == "Parents").unwrap().clone();
        assert_eq!((&new["type"], &new["is_default"], after.len()), (&json!("NEW"), &json!(false), 4));
        let id = new["id"].to_string();
        assert!(browser.get(&server, &url).await.body.contains("4 Road &#60;b&#62;"), "escaped");
        press(&server, &mut browser, &url, &[("action", "default"), ("address_id", &id)]).await;
        assert_eq!(
            list().await.iter().filter(|a| a["is_default"] == true).map(|a| a["id"].to_string()).collect::<Vec<_>>(),
            [id.as_str()]
        );
        let edit = press(&server, &mut browser, &url, &[("action", "edit"), ("address_id", &id)]).await;
        assert!(edit.body.contains("value=\"Mum\""), "{}", edit.body);
        let mut changed = NEW.to_vec();
        changed[2].1 = "Dad";
        changed.push(("address_id", &id));
        assert_eq!(press(&server, &mut browser, &url, &changed).await.status, 303);
        assert_eq!(list().await[0]["receiver_name"], "Dad");
        press(&server, &mut browser, &url, &[("action", "delete"), ("address_id", &id)]).await;
        assert_eq!(ids(&list().await), [9002, 9003, 9001]);
        // Another person's address cannot be found, and a form that no page sent has no effect.
        let gone = press(&server, &mut browser, &url, &[("action", "delete"), ("address_id", "1")]).await;
        assert_eq!(gone.status, 400);
        let forged = browser.post(&server, &url, &[("action", "delete"), ("address_id", "9001")]).await;
        assert_eq!((forged.status.as_u16(), list().await.len()), (400, 3));
    })
    .await;
}

#[tokio::test]
async fn a_web_page_gets_the_address_through_the_frame() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, MARKET_JS, &["profile_nickname", "shipping_address"]).await;
        let frame = server.get(&format!("/proxy?trans_id={TRANS}")).await;
        let policy = frame.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors *") && policy.contains("default-src 'none'"), "{policy}");
        let outcome = format!("/proxy/outcome?trans_id={TRANS}");
        assert_eq!(server.get(&outcome).await.status, 204, "not yet");
        let mut browser = Browser::default();
        let agt = agt(&server, MARKET_JS, &token).await;
        let url = open(&server, &mut browser, MARKET_JS, &agt, &inner(MARKET_JS, &format!("&trans_id={TRANS}")))
            .await
            .location();
        let done = press(&server, &mut browser, &url, &[("action", "choose"), ("address_id", "9003")]).await;
        assert_eq!(done.status, 200);
        let answer = server.get(&outcome).await.json();
        assert_eq!(answer, json!({ "message": "{\"address_id\":9003}", "targets": ["http://localhost:3000"] }));
        server.world.place.clock.advance(Span::seconds(10));
        assert_eq!(server.get(&outcome).await.status, 204, "once");
        // Closing the window posts one word, and only the window itself can do it.
        let other = TRANS.replace('t', "u");
        let agt = self::agt(&server, MARKET_JS, &token).await;
        let url = open(&server, &mut browser, MARKET_JS, &agt, &inner(MARKET_JS, &format!("&trans_id={other}")))
            .await
            .location();
        let beacon = url.replace("/user/address?", "/user/address/closed?");
        assert_eq!(Browser::default().post(&server, &beacon, &[]).await.json()["error_code"], "KAE201");
        assert_eq!(browser.post(&server, &beacon, &[]).await.status, 204);
        assert_eq!(server.get(&format!("/proxy/outcome?trans_id={other}")).await.json()["message"], "closed");
        // Version 1 of the SDK posts its token.
        let third = TRANS.replace('t', "v");
        let form = [
            ("app_key", MARKET_JS),
            ("access_token", &token),
            ("ka", "x"),
            ("trans_id", &third),
            ("mobile_view", "false"),
        ];
        let way_in = browser.post(&server, "/user/address", &form).await;
        assert!(browser.get(&server, &way_in.location()).await.body.contains("1 Road"));
    })
    .await;
}

#[tokio::test]
async fn t623_consent_is_asked_for_first_and_leaving_is_kae203() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, MARKET_NATIVE, &["profile_nickname"]).await;
        let mut browser = Browser::default();
        let agt_one = agt(&server, MARKET_NATIVE, &token).await;
        let url = open(&server, &mut browser, MARKET_NATIVE, &agt_one, &native("")).await.location();
        let page = browser.get(&server, &url).await;
        assert!(page.body.contains("Delivery") && !page.body.contains("1 Road"), "{}", page.body);
        let left = press(&server, &mut browser, &url, &[("decision", "cancel")]).await;
        assert_eq!(
            left.location(),
            format!("kakao{MARKET_NATIVE}://address?status=error&error_code=KAE203&error_msg=INVALID_SCOPE_ERROR")
        );
        assert_eq!(press(&server, &mut browser, &url, &[("decision", "accept")]).await.status, 303);
        assert!(browser.get(&server, &url).await.body.contains("1 Road"));
        let scopes = server.api("GET", "/v2/user/scopes", &token).await.json();
        assert!(
            scopes["scopes"].as_array().unwrap().iter().any(|s| s["id"] == "shipping_address" && s["agreed"] == true)
        );
    })
    .await;
}

#[tokio::test]
async fn t603_t614_what_can_be_sent_nowhere_is_answered_as_json() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let web = |more: &str| inner(MARKET_JS, more);
        for (key, continue_to, code) in [
            (MARKET, native("").replace(MARKET_NATIVE, MARKET), "KAE104"),
            (MARKET_ADMIN, native("").replace(MARKET_NATIVE, MARKET_ADMIN), "KAE104"),
            ("x", native("").replace(MARKET_NATIVE, "x"), "KAE003"),
            (MARKET_JS, native(""), "KAE003"),
            (MARKET_NATIVE, "https://evil.example/user/address?app_key=x".to_owned(), "KAE003"),
            (MARKET_NATIVE, "https://apps.kakao.com.evil.example/user/address?".to_owned(), "KAE003"),
            (MARKET_NATIVE, inner(MARKET_NATIVE, "&return_url=https://evil.example/"), "KAE003"),
            (MARKET_JS, web("&return_url=http%3A%2F%2Flocalhost%3A3000.evil.example%2F"), "KAE003"),
            (MARKET_JS, web("&return_url=http%3A%2F%2Flocalhost%3A3000%40evil.example%2F"), "KAE003"),
            (MARKET_JS, web("&trans_id=short"), "KAE003"),
            (MARKET_JS, web(&format!("&trans_id={TRANS}&address_id=x")), "KAE003"),
            (
                MARKET_JS,
                web(&format!("&trans_id={TRANS}")).replace("sdk%2F2", "os%2Fjavascript%20origin%2Fhttp%3A%2F%2Fevil"),
                "KAE003",
            ),
            (MARKET_JS, web(""), "KAE002"),
        ] {
            let answer = open(&server, &mut Browser::default(), key, "x", &continue_to).await;
            assert_eq!(answer.json()["error_code"], code, "{continue_to}: {}", answer.body);
            assert!(answer.status.is_client_error() && answer.json()["error_msg"].is_string(), "{}", answer.body);
        }
        assert_eq!(server.get("/auth/kpidt").await.json()["error_code"], "KAE003");
        assert_eq!(server.get("/user/address").await.json()["error_code"], "KAE003");
    })
    .await;
}

#[tokio::test]
async fn t612_t621_t625_every_other_error_goes_where_the_outcome_goes() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, MARKET_NATIVE, &["profile_nickname", "shipping_address"]).await;
        let code = |answer: &Answer| answer.parameter("error_code").unwrap_or_default();
        let mut browser = Browser::default();
        let made_up = open(&server, &mut browser, MARKET_NATIVE, "made-up", &native("")).await;
        assert_eq!(
            (code(&made_up), made_up.parameter("error_msg").as_deref()),
            ("KAE201".to_owned(), Some("AUTH_ERROR"))
        );
        let url = opened(&server, &mut browser).await;
        let unknown = browser.get(&server, &url.replace("&kakaw_selection", "&address_id=77&kakaw_selection")).await;
        assert_eq!(code(&unknown), "KAE206");
        for (from, to, expected) in [
            ("company =", "status = \"blocked\"\ncompany =", "KAE101"),
            ("company =", "kakao_login = false\ncompany =", "KAE101"),
            ("shipping_address = {", "# {", "KAE102"),
            ("purpose = \"Delivery\"", "permission = false", "KAE103"),
            ("nickname = \"Ryan\"", "nickname = \"Ryan\"\nrestricted = true", "KAE205"),
            ("nickname = \"Ryan\"", "nickname = \"Ryan\"\nagreed_to_terms = false", "KAE204"),
        ] {
            server.apply(&PLATFORM.replacen(from, to, 1)).await;
            assert_eq!(code(&browser.get(&server, &url).await), expected, "{to}");
        }
        server.apply(PLATFORM).await;
        assert_eq!(browser.get(&server, &url).await.status, 200, "and all is well again");
        server.world.place.clock.advance(Span::minutes(10));
        assert_eq!(code(&browser.get(&server, &url).await), "KAE004");
        let late = agt(&server, MARKET_NATIVE, &token).await;
        let url = open(&server, &mut browser, MARKET_NATIVE, &late, &native("")).await.location();
        server.api("POST", "/v1/user/unlink", &token).await;
        assert_eq!(code(&browser.get(&server, &url).await), "KAE202");
        // The JavaScript SDK opens these when it got no agt.
        for (path, expected) in [("/error/auth", "KAE201"), ("/error/server-error", "KAE001")] {
            let query = format!("{path}?app_key={MARKET_JS}&ka=x&trans_id={}", TRANS.replace('t', &expected[3..]));
            assert_eq!(server.get(&query).await.status, 200);
            let outcome =
                server.get(&format!("/proxy/outcome?trans_id={}", TRANS.replace('t', &expected[3..]))).await.json();
            assert!(outcome["message"].as_str().unwrap().contains(expected), "{outcome}");
        }
    })
    .await;
}
