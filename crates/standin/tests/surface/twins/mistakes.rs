//! More mistakes than those of `demonstration.rs`: the other surfaces and the other messages of the codes.

use axum::body::Body;
use axum::http::Request;
use kakaw_core::Span;
use serde_json::json;

use super::Twin;
use crate::address_selection;
use crate::demonstration::{NICKNAME, RYAN, Stage};
use crate::support::*;

macro_rules! more {
    ($($error:literal $how:literal $evidence:expr, $after:literal |$stage:ident| $requests:expr;)*) => {
        pub(super) fn more() -> Vec<Twin> {
            vec![$(Twin {
                error: $error.to_owned(),
                how: $how,
                requests: |$stage| Box::pin(async move { $requests }),
                evidence: $evidence,
                after: $after,
            },)*]
        }
    };
}

const TRANSACTION: &str = "0123456789012345678901234567890123456789";
const FRAME: &str = "trans0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij";
const TERMS: [&str; 2] = ["use", "privacy"];
const NOBODY: &str = "ffffffffffffffffffffffffffffffff";

more! {
    // Codes of `demonstration.rs` on their other surfaces.
    "KOE002" "a path that is none, in a browser" &[], 0 |s| {
        s.browser.get_with(&s.server, "/oauth/tokn", &[("accept", "text/html")]).await
    };
    "KOE003" "a database that fails at the token endpoint" &[], 0 |s| {
        let code = s.code().await;
        s.fail();
        s.exchange(PLAIN, &[("code", &code)]).await
    };
    "KOE004" "a token request of an app that is switched off" &[], 0 |s| s.exchange(OFF, &[("code", "x")]).await;
    "KOE101" "a token request with a key that no app has" &[], 0 |s| s.exchange(NOBODY, &[]).await;
    "KOE101" "a token request without a key" &[], 0 |s| s.server.token(&[("grant_type", "authorization_code")]).await;
    "KOE009" "a token request of an app that is not registered" &[], 0 |s| {
        s.exchange(MARKET_JS, &[("client_origin", "http://localhost:3001")]).await
    };
    "unsupported_grant_type" "grant_type=password" &[], 0 |s| {
        s.server.token(&[("grant_type", "password"), ("client_id", REST)]).await
    };
    "KOE006" "a redirect URI with a slash too much, with state" &[], 0 |s| {
        s.get(&authorize(REST, "&state=a%20b&lang=ko").replace("callback", "callback%2F")).await
    };
    "access_denied" "Cancel, with state" &[], 0 |s| {
        let url = authorize(NATIVE, "&state=a%26b");
        let page = s.server.consent_page(&mut s.browser, &url, RYAN).await;
        s.browser.post(&s.server, &url, &[("kakaw_form", &hidden(&page.body)), ("decision", "cancel")]).await
    };

    // The other messages of kapi.
    "-2" "taking back what was not agreed to" &[], 0 |s| {
        let token = s.token().await;
        s.server.call("/v2/user/revoke/scopes", &token, &[("scopes", "[\"gender\",\"birthday\"]")]).await
    };
    "-2" "tags that the app does not have" &[], 0 |s| {
        let token = s.signed_up(MARKET, NICKNAME).await;
        s.server.api("GET", "/v2/user/service_terms?tags=test", &token).await
    };
    "-2" "tags that were not agreed to" &[], 0 |s| {
        let token = s.signed_up(MARKET, NICKNAME).await;
        s.server.call("/v2/user/revoke/service_terms", &token, &[("tags", "news")]).await
    };
    "malformed_access_token" "a text that can be no token" &[], 0 |s| {
        s.server.api("GET", "/v1/user/access_token_info", "x").await
    };
    "unknown_api" "an API that is none" &[], 0 |s| s.get("/v2/user/mee").await;
    "-3" "an item that the app has not set" &[], 0 |s| {
        let token = s.signed_up(MARKET, &["profile_nickname", "shipping_address"]).await;
        s.platform("shipping_address = {", "# {").await;
        s.server.api("GET", "/v1/user/shipping_address", &token).await
    };
    "-3" "service terms without simple sign-up" &[], 0 |s| s.api("/v2/user/service_terms").await;
    "-3" "an admin key that may not make this call" &[], 0 |s| {
        s.server.admin(MARKET_LIMITED, "GET", "/v1/user/ids", &[]).await
    };
    "minute_quota_exceeded" "more calls than this call's own limit" &[], 0 |s| {
        s.market("quotas = { user_ids = 1 }").await;
        s.ids().await;
        s.ids().await
    };
    "-401" "an admin key of no app" &[], 0 |s| s.server.admin(NOBODY, "GET", "/v1/user/ids", &[]).await;
    "access_token_expired" "an access token after its time" &[], 0 |s| {
        let token = s.token().await;
        s.advance(Span::days(1));
        s.server.me(&token).await
    };
    "app_key_deactivated" "a key that was deleted" &[], 0 |s| {
        s.me_after(PLAIN, &PLAIN.replacen('8', "9", 1)).await
    };
    "ip_mismatched" "an address that the key does not allow" &[], 0 |s| {
        let token = s.signed_up(MARKET, NICKNAME).await;
        let uris = "redirect_uris = [\"http://localhost:3000/callback\"]";
        s.platform(uris, &format!("{uris}\nallowed_ips = [\"192.0.2.0/24\"]")).await;
        s.server.me(&token).await
    };
    "ip_mismatched" "an address that the admin key does not allow" &[], 0 |s| {
        s.platform("primary = true", "primary = true\nallowed_ips = [\"192.0.2.0/24\"]").await;
        s.ids().await
    };
    "domain_mismatched" "a web page that is not registered" &[], 0 |s| {
        with_ka(s, MARKET_JS, "os/javascript origin/http%3A%2F%2Flocalhost%3A3001").await
    };
    "key_hash_mismatched" "an Android app that is not registered" &[], 0 |s| {
        with_ka(s, MARKET_NATIVE, "os/android-33 origin/x").await
    };
    "bundle_id_mismatched" "an iOS app that is not registered" &[], 0 |s| {
        with_ka(s, MARKET_NATIVE, "os/ios-17 origin/com.other").await
    };

    // The shipping-address picker where its result goes, and where it cannot go.
    "KAE001" "the page that the SDK opens without an answer" &[], 0 |s| s.get(&address("/error/server-error", NATIVE_TARGET)).await;
    "KAE001" "a database that fails as the window closes" &[], 0 |s| {
        s.fail();
        s.browser.post(&s.server, &address("/user/address/closed", FRAME_TARGET), &[]).await
    };
    "KAE201" "another browser closes the window" &[], 0 |s| {
        Browser::default().post(&s.server, &address("/user/address/closed", FRAME_TARGET), &[]).await
    };
    "KAE001" "the same for a page" &[], 1 |s| {
        s.get(&address("/error/server-error", FRAME_TARGET)).await;
        framed(s).await
    };
    "KAE004" "ten minutes at a page's picker" &[], 1 |s| {
        let url = picker(s).await;
        s.advance(Span::minutes(9) + Span::seconds(59));
        s.advance(Span::seconds(1));
        s.get(&url).await;
        framed(s).await
    };
    "KAE101" "an app that was blocked, for a page" &[], 1 |s| picker_after(s, "company =", "status = \"blocked\"\ncompany =").await;
    "KAE102" "an app that does not use the item, for a page" &[], 1 |s| picker_after(s, "shipping_address = {", "# {").await;
    "KAE103" "an item that the operator does not permit, for a page" &[], 1 |s| {
        picker_after(s, "purpose = \"Delivery\"", "permission = false").await
    };
    "KAE201" "a page's picker in another browser" &[], 1 |s| {
        let url = picker(s).await;
        Browser::default().get(&s.server, &url).await;
        framed(s).await
    };
    "KAE202" "a person who was unlinked since, for a page" &[], 1 |s| {
        let url = picker(s).await;
        let token = s.signed_up(MARKET_JS, &["profile_nickname", "shipping_address"]).await;
        if !s.in_order {
            s.server.api("POST", "/v1/user/unlink", &token).await;
        } else {
            s.server.api("GET", "/v2/user/me", &token).await;
        }
        s.get(&url).await;
        framed(s).await
    };
    "KAE203" "Cancel where a page's picker asks for consent" &[], 1 |s| {
        let url = picker_with(s, NICKNAME).await;
        address_selection::press(&s.server, &mut s.browser, &url, &[("decision", "cancel")]).await;
        framed(s).await
    };
    "KAE204" "an account whose terms are not agreed to, for a page" &[], 1 |s| {
        picker_after(s, "nickname = \"Ryan\"", "nickname = \"Ryan\"\nagreed_to_terms = false").await
    };
    "KAE205" "a restricted account, for a page" &[], 1 |s| {
        picker_after(s, "nickname = \"Ryan\"", "nickname = \"Ryan\"\nrestricted = true").await
    };
    "KAE206" "an address that is none of the person's, for a page" &[], 1 |s| {
        let url = picker(s).await;
        s.get(&url.replace("&kakaw_selection", "&address_id=77&kakaw_selection")).await;
        framed(s).await
    };

    // The failure that the JavaScript SDK polls for.
    "access_denied" "Cancel on the consent screen, and a poll" &[], 1 |s| {
        log_in(s, RYAN).await;
        let page = open(s, "&state=s").await;
        let form = hidden(&page.body);
        s.browser.post(&s.server, &js("&state=s"), &[("kakaw_form", &form), ("decision", "cancel")]).await;
        poll(s, MARKET_JS).await
    };
    "access_denied_under_age" "a child, and a poll" &[], 1 |s| {
        s.market("under_14 = \"deny\"").await;
        log_in(s, "child@example.com").await;
        open(s, "").await;
        poll(s, MARKET_JS).await
    };
    "login_required" "prompt=none, nobody logged in, and a poll" &[], 1 |s| {
        open(s, "&prompt=none&state=a%20b").await;
        poll(s, MARKET_JS).await
    };
    "consent_required" "prompt=none, nothing agreed to, and a poll" &[], 1 |s| silently(s, RYAN).await;
    "interaction_required_collection" "prompt=none, an agreed value that the account lacks, and a poll" &[], 1 |s| {
        let required = PLATFORM.replacen("account_email = \"optional\"", "account_email = { consent = \"required\", collect_if_missing = true }", 1);
        s.server.apply(&required).await;
        s.server.walk_with(&mut s.browser, &authorize(MARKET_JS, ""), "noemail", &MARKET_ITEMS, &TERMS, &[]).await;
        open(s, "&prompt=none").await;
        poll(s, MARKET_JS).await
    };
    "interaction_required_terms" "prompt=none, the account's terms not agreed to, and a poll" &[], 1 |s| {
        silently(s, "newcomer@example.com").await
    };
    "interaction_required_restricted" "prompt=none, a restricted account, and a poll" &[], 1 |s| {
        silently(s, "blocked@example.com").await
    };
    "login_required" "the same, injected into the poll" &[], 0 |s| {
        open(s, "&prompt=none").await;
        poll(s, MARKET_JS).await
    };
    "KOE101" "a poll with a key that no app has" &[], 0 |s| poll(s, NOBODY).await;
    "KOE009" "a poll of a site that is not registered" &[], 0 |s| {
        control(&s.server, "POST", "/control/v1/policy", json!({ "strict_code_polling": true })).await;
        let url = format!("/apiweb/code.json?client_id={MARKET_JS}&auth_tran_id={TRANSACTION}");
        s.browser.get_with(&s.server, &url, &[("origin", "http://localhost:3001")]).await
    };
    "KOE003" "a poll while the database fails" &[], 0 |s| {
        s.fail();
        poll(s, MARKET_JS).await
    };
}

