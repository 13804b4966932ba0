//! Demonstrates the catalogue: a real request for every code that this service raises. A row describes how a client
//! gets the code, and does it, on a server in its initial state.

use kakaw_core::Span;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use kakaw_core::crypto::signing_key::SigningKey;
use kakaw_core::policy::Policy;
use kakaw_platform::signer::Signer;
use kakaw_standin::restore;
use kakaw_standin::snapshots::START;
use kakaw_store::db::Url;
use kakaw_wire::Code;
use kakaw_wire::problem::Status;
use serde_json::{Value, json};

use crate::address_selection;
use crate::provoked::wrong;
use crate::support::*;

/// A server with the apps of both test worlds, and a browser.
pub struct Stage {
    pub server: TestServer,
    pub browser: Browser,
    /// Whether nothing but the requests is wrong: for an injected error, the world stays in order.
    pub in_order: bool,
    /// Whether the server can be reset to its start.
    intact: bool,
}

pub const RYAN: &str = "ryan@example.com";
pub const NICKNAME: &[&str] = &["profile_nickname"];

/// How a code is provoked: a description, and requests, of which the last one is answered with the code.
pub type Row = (Code, &'static str, fn(&mut Stage) -> Pin<Box<dyn Future<Output = Answer> + '_>>);

macro_rules! rows {
    ($($code:ident $how:literal |$stage:ident| $requests:expr;)*) => {
        pub const ROWS: &[Row] = &[$((Code::$code, $how, |$stage| Box::pin(async move { $requests })),)*];
    };
}

