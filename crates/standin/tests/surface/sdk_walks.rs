//! Tests of each official SDK's calls, spelled as it spells them (`reference/sdk/wire.md`), with every reply decoded
//! strictly.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::strict::{self, decode};
use crate::support::*;

/// How an SDK spells its requests.
struct Sdk {
    name: &'static str,
    key: &'static str,
    ka: &'static str,
    /// How it joins `scope`.
    scope: &'static str,
    /// The `prompt` of a log-in.
    prompt: &'static str,
    /// Its platform field at the token endpoint.
    platform: Option<(&'static str, &'static str)>,
    /// Whether its PKCE verifier uses the standard base64 alphabet, with plus and slash.
    standard_base64: bool,
    /// What it sends for an absent JSON parameter.
    absent: Option<&'static str>,
    service_terms: &'static str,
}

const SDKS: [Sdk; 4] = [
    Sdk {
        name: "iOS",
        key: MARKET_NATIVE,
        ka: "sdk/2.27.3 sdk_type/swift os/ios-17.2 lang/ko-KR res/393x852 device/iPhone origin/com.market.ios app_ver/1.0 module_type/open",
        scope: "gender shipping_address",
        prompt: "login",
        platform: Some(("ios_bundle_id", "com.market.ios")),
        standard_base64: true,
        absent: None,
        service_terms: "service_terms",
    },
    Sdk {
        name: "Android",
        key: MARKET_NATIVE,
        ka: "sdk/2.20.0 sdk_type/kotlin os/android-33 lang/ko-KR origin/Ab+/cdEFghIJklmnOPqrstUVwx0= device/PIXEL-7 android_pkg/com.market app_ver/1.0",
        scope: "gender,shipping_address",
        prompt: "login",
        platform: Some(("android_key_hash", "Ab+/cdEFghIJklmnOPqrstUVwx0=")),
        standard_base64: true,
        absent: None,
        service_terms: "service_terms",
    },
    Sdk {
        name: "Flutter",
        key: MARKET_NATIVE,
        ka: "sdk/1.10.0 sdk_type/flutter os/android-33 lang/ko-KR origin/Ab+/cdEFghIJklmnOPqrstUVwx0= device/PIXEL-7 android_pkg/com.market app_ver/1.0",
        scope: "gender shipping_address",
        prompt: "login ",
        platform: Some(("android_key_hash", "Ab+/cdEFghIJklmnOPqrstUVwx0=")),
        standard_base64: false,
        absent: Some("null"),
        service_terms: "service_terms",
    },
    Sdk {
        name: "JavaScript",
        key: MARKET_JS,
        ka: "sdk/2.7.1 os/javascript sdk_type/javascript lang/ko-KR device/Linux_x86_64 origin/http%3A%2F%2Flocalhost%3A3000",
        scope: "gender,shipping_address",
        prompt: "login",
        platform: None,
        standard_base64: false,
        absent: None,
        service_terms: "extra.service_terms",
    },
];

/// One SDK in one browser.
struct Walk<'a> {
    server: &'a TestServer,
    sdk: &'a Sdk,
    verifier: String,
}

