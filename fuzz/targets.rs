//! The targets, and what each parser promises. A target panics if a promise is broken.

#![expect(clippy::panic, reason = "the fuzzer catches it")]

use axum::http::{HeaderMap, HeaderValue, header};
use kakaw_core::account::Attributes;
use kakaw_core::app::{App, AppKey, AppSettings, KeyKind, KeySettings};
use kakaw_core::authorize::{Parameters, Request, pkce};
use kakaw_core::crypto::seal::{MasterKey, Sealer};
use kakaw_core::crypto::signing_key::{Jws, SigningKey};
use kakaw_core::policy::Policy;
use kakaw_core::token::{self, AccessToken};
use kakaw_core::{AppId, GrantId, Millis};
use kakaw_platform::request::cookie;
use kakaw_platform::{manage::world_file, password, random::Seeded};
use kakaw_wire::form::Pairs;
use kakaw_wire::oidc::IdTokenClaims;
use kakaw_wire::scope::{self, Item};
use kakaw_wire::text::Lang;

pub type Check = Box<dyn Fn(&[u8])>;

pub struct Target {
    pub name: &'static str,
    #[cfg_attr(not(any(fuzzing, test)), expect(dead_code, reason = "a plain build hands in a file"))]
    pub seeds: fn() -> Vec<Vec<u8>>,
    pub make: fn() -> Check,
}

pub const TARGETS: &[Target] = &[
    Target { name: "form", seeds: queries, make: form },
    Target { name: "authorize", seeds: queries, make: authorization },
    Target { name: "tokens", seeds: sealed, make: tokens },
    Target { name: "id_token", seeds: id_tokens, make: id_token },
    Target { name: "world_file", seeds: worlds, make: world },
    Target { name: "headers", seeds: headers, make: header_values },
    Target { name: "password", seeds: hashes, make: hash },
    Target { name: "values", seeds: values, make: value },
];

const KEY: &str = "0123456789abcdef0123456789abcdef";
const REDIRECT_URI: &str = "http://localhost:3000/callback";

fn seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

fn queries() -> Vec<Vec<u8>> {
    seeds(&[
        "client_id=0123456789abcdef0123456789abcdef&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code",
        "response_type=code&client_id=0123456789abcdef0123456789abcdef&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&\
         scope=account_email,openid+gender&state=a%2Bb&prompt=none&nonce=n&lang=ko",
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&login_hint=a%40b",
        "grant_type=authorization_code&code=x&client_secret=%ED%95%9C&&=&a",
    ])
}

/// Decoded values can be encoded again, and decode to the same values.
fn form() -> Check {
    Box::new(|input| {
        let Some(text) = text(input) else { return };
        let Ok(pairs) = Pairs::parse(text) else { return };
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let again: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let Ok(decoded) = Pairs::parse(&again.join("&")) else { panic!("encoded, it is refused") };
        assert!(pairs.iter().eq(decoded.iter()), "encoded, it is another");
        for (name, _) in pairs.iter() {
            assert!(pairs.all(name).count() > 0);
            let _ = pairs.one(name);
        }
    })
}

/// Whatever the parameters, nobody is redirected to an unregistered URI.
fn authorization() -> Check {
    let item = |consent| kakaw_core::app::ConsentItem {
        consent,
        collect_if_missing: false,
        collect_since: Millis(0),
        purpose: String::new(),
        permission: true,
    };
    let consent_items = [(Item::AccountEmail, item(kakaw_core::app::Consent::Required))].into();
    let settings = AppSettings { oidc: true, consent_items, ..AppSettings::new("App") };
    let app = App { id: AppId(1), version: 1, settings };
    let key = AppKey {
        key: KEY.to_owned(),
        app_id: AppId(1),
        kind: KeyKind::RestApi,
        epoch: 0,
        deleted: false,
        settings: KeySettings { redirect_uris: vec![REDIRECT_URI.to_owned()], ..KeySettings::default() },
        secret_hash: None,
    };
    Box::new(move |input| {
        let Some(Ok(pairs)) = text(input).map(Pairs::parse) else { return };
        let Ok(parameters) = Parameters::parse(&pairs) else { return };
        if let Ok(request) = Request::check(&parameters, Some((&app, &key)), &Policy::DEV) {
            assert_eq!(request.redirect_uri(), REDIRECT_URI);
            assert!(request.wanted().scope.iter().all(|item| *item == Item::AccountEmail));
        }
    })
}

fn sealer() -> Sealer {
    let keys = [MasterKey { id: 1, bytes: [7; 32] }];
    let Some(sealer) = Sealer::new("fuzz", &keys) else { panic!("a sealer") };
    sealer
}

fn issued() -> Vec<String> {
    let (sealer, random) = (sealer(), Seeded::new(1));
    let token = |id| AccessToken { grant_id: GrantId(id), expires_at: Millis(1_800_000_000_000) };
    (1..5).map(|id| token::issue_access(&sealer, token(id), &random)).collect()
}

fn sealed() -> Vec<Vec<u8>> {
    issued().into_iter().map(String::into_bytes).collect()
}