rows! {
    // Error pages of authorize and of related pages.
    KOE001 "a parameter twice" |s| s.get(&authorize(REST, "&state=1&state=2")).await;
    KOE002 "a path that is none" |s| s.get("/oauth/tokn").await;
    KOE003 "a database that fails" |s| { s.fail(); s.get(&authorize(REST, "")).await };
    KOE004 "an app with Kakao Login switched off" |s| s.get(&authorize(OFF, "")).await;
    KOE005 "a test app, and a person who is not of its team" |s| s.walk(&authorize(TEST_APP, ""), "child@example.com", &[]).await;
    KOE006 "a redirect URI with a slash too much" |s| s.get(&authorize(REST, "").replace("callback", "callback%2F")).await;
    KOE007 "a log-out to an unregistered URI" |s| {
        s.get(&format!("/oauth/logout?client_id={REST}&logout_redirect_uri=http://localhost:3000/by")).await
    };
    KOE008 "an admin key at authorize" |s| s.get(&authorize(ADMIN, "")).await;
    KOE009 "an origin that is not registered for the JavaScript key" |s| {
        s.get(&authorize(MARKET_JS, "&ka=os%2Fjavascript%20origin%2Fhttp%3A%2F%2Flocalhost%3A3001")).await
    };
    KOE023 "the popup of the first JavaScript SDK" |s| s.get(&authorize(REST, "&proxy=easyXDM_Kakao_1_provider")).await;
    KOE101 "a key that no app has" |s| s.get(&authorize("ffffffffffffffffffffffffffffffff", "")).await;
    KOE102 "a channel that is not connected" |s| s.get(&authorize(REST, "&channel_public_id=_ZeUTxl")).await;
    KOE201 "response_type=id_token" |s| s.get(&authorize(REST, "").replace("=code", "=id_token")).await;
    KOE202 "response_type=token" |s| s.get(&authorize(REST, "").replace("=code", "=token")).await;
    KOE203 "a required item left out, in the form that marks it" |s| {
        let url = authorize(REST, "");
        let again = s.walk(&url, RYAN, NICKNAME).await;
        s.browser.agree(&s.server, &url, &again.body, NICKNAME).await
    };
    KOE204 "an agreement_code" |s| s.get(&authorize(REST, "&agreement_code=x")).await;
    KOE205 "an item that the app has not set" |s| s.get(&authorize(REST, "&scope=phone_number")).await;
    KOE207 "no redirect_uri" |s| s.get(&format!("/oauth/authorize?client_id={REST}&response_type=code")).await;

    // Redirects to the app.
    AccessDenied "Cancel on the consent screen" |s| {
        let url = authorize(REST, "");
        let page = s.server.consent_page(&mut s.browser, &url, RYAN).await;
        s.browser.post(&s.server, &url, &[("kakaw_form", &hidden(&page.body)), ("decision", "cancel")]).await
    };
    AccessDeniedUnderAge "a child, and an app that is closed to children" |s| s.walk(&authorize(ADULTS, ""), "child@example.com", &[]).await;
    LoginRequired "prompt=none, and nobody logged in" |s| s.get(&authorize(REST, "&prompt=none")).await;
    ConsentRequired "prompt=none, and nothing agreed to" |s| s.silently(RYAN).await;
    InteractionRequiredCollection "prompt=none, and an agreed value that the account lacks" |s| {
        s.walk(&authorize(REST, ""), "noemail", &ITEMS).await;
        s.get(&authorize(REST, "&prompt=none")).await
    };
    InteractionRequiredTerms "prompt=none, and the account's terms not agreed to" |s| s.silently("newcomer@example.com").await;
    InteractionRequiredRestricted "prompt=none, and a restricted account" |s| s.silently("blocked@example.com").await;

    // The token endpoint, and the endpoint that verifies ID tokens.
    KOE010 "no client secret, with the feature on" |s| s.exchange(SECRET_REST, &[]).await;
    KOE114 "a code of another key" |s| { let code = s.code().await; s.exchange(JS, &[("code", &code)]).await };
    KOE127 "an address that the key does not allow" |s| {
        let uris = "redirect_uris = [\"http://localhost:3000/callback\"]";
        s.platform(uris, &format!("{uris}\nallowed_ips = [\"192.0.2.0/24\"]")).await;
        s.exchange(MARKET, &[]).await
    };
    KOE237 "more token requests than the app's limit" |s| {
        s.market("quotas = { tokens = 1 }").await;
        s.exchange(MARKET, &[]).await;
        s.exchange(MARKET, &[]).await
    };
    KOE303 "another redirect URI than at authorize" |s| {
        let code = s.code().await;
        s.exchange(PLAIN, &[("code", &code), ("redirect_uri", "http://localhost:3000/other")]).await
    };
    KOE310 "no grant_type" |s| s.server.token(&[("client_id", REST)]).await;
    KOE319 "a refresh without a token" |s| s.server.token(&[("grant_type", "refresh_token"), ("client_id", REST)]).await;
    KOE320 "a code that was spent" |s| {
        let code = s.code().await;
        s.exchange(PLAIN, &[("code", &code)]).await;
        s.exchange(PLAIN, &[("code", &code)]).await
    };
    KOE322 "a refresh token after 60 days" |s| {
        let tokens = s.tokens().await;
        s.advance(Span::days(60));
        s.server.refresh(PLAIN, text(&tokens["refresh_token"])).await
    };
    InvalidRequest "a parameter of the token endpoint twice" |s| {
        s.server.token(&[("grant_type", "authorization_code"), ("client_id", REST), ("client_id", REST)]).await
    };
    InvalidGrantPkce "a code_verifier, and no challenge at authorize" |s| {
        let code = s.code().await;
        s.exchange(PLAIN, &[("code", &code), ("code_verifier", "x")]).await
    };
    KOE400 "an ID token that is none" |s| s.inspect("x").await;
    KOE401 "an ID token of another issuer" |s| s.inspect(&foreign(json!({ "iss": "https://evil.example" }))).await;
    KOE402 "an ID token that another key signed" |s| s.inspect(&foreign(json!({ "iss": "http://localhost:7700" }))).await;
    KOE403 "an ID token after its time" |s| {
        s.walk(&authorize(REST, ""), RYAN, &ITEMS).await;
        let code = s.get(&authorize(REST, "")).await.parameter("code").unwrap();
        let tokens = s.exchange(REST, &[("code", &code)]).await.json();
        s.advance(Span::hours(6));
        s.inspect(text(&tokens["id_token"])).await
    };

    // The user API.
    Kapi1 "a database that fails" |s| {
        let token = s.token().await;
        s.fail();
        s.server.me(&token).await
    };
    Kapi2 "property_keys that are no JSON list" |s| s.api("/v2/user/me?property_keys=x").await;
    Kapi3 "taking back what the app requires" |s| {
        let token = s.token().await;
        s.server.call("/v2/user/revoke/scopes", &token, &[("scopes", "[\"profile_nickname\"]")]).await
    };
    Kapi4 "a restricted account" |s| s.me_after("nickname = \"Ryan\"", "nickname = \"Ryan\"\nrestricted = true").await;
    Kapi5 "an item that the operator does not permit" |s| {
        let token = s.signed_up(MARKET, &["profile_nickname", "shipping_address"]).await;
        s.platform("purpose = \"Delivery\"", "permission = false").await;
        s.server.api("GET", "/v1/user/shipping_address", &token).await
    };
    Kapi8 "two Authorization headers" |s| {
        let request = Request::get("/v2/user/me").header("host", "localhost:7700");
        let request = request.header("authorization", "Bearer x").header("authorization", "Bearer y");
        s.server.send(request.body(Body::empty()).unwrap()).await
    };
    Kapi9 "an API of the past" |s| s.get("/v1/user/me").await;
    Kapi10 "more calls than the app's limit" |s| {
        s.market("quotas = { calls = 1 }").await;
        s.server.admin(MARKET_ADMIN, "GET", "/v1/user/ids", &[]).await;
        s.server.admin(MARKET_ADMIN, "GET", "/v1/user/ids", &[]).await
    };
    Kapi12 "an app that was blocked" |s| { s.market("status = \"blocked\"").await; s.ids().await };
    Kapi13 "an app that was suspended" |s| { s.market("status = \"suspended\"").await; s.ids().await };
    Kapi101 "a user id of nobody" |s| {
        s.server.admin(ADMIN, "GET", "/v2/user/me?target_id_type=user_id&target_id=1", &[]).await
    };
    Kapi102 "a sign-up of somebody who is registered" |s| s.sign_up_again("{}").await;
    Kapi103 "an account that is asleep" |s| s.me_after("nickname = \"Ryan\"", "nickname = \"Ryan\"\ndormant = true").await;
    Kapi201 "a property that the app has not registered" |s| {
        let token = s.token().await;
        s.server.call("/v1/user/update_profile", &token, &[("properties", "{\"age\":\"1\"}")]).await
    };
    Kapi401 "no token" |s| s.get("/v2/user/me").await;
    Kapi402 "user information of OpenID Connect without openid" |s| s.api("/v1/oidc/userinfo").await;
    Kapi406 "a child, and an app that was closed to children since" |s| s.me_after("name = \"Plain\"", "name = \"Plain\"\nunder_14 = \"deny\"").await;

    // The shipping-address picker.
    KAE001 "a database that fails" |s| {
        s.fail();
        address_selection::open(&s.server, &mut s.browser, MARKET_NATIVE, "x", &address_selection::native("")).await
    };
    KAE002 "neither a return URL nor a transaction" |s| {
        address_selection::open(&s.server, &mut s.browser, MARKET_JS, "x", &address_selection::inner(MARKET_JS, "")).await
    };
    KAE003 "a key that no app has" |s| address_selection::open(&s.server, &mut s.browser, "x", "x", &address_selection::native("")).await;
    KAE004 "ten minutes at the picker" |s| {
        let url = address_selection::opened(&s.server, &mut s.browser).await;
        s.advance(Span::minutes(10));
        s.get(&url).await
    };
    KAE101 "an app that was blocked" |s| s.selection_after("company =", "status = \"blocked\"\ncompany =").await;
    KAE102 "an app that does not use the item" |s| s.selection_after("shipping_address = {", "# {").await;
    KAE103 "an item that the operator does not permit" |s| s.selection_after("purpose = \"Delivery\"", "permission = false").await;
    KAE104 "a REST API key" |s| {
        let url = address_selection::native("").replace(MARKET_NATIVE, MARKET);
        address_selection::open(&s.server, &mut s.browser, MARKET, "x", &url).await
    };
    KAE201 "a picker of another browser" |s| {
        let url = address_selection::opened(&s.server, &mut Browser::default()).await;
        s.get(&url).await
    };
    KAE202 "a person who was unlinked since" |s| {
        let token = s.signed_up(MARKET_NATIVE, &["profile_nickname", "shipping_address"]).await;
        let agt = address_selection::agt(&s.server, MARKET_NATIVE, &token).await;
        let opened = address_selection::open(&s.server, &mut s.browser, MARKET_NATIVE, &agt, &address_selection::native("")).await;
        s.server.api("POST", "/v1/user/unlink", &token).await;
        s.get(&opened.location()).await
    };
    KAE203 "Cancel where the picker asks for consent" |s| {
        let token = s.signed_up(MARKET_NATIVE, NICKNAME).await;
        let agt = address_selection::agt(&s.server, MARKET_NATIVE, &token).await;
        let opened = address_selection::open(&s.server, &mut s.browser, MARKET_NATIVE, &agt, &address_selection::native("")).await;
        address_selection::press(&s.server, &mut s.browser, &opened.location(), &[("decision", "cancel")]).await
    };
    KAE204 "an account whose terms are not agreed to" |s| {
        s.selection_after("nickname = \"Ryan\"", "nickname = \"Ryan\"\nagreed_to_terms = false").await
    };
    KAE205 "a restricted account" |s| s.selection_after("nickname = \"Ryan\"", "nickname = \"Ryan\"\nrestricted = true").await;
    KAE206 "an address that is none of the person's" |s| {
        let url = address_selection::opened(&s.server, &mut s.browser).await;
        s.get(&url.replace("&kakaw_selection", "&address_id=77&kakaw_selection")).await
    };
}

