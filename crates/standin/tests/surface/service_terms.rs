//! Tests of Kakao Sync: one screen with items, terms and channels, and the calls about service terms.

use serde_json::json;

use crate::support::*;

const TERMS: &[&str] = &["use", "privacy"];

/// Signs Ryan up on the one screen. Returns the token.
async fn sign_up(server: &TestServer, browser: &mut Browser, terms: &[&str]) -> String {
    let back = server.walk_with(browser, &authorize(MARKET, ""), "ryan@example.com", &MARKET_ITEMS, terms, &[]).await;
    token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await)
}

#[tokio::test]
async fn simple_signup_shows_items_terms_and_channels_on_one_screen() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        let page = server.consent_page(&mut browser, &authorize(MARKET, ""), "ryan@example.com").await;
        for part in [
            "value=\"use\" data-required",
            "value=\"news\"",
            "https://market.example/privacy",
            "name=\"channel\" value=\"_ZeUTxl\"",
            "id=\"agree-to-all\"",
            "value=\"profile_nickname\" data-required",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(!page.body.contains("value=\"gender\""), "F03: items of use wait for scope");
        // KOE203 names items and terms alike.
        let without_privacy = async |browser: &mut Browser, page: &str| {
            let form = [
                ("kakaw_form", &*hidden(page)),
                ("decision", "accept"),
                ("scope", "profile_nickname"),
                ("term", "use"),
            ];
            browser.post(&server, &authorize(MARKET, ""), &form).await
        };
        let shown_again = without_privacy(&mut browser, &page.body).await;
        assert!(
            shown_again.body.contains("aria-invalid=\"true\" aria-describedby=\"term-2-error\" autofocus"),
            "{}",
            shown_again.body
        );
        assert_eq!(shown_again.body.matches("aria-invalid").count(), 1, "{}", shown_again.body);
        let refused = without_privacy(&mut browser, &shown_again.body).await;
        assert!(refused.body.contains("KOE203"), "{}", refused.body);
        assert!(
            refused.body.contains("required:profile_nickname,use,privacy agreed:profile_nickname,use"),
            "{}",
            refused.body
        );
        let page = browser.get(&server, &authorize(MARKET, "")).await;
        let mut form = vec![("kakaw_form", hidden(&page.body)), ("decision", "accept".to_owned())];
        form.extend([("scope", "profile_nickname".to_owned()), ("term", "use".to_owned())]);
        form.extend([("term", "privacy".to_owned()), ("channel", "_ZeUTxl".to_owned())]);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let back = browser.post(&server, &authorize(MARKET, ""), &form).await;
        let token = token_of(&server.exchange(MARKET, &back.parameter("code").unwrap()).await);
        let me = server.me(&token).await.json();
        assert_eq!(me["synched_at"], "2026-11-20T03:00:00Z", "{me}");
        let file = kakaw_platform::manage::world_file::export(
            &server.world.platform,
            kakaw_platform::manage::world_file::Secrets::LeftOut,
        )
        .await;
        let text = kakaw_platform::manage::world_file::to_text(&file.unwrap()).unwrap();
        assert!(text.contains("_ZeUTxl") && text.contains("synched_at"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn agreements_are_listed_added_and_taken_back() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, &mut Browser::default(), TERMS).await;
        let get = async |query: &str| server.api("GET", &format!("/v2/user/service_terms{query}"), &token).await.json();
        let agreed = |tag: &str, required: bool, by: &str| {
            json!({ "tag": tag, "required": required, "agreed": true, "revocable": !required,
                    "agreed_at": "2026-11-20T03:00:00Z", "agreed_by": by })
        };
        let news = json!({ "tag": "news", "required": false, "agreed": false, "revocable": false });
        let both = vec![agreed("use", true, "KAUTH"), agreed("privacy", true, "KAUTH")];
        assert_eq!(get("").await["service_terms"], json!(both));
        let all = get("?result=app_service_terms").await;
        assert_eq!(all["service_terms"], json!([both[0], both[1], news]));
        // Flutter repeats the parameter.
        assert_eq!(get("?result=app_service_terms&tags=use&tags=news").await["service_terms"], json!([both[0], news]));
        let unknown = get("?tags=test").await;
        assert_eq!(
            unknown,
            json!({ "msg": "There is no tags to get service terms. check out to configured this tags([test]) in app(Market).", "code": -2 })
        );
        assert_eq!(get("?result=x").await["code"], -2);
        let form = async |path: &str, tags: &str| server.call(path, &token, &[("tags", tags)]).await;
        let added = form("/v2/user/upgrade/service_terms", "news,use,nothing").await.json();
        assert_eq!(
            added["agreed_service_terms"],
            json!([{ "tag": "news", "agreed": true, "agreed_at": "2026-11-20T03:00:00Z", "agreed_by": "KAPI" }])
        );
        assert_eq!(form("/v2/user/upgrade/service_terms", "news").await.json()["agreed_service_terms"], json!([]));
        let required = form("/v2/user/revoke/service_terms", "use").await;
        assert_eq!((required.status.as_u16(), required.json()["code"].as_i64()), (403, Some(-3)));
        let revoked = form("/v2/user/revoke/service_terms", "news").await.json();
        assert_eq!(revoked["revoked_service_terms"], json!([{ "tag": "news", "agreed": false }]));
        let twice = form("/v2/user/revoke/service_terms", "news").await.json();
        assert_eq!(
            twice,
            json!({ "msg": "There is no tags to revoke. check out to configured this tags([news]) in app(Market).", "code": -2 })
        );
        assert_eq!(form("/v2/user/revoke/service_terms", "").await.json()["code"], -2);
        let legacy = server.api("GET", "/v1/user/service/terms?extra=app_service_terms", &token).await.json();
        assert_eq!(legacy["allowed_service_terms"][0], json!({ "tag": "use", "agreed_at": "2026-11-20T03:00:00Z" }));
        assert_eq!(legacy["app_service_terms"].as_array().unwrap().len(), 3, "{legacy}");
        // A new version is not agreed to yet.
        let newer = PLATFORM.replacen("required = true\n[[apps.service_terms]]\ntag = \"privacy\"", "required = true\nversion = 2\n[[apps.service_terms]]\ntag = \"privacy\"", 1);
        server.apply(&newer).await;
        assert_eq!(get("").await["service_terms"], json!([both[1]]));
    })
    .await;
}