impl Walk<'_> {
    fn authorize(&self, more: &[(&str, &str)]) -> String {
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let redirect = redirect_of(self.sdk.key);
        let mut all = vec![
            ("client_id", self.sdk.key),
            ("redirect_uri", &redirect),
            ("response_type", "code"),
            ("ka", self.sdk.ka),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        all.extend(more);
        let query: Vec<_> = all.iter().map(|(name, value)| format!("{name}={}", encode_value(value))).collect();
        format!("/oauth/authorize?{}", query.join("&"))
    }

    async fn post(&self, path: &str, token: Option<&str>, form: &[(&str, &str)]) -> Value {
        let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", encode_value(value))).collect();
        let mut request = Request::post(path)
            .header("host", "localhost:7700")
            .header("ka", self.sdk.ka)
            .header("content-type", "application/x-www-form-urlencoded;charset=utf-8");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.server.send(request.body(Body::from(form.join("&"))).unwrap()).await.json()
    }

    async fn get(&self, path: &str, token: &str) -> Value {
        let request = Request::get(path)
            .header("host", "localhost:7700")
            .header("ka", self.sdk.ka)
            .header("authorization", format!("Bearer {token}"));
        self.server.send(request.body(Body::empty()).unwrap()).await.json()
    }

    async fn tokens(&self, code: &str) -> Value {
        let redirect = redirect_of(self.sdk.key);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.sdk.key),
            ("redirect_uri", &redirect),
            ("code", code),
            ("code_verifier", &self.verifier),
            ("approval_type", "individual"),
        ];
        form.extend(self.sdk.platform);
        self.post("/oauth/token", None, &form).await
    }

    fn check(&self, what: &str, value: &Value, model: &[strict::Field]) {
        decode(value, model).unwrap_or_else(|why| panic!("{}, {what}: {why}", self.sdk.name));
    }

    async fn whole(&self) {
        let mut browser = Browser::default();
        let first = [
            ("prompt", self.sdk.prompt),
            (self.sdk.service_terms, "use,privacy"),
            ("channel_public_id", "_ZeUTxl"),
            ("nonce", "n"),
        ];
        let url = self.authorize(&first);
        let back = self
            .server
            .walk_with(&mut browser, &url, "ryan@example.com", &MARKET_ITEMS, &["use", "privacy"], &[])
            .await;
        // The SDKs parse what follows the question mark. One of them would treat `error` in it as a failure.
        assert!(!back.location().contains("error"), "{}", back.location());
        let tokens = self.tokens(&back.parameter("code").unwrap()).await;
        self.check("tokens", &tokens, strict::TOKEN);
        let token = tokens["access_token"].as_str().unwrap();
        self.check("me", &self.get("/v2/user/me?secure_resource=true", token).await, strict::USER);
        for path in ["/v1/user/access_token_info", "/v1/user/check_access_token"] {
            self.check(path, &self.get(path, token).await, strict::TOKEN_INFO);
        }
        let mut refresh = vec![
            ("grant_type", "refresh_token"),
            ("client_id", self.sdk.key),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ("approval_type", "individual"),
        ];
        refresh.extend(self.sdk.platform);
        self.check("refresh", &self.post("/oauth/token", None, &refresh).await, strict::REFRESHED);
        let absent = self.sdk.absent.map(|null| format!("?scopes={null}")).unwrap_or_default();
        self.check("scopes", &self.get(&format!("/v2/user/scopes{absent}"), token).await, strict::SCOPES);
        let terms = self.get("/v2/user/service_terms?result=app_service_terms", token).await;
        self.check("terms", &terms, strict::TERMS);
        self.check("addresses, not agreed", &self.get("/v1/user/shipping_address", token).await, strict::ADDRESSES);
        self.additional_consent(token).await;
        self.check(
            "update_profile",
            &self.post("/v1/user/update_profile", Some(token), &[("properties", "{\"tier\":\"gold\"}")]).await,
            strict::USER_ID,
        );
        let null = self.sdk.absent.map(|null| ("properties", null));
        let signed = self.post("/v1/user/signup", Some(token), null.as_slice()).await;
        self.check("signup of a registered person", &signed, strict::KAPI_ERROR);
        assert_eq!(signed["code"], -102);
        self.post("/v2/user/upgrade/service_terms", Some(token), &[("tags", "news")]).await;
        // Flutter puts the tags of this POST in the query.
        let revoked = match self.sdk.name {
            "Flutter" => self.post("/v2/user/revoke/service_terms?tags=news", Some(token), &[]).await,
            _ => self.post("/v2/user/revoke/service_terms", Some(token), &[("tags", "news")]).await,
        };
        self.check("revoke terms", &revoked, strict::REVOKED_TERMS);
        let revoked = self.post("/v2/user/revoke/scopes", Some(token), &[("scopes", "[\"account_email\"]")]).await;
        self.check("revoke scopes", &revoked, strict::SCOPES);
        let certificate =
            [("client_id", self.sdk.key), ("cert_type", "k2100"), ("sign_identify_items", "phone_number,ci")];
        self.check("prepare", &self.post("/oauth/authorize/prepare", None, &certificate).await, strict::PREPARED);
        self.check("logout", &self.post("/v1/user/logout", Some(token), &[]).await, strict::USER_ID);
        let dead = self.get("/v2/user/me", token).await;
        self.check("a dead token", &dead, strict::KAPI_ERROR);
        assert_eq!(dead["code"], -401);
        self.check("a code of nowhere", &self.tokens("x").await, strict::KAUTH_ERROR);
        let again =
            self.server.walk(&mut browser, &self.authorize(&[("prompt", "none")]), "ryan@example.com", &[]).await;
        let tokens = self.tokens(&again.parameter("code").unwrap()).await;
        let token = tokens["access_token"].as_str().unwrap();
        self.check("unlink", &self.post("/v1/user/unlink", Some(token), &[]).await, strict::USER_ID);
    }

    /// After a -402 the SDKs ask for what is missing: `agt`, an ephemeral browser, `scope`.
    async fn additional_consent(&self, token: &str) {
        let agt = self.post("/api/agt", None, &[("client_id", self.sdk.key), ("access_token", token)]).await;
        self.check("agt", &agt, strict::AGT);
        let mut browser = Browser::default();
        let url = self.authorize(&[("scope", self.sdk.scope), ("agt", agt["agt"].as_str().unwrap())]);
        let url = browser.get(self.server, &url).await.location();
        let page = browser.get(self.server, &url).await;
        let back = browser.agree(self.server, &url, &page.body, &["gender", "shipping_address"]).await;
        let tokens = self.tokens(&back.parameter("code").unwrap()).await;
        self.check("tokens of additional consent", &tokens, strict::TOKEN);
        let token = tokens["access_token"].as_str().unwrap();
        let me = self.get("/v2/user/me?secure_resource=true", token).await;
        self.check("me with more", &me, strict::USER);
        assert_eq!(me["kakao_account"]["gender"], "male");
        for query in ["", "?page_size=2", "?from_updated_at=1767400000.5", "?address_id=9001"] {
            let addresses = self.get(&format!("/v1/user/shipping_address{query}"), token).await;
            self.check("addresses", &addresses, strict::ADDRESSES);
        }
    }
}

#[tokio::test]
async fn every_sdk_walks_through_with_its_own_spelling() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        for sdk in &SDKS {
            let bytes: Vec<u8> = (0..64).map(|n: u8| n.wrapping_mul(37) ^ 0xfb).collect();
            let verifier =
                if sdk.standard_base64 { STANDARD_NO_PAD.encode(bytes) } else { URL_SAFE_NO_PAD.encode(bytes) };
            assert_eq!(sdk.standard_base64, verifier.contains(['+', '/']), "{verifier}");
            Walk { server: &server, sdk, verifier }.whole().await;
        }
    })
    .await;
}