const NATIVE_TARGET: &str =
    "app_key=a0000000000000000000000000000003&ka=sdk&return_url=kakaoa0000000000000000000000000000003://address";
const FRAME_TARGET: &str = "app_key=a0000000000000000000000000000002&ka=sdk&trans_id=trans0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij";

fn address(path: &str, target: &str) -> String {
    format!("{path}?{target}")
}

async fn with_ka(s: &mut Stage, key: &str, ka: &str) -> Answer {
    let token = s.signed_up(key, NICKNAME).await;
    let request = Request::get("/v2/user/me").header("host", "localhost:7700").header("ka", ka);
    s.server.send(request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()).await
}

/// Opens the picker of a page for Ryan, and returns its URL.
async fn picker(s: &mut Stage) -> String {
    picker_with(s, &["profile_nickname", "shipping_address"]).await
}

async fn picker_with(s: &mut Stage, items: &[&str]) -> String {
    let token = s.signed_up(MARKET_JS, items).await;
    let agt = address_selection::agt(&s.server, MARKET_JS, &token).await;
    let url = address_selection::inner(MARKET_JS, &format!("&trans_id={FRAME}"));
    address_selection::open(&s.server, &mut s.browser, MARKET_JS, &agt, &url).await.location()
}

async fn picker_after(s: &mut Stage, from: &str, to: &str) -> Answer {
    let url = picker(s).await;
    s.platform(from, to).await;
    s.get(&url).await;
    framed(s).await
}