impl Stage {
    pub async fn new() -> Self {
        let mut setup = TestServer::world(&Url::Memory, Policy::DEV).await;
        setup.platform.signer = Signer::waiting_at_most(Duration::from_secs(60));
        let server = TestServer::of(setup).await;
        server.apply(PLATFORM).await;
        assert!(restore::take(&server.world, START).await.unwrap());
        Self { server, browser: Browser::default(), in_order: false, intact: true }
    }

    /// Returns the stage for the next row, in its initial state.
    pub async fn again(self) -> Self {
        if !self.intact {
            return Self::new().await;
        }
        assert!(restore::reset(&self.server.world).await.unwrap());
        Self { browser: Browser::default(), in_order: false, ..self }
    }

    /// Makes the database fail from now on.
    pub fn fail(&mut self) {
        if self.in_order {
            return;
        }
        self.server.world.platform.store.shut();
        self.intact = false;
    }

    pub async fn get(&mut self, url: &str) -> Answer {
        self.browser.get(&self.server, url).await
    }

    pub async fn walk(&mut self, url: &str, login: &str, items: &[&str]) -> Answer {
        self.server.walk(&mut self.browser, url, login, items).await
    }

    /// Logs in, and sends a request with `prompt=none`.
    pub async fn silently(&mut self, login: &str) -> Answer {
        let password = format!("{}-password", login.split('@').next().unwrap());
        self.server.log_in(&mut self.browser, &authorize(REST, ""), login, &password).await;
        self.get(&authorize(REST, "&prompt=none")).await
    }