/// Only issued values open.
fn tokens() -> Check {
    let (sealer, issued) = (sealer(), issued());
    Box::new(move |input| {
        let Some(text) = text(input) else { return };
        if token::open_access(&sealer, text).is_some() {
            assert!(issued.iter().any(|token| token == text), "an altered token opens");
        }
        assert!(token::open_refresh(&sealer, text).is_none(), "an access token passes for a refresh token");
        let _ = token::present(&sealer, text, Millis(0));
    })
}

fn claims() -> IdTokenClaims {
    IdTokenClaims {
        aud: KEY.to_owned(),
        sub: "1".to_owned(),
        auth_time: 1,
        iss: "http://localhost".to_owned(),
        exp: 2,
        iat: 1,
        nonce: None,
        nickname: Some("라이언".to_owned()),
        picture: None,
        email: None,
    }
}

fn signing_key() -> &'static SigningKey {
    static KEY: std::sync::OnceLock<Option<SigningKey>> = std::sync::OnceLock::new();
    let Some(key) = KEY.get_or_init(SigningKey::generate) else { panic!("a signing key") };
    key
}

fn id_tokens() -> Vec<Vec<u8>> {
    vec![signing_key().sign(&claims()).unwrap_or_default().into_bytes(), b"eyJhbGciOiJub25lIn0.e30.".to_vec()]
}

/// Only the claims that were signed verify.
fn id_token() -> Check {
    let jwk = [signing_key().jwk.clone()];
    let Some(original) = signing_key().sign(&claims()) else { panic!("a token") };
    let payload = original.split('.').nth(1).unwrap_or_default().to_owned();
    Box::new(move |input| {
        let Some(jws) = text(input).and_then(Jws::parse) else { return };
        if jws.is_signed_by(&jwk) {
            assert_eq!(
                text(input).and_then(|text| text.split('.').nth(1)),
                Some(payload.as_str()),
                "other claims verify"
            );
        }
    })
}

fn worlds() -> Vec<Vec<u8>> {
    seeds(&[
        include_str!("../crates/kakaw/assets/sample_world.toml"),
        "[[people]]\nid = \"x\"\nbirthday = \"1130\"\n[[people.links]]\napp = 1\nuser_id = 5\nscopes = [\"gender\"]\n",
        "[[apps]]\nid = 1\nname = \"A\"\n[apps.consent_items]\ngender = { consent = \"on_use\", purpose = \"x\" }\n",
    ])
}

/// A parsed file can be written and parsed again. An error names its line.
fn world() -> Check {
    Box::new(|input| {
        let Some(text) = text(input) else { return };
        match world_file::parse(text, "fuzz") {
            Ok(file) => {
                let Ok(written) = world_file::to_text(&file) else { panic!("what was read cannot be written") };
                assert!(world_file::parse(&written, "fuzz").is_ok(), "what was written cannot be read: {written}");
            }
            Err(error) => assert!(error.starts_with("fuzz, line "), "{error}"),
        }
    })
}

fn headers() -> Vec<Vec<u8>> {
    seeds(&["ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "kakaw_s_a=b; kakaw_b_c=d; x=\"y\"", "zh-Hant-TW;q=1.000, *;q=0"])
}

fn header_values() -> Check {
    Box::new(|input| {
        let _ = Lang::preferred(None, text(input));
        let _ = Lang::preferred(text(input), None);
        let Ok(value) = HeaderValue::from_bytes(input) else { return };
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        if let Some(value) = cookie::read(&headers, "kakaw_s_a") {
            assert!(!value.is_empty() && value.len() <= 128);
        }
    })
}

fn hashes() -> Vec<Vec<u8>> {
    seeds(&[
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc",
    ])
}

/// An accepted hash can be computed, and does not exhaust the machine.
fn hash() -> Check {
    Box::new(|input| {
        let Some(text) = text(input) else { return };
        if let Some(cost) = password::cost_of(text) {
            assert!(cost.memory_kib <= 1 << 20 && cost.iterations <= 16 && cost.lanes <= 8, "{cost:?}");
            if u64::from(cost.memory_kib) * u64::from(cost.iterations) <= 1024 {
                password::one_for_measurement(cost);
            }
        }
    })
}

fn values() -> Vec<Vec<u8>> {
    seeds(&[
        "name@example.com",
        "1130",
        "0229",
        "1995",
        "female",
        "+82 10-1234-5678",
        "2026-11-20T03:00:00.123Z",
        "account_email gender,openid",
    ])
}

fn value() -> Check {
    Box::new(|input| {
        let Some(text) = text(input) else { return };
        for item in Item::ALL {
            let mut person = Attributes::default();
            let taken = person.collect(*item, text).is_ok();
            assert!(taken || person == Attributes::default(), "refused, and changed all the same");
            let _ = person.age(Millis(1_790_000_000_000));
        }
        if let Some(time) = Millis::from_rfc3339(text) {
            assert_eq!(Millis::from_rfc3339(&time.rfc3339_exact()), Some(time));
        }
        assert!(scope::split(text).all(|word| !word.is_empty() && !word.contains([',', ' '])));
        let _ = pkce::check(Some(text), Some(text));
    })
}