/// Returns what the hidden frame gets.
async fn framed(s: &mut Stage) -> Answer {
    s.server.get(&format!("/proxy/outcome?trans_id={FRAME}")).await
}

/// Returns an authorization request of the JavaScript SDK with its built-in target.
fn js(more: &str) -> String {
    format!(
        "/oauth/authorize?client_id={MARKET_JS}&redirect_uri=JS-SDK&response_type=code&is_popup=true\
         &auth_tran_id={TRANSACTION}{more}"
    )
}

async fn log_in(s: &mut Stage, login: &str) {
    let password = format!("{}-password", login.split('@').next().unwrap());
    s.server.log_in(&mut s.browser, &authorize(MARKET_JS, ""), login, &password).await;
}

async fn open(s: &mut Stage, more: &str) -> Answer {
    s.browser.get_with(&s.server, &js(more), &[("referer", "http://localhost:3000/")]).await
}

async fn silently(s: &mut Stage, login: &str) -> Answer {
    log_in(s, login).await;
    open(s, "&prompt=none").await;
    poll(s, MARKET_JS).await
}

async fn poll(s: &mut Stage, key: &str) -> Answer {
    let url = format!("/apiweb/code.json?client_id={key}&auth_tran_id={TRANSACTION}&ka=sdk%2F2.7.1");
    s.browser.get_with(&s.server, &url, &[("origin", "http://localhost:3000")]).await
}