    /// Returns a code of Plain for Ryan.
    pub async fn code(&mut self) -> String {
        self.walk(&authorize(PLAIN, ""), RYAN, NICKNAME).await.parameter("code").unwrap()
    }

    /// Exchanges a code with this key.
    pub async fn exchange(&self, key: &str, more: &[(&str, &str)]) -> Answer {
        let form = [("grant_type", "authorization_code"), ("client_id", key)];
        self.server.token(&[&form, more].concat()).await
    }

    pub async fn tokens(&mut self) -> Value {
        let code = self.code().await;
        self.exchange(PLAIN, &[("code", &code)]).await.json()
    }

    /// Returns an access token of Plain for Ryan.
    pub async fn token(&mut self) -> String {
        text(&self.tokens().await["access_token"]).to_owned()
    }

    /// Returns an access token of Market for Ryan.
    pub async fn signed_up(&self, key: &str, items: &[&str]) -> String {
        address_selection::sign_up(&self.server, key, items).await
    }

    pub async fn api(&mut self, path: &str) -> Answer {
        let token = self.token().await;
        self.server.api("GET", path, &token).await
    }

    pub async fn inspect(&self, token: &str) -> Answer {
        self.server.post("/oauth/tokeninfo", &[("id_token", token)]).await
    }

    /// Adds a setting to Market.
    pub async fn market(&self, setting: &str) {
        self.platform("company =", &format!("{setting}\ncompany =")).await;
    }