#[tokio::test]
async fn without_simple_signup_terms_are_refused_and_not_shown() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let token = sign_up(&server, &mut Browser::default(), TERMS).await;
        server.apply(&PLATFORM.replace("enabled = true", "enabled = false")).await;
        for path in ["/v2/user/service_terms", "/v1/user/service/terms"] {
            let refused = server.api("GET", path, &token).await;
            assert_eq!((refused.status.as_u16(), refused.json()["code"].as_i64()), (403, Some(-3)), "{path}");
        }
        for path in ["/v2/user/upgrade/service_terms", "/v2/user/revoke/service_terms"] {
            assert_eq!(server.call(path, &token, &[("tags", "news")]).await.json()["code"], -3, "{path}");
        }
        server.api("POST", "/v1/user/unlink", &token).await;
        let page = server.consent_page(&mut Browser::default(), &authorize(MARKET, ""), "ryan@example.com").await;
        assert!(!page.body.contains("name=\"term\"") && !page.body.contains("name=\"channel\""), "{}", page.body);
    })
    .await;
}

#[tokio::test]
async fn f09_simple_signup_waits_for_its_review() {
    let server = TestServer::start(&kakaw_store::db::Url::Memory, kakaw_core::policy::Policy::DEV).await;
    let text = PLATFORM.replace("review_passed = true", "review_passed = false");
    let file = kakaw_platform::manage::world_file::parse(&text, "w.toml").unwrap();
    let error = kakaw_platform::manage::world_file::apply(
        &server.world.platform,
        &kakaw_platform::manage::Actor::Platform,
        &file,
    )
    .await
    .unwrap_err();
    assert!(format!("{error:#}").contains("only after the review"), "{error:#}");
}

#[tokio::test]
async fn service_terms_and_channels_follow_the_request() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let page = async |more: &str| {
            server.consent_page(&mut Browser::default(), &authorize(MARKET, more), "ryan@example.com").await.body
        };
        for empty in ["&service_terms=", "&extra.service_terms="] {
            assert!(!page(empty).await.contains("name=\"term\""), "{empty}: sent and empty, none are shown");
        }
        let some = page("&extra.service_terms=use,news").await;
        assert!(some.contains("value=\"news\"") && !some.contains("value=\"privacy\""), "{some}");
        let optional = page("&service_terms=news").await;
        assert!(!optional.contains("name=\"term\""), "without a required one, none are shown");
        assert!(page("&channel_public_id=_ZeUTxl").await.contains("_ZeUTxl"));
        error_page(&server, &authorize(MARKET, "&channel_public_id=_other"), "KOE102").await;
        error_page(&server, &authorize(MARKET, "&agreement_code=x"), "KOE204").await;
        // A linked person is asked only for what the request names (F12).
        let mut browser = Browser::default();
        sign_up(&server, &mut browser, TERMS).await;
        let silent = browser.get(&server, &authorize(MARKET, "&prompt=none")).await;
        assert!(silent.parameter("code").is_some(), "{}", silent.location());
        let missing = browser.get(&server, &authorize(MARKET, "&prompt=none&service_terms=use,news")).await;
        assert_eq!(missing.parameter("error").as_deref(), Some("consent_required"));
        let asked = browser.get(&server, &authorize(MARKET, "&service_terms=use,news")).await.body;
        assert!(asked.contains("value=\"news\"") && !asked.contains("value=\"use\""), "{asked}");
    })
    .await;
}