    /// Applies the world of Market with a part of it replaced.
    pub async fn platform(&self, from: &str, to: &str) {
        if !self.in_order {
            self.server.apply(&PLATFORM.replacen(from, to, 1)).await;
        }
    }

    pub fn advance(&self, span: Span) {
        if !self.in_order {
            self.server.world.place.clock.advance(span);
        }
    }

    pub async fn ids(&self) -> Answer {
        self.server.admin(MARKET_ADMIN, "GET", "/v1/user/ids", &[]).await
    }

    /// Calls `/v2/user/me` of Plain after a change of the world. The child logs in where age matters.
    pub async fn me_after(&mut self, from: &str, to: &str) -> Answer {
        let person = if to.contains("under_14") { "child@example.com" } else { RYAN };
        let code = self.walk(&authorize(PLAIN, ""), person, NICKNAME).await.parameter("code").unwrap();
        let tokens = self.exchange(PLAIN, &[("code", &code)]).await.json();
        if !self.in_order {
            self.server.edit(from, to).await;
        }
        self.server.me(text(&tokens["access_token"])).await
    }

    /// Signs up at Manual, twice.
    pub async fn sign_up_again(&mut self, properties: &str) -> Answer {
        let code = self.walk(&authorize(MANUAL, ""), RYAN, NICKNAME).await.parameter("code").unwrap();
        let tokens = self.exchange(MANUAL, &[("code", &code)]).await.json();
        let token = text(&tokens["access_token"]);
        self.server.call("/v1/user/signup", token, &[("properties", properties)]).await;
        self.server.call("/v1/user/signup", token, &[("properties", properties)]).await
    }

    /// Returns the open picker of Market after a change of the world.
    pub async fn selection_after(&mut self, from: &str, to: &str) -> Answer {
        let url = address_selection::opened(&self.server, &mut self.browser).await;
        self.platform(from, to).await;
        self.get(&url).await
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("text expected: {value}"))
}

/// Returns an ID token that a foreign key signed.
pub fn foreign(more: Value) -> String {
    let mut claims = json!({ "aud": REST, "sub": "1", "auth_time": 1, "exp": 4_000_000_000i64, "iat": 1 });
    claims["iss"] = more["iss"].clone();
    SigningKey::generate().unwrap().sign(&serde_json::from_value(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn every_raised_code_is_provoked_by_a_request() {
    let (mut provoked, mut failed) = (BTreeSet::new(), Vec::new());
    let mut stage = Stage::new().await;
    for (code, how, requests) in ROWS {
        stage = stage.again().await;
        let answer = requests(&mut stage).await;
        match wrong(*code, &answer) {
            None => assert!(provoked.insert(*code), "{code} has one row"),
            Some(wrong) => failed.push(format!("{code} by {how}: {wrong}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let raised: BTreeSet<_> = Code::ALL.iter().copied().filter(|code| code.status() == Status::Raised).collect();
    let missing: Vec<_> = raised.difference(&provoked).collect();
    assert!(missing.is_empty(), "no request provokes {missing:?}");
    assert_eq!(provoked, raised, "and nothing that is not raised");
}
