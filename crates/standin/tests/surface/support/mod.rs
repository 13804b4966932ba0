//! A server for tests: the real router, a frozen clock, seeded randomness, and functions for what users do.

mod browser;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kakaw_core::crypto::seal::{MasterKey, Purpose, Sealer};
use kakaw_core::crypto::secret::Secret;
use kakaw_core::crypto::signing_key::SigningKey;
use kakaw_core::policy::Policy;
use kakaw_core::random::{self, Random};
use kakaw_core::{Millis, Span};
use kakaw_platform::audit::Audit;
use kakaw_platform::http::error::Explained;
use kakaw_platform::manage::Actor;
use kakaw_platform::manage::world_file;
use kakaw_platform::metrics::Metrics;
use kakaw_platform::origins::Origins;
use kakaw_platform::outgoing;
use kakaw_platform::password::{Cost, Passwords};
use kakaw_platform::platform::{Platform, Settings};
use kakaw_platform::quota::Quotas;
use kakaw_platform::random::{Seeded, System};
use kakaw_platform::request::used_forms::UsedForms;
use kakaw_platform::signer::Signer;
use kakaw_platform::surroundings::Alone;
use kakaw_platform::throttle::Throttle;
use kakaw_platform::tombstones::Tombstones;
use kakaw_platform::transient_results::TransientResults;
use kakaw_standin::clock::Clock;
use kakaw_standin::inject::Injected;
use kakaw_standin::world::{DEFAULT, Place, PublicUrl, World};
use kakaw_standin::worlds::Worlds;
use kakaw_standin::{dispatch, endpoints};
use kakaw_store::db::Url;
use kakaw_store::{Outcome, Store, signing_keys};
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use self::browser::form_request;
pub use self::browser::{Browser, encode, encode_value, field, hidden};
use crate::provoked;

pub const REST: &str = "0123456789abcdef0123456789abcdef";
pub const SECRET_REST: &str = "1123456789abcdef0123456789abcdef";
pub const JS: &str = "2123456789abcdef0123456789abcdef";
pub const NATIVE: &str = "3123456789abcdef0123456789abcdef";
pub const ADMIN: &str = "4123456789abcdef0123456789abcdef";
pub const OFF: &str = "5123456789abcdef0123456789abcdef";
pub const TEST_APP: &str = "6123456789abcdef0123456789abcdef";
pub const ADULTS: &str = "7123456789abcdef0123456789abcdef";
pub const PLAIN: &str = "8123456789abcdef0123456789abcdef";
pub const MARKET: &str = "a0000000000000000000000000000001";
pub const MARKET_JS: &str = "a0000000000000000000000000000002";
pub const MARKET_NATIVE: &str = "a0000000000000000000000000000003";
pub const MARKET_ADMIN: &str = "a0000000000000000000000000000004";
pub const MARKET_LIMITED: &str = "a0000000000000000000000000000005";
pub const MANUAL: &str = "b0000000000000000000000000000001";
pub const MANUAL_ADMIN: &str = "b0000000000000000000000000000004";
/// Apps that use every feature after the log-in.
pub const PLATFORM: &str = include_str!("../platform.toml");
/// What Ryan agrees to at Market.
pub const MARKET_ITEMS: [&str; 2] = ["profile_nickname", "account_email"];
pub const SECRET: &str = "s3cret";
pub const CALLBACK: &str = "http://localhost:3000/callback";

/// Runs a test on SQLite, and on PostgreSQL if it is configured.
pub async fn on_each_database<F: AsyncFn(TestServer)>(test: F) {
    on_each_database_with(Policy::DEV, test).await;
}

/// Runs a test on every database, with the audit trail on.
pub async fn on_each_recording_database<F: AsyncFn(TestServer)>(test: F) {
    let folder = tempfile::tempdir().expect("folder");
    for url in [Some(Url::Memory), Some(Url::Sqlite(folder.path().join("t.db"))), postgres().await] {
        let Some(url) = url else {
            eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
            continue;
        };
        let mut setup = TestServer::world(&url, Policy::DEV).await;
        setup.platform.audit = Audit::on("node", Span::days(365), &System::new());
        test(TestServer::of(TestServer::with_keys(setup).await).await).await;
    }
}

/// Runs a test on every database with this policy.
pub async fn on_each_database_with<F: AsyncFn(TestServer)>(policy: Policy, test: F) {
    test(TestServer::start(&Url::Memory, policy).await).await;
    let folder = tempfile::tempdir().expect("folder");
    test(TestServer::start(&Url::Sqlite(folder.path().join("t.db")), policy).await).await;
    match postgres().await {
        Some(url) => test(TestServer::start(&url, policy).await).await,
        None => eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set"),
    }
}

/// Makes a new PostgreSQL schema, if there is a server.
pub async fn postgres() -> Option<Url> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let base = std::env::var("KAKAW_TEST_POSTGRES").ok()?;
    let schema = format!(
        "t{}_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::SeqCst),
        u64::from_be_bytes(random::bytes(&System::new()))
    );
    kakaw_store::db::create_schema(&base, &schema).await.expect("schema");
    Some(Url::Postgres(format!("{base}?options=-csearch_path%3D{schema}")))
}

/// The required items of app 1001.
pub const ITEMS: [&str; 2] = ["profile_nickname", "account_email"];

/// Expects an error page with this code, and no redirect.
pub async fn error_page(server: &TestServer, url: &str, code: &str) {
    let answer = server.get(url).await;
    let expected = if code == "KOE002" { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    assert_eq!(answer.status, expected, "{url}");
    assert!(answer.body.contains(&format!("({code})")), "{url}: {code} expected: {}", answer.body);
    assert!(!answer.headers.contains_key("location"));
}

/// What a test may change before the server is made.
pub struct Setup {
    pub platform: Platform,
    pub public_url: PublicUrl,
    pub clock: Clock,
    pub control_token: Option<Secret>,
}

pub struct TestServer {
    pub world: Arc<World>,
    pub router: Router,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
    /// What the layers that record exchanges learn about a refusal.
    pub explained: Option<Explained>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON expected: {} {}", self.status, self.body))
    }

    pub fn location(&self) -> String {
        let location = self
            .headers
            .get(header::LOCATION)
            .unwrap_or_else(|| panic!("redirect expected: {} {}", self.status, self.body));
        location.to_str().expect("text").to_owned()
    }

    /// Returns a parameter of the redirect.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        let pairs = kakaw_wire::form::Pairs::parse(location.split_once('?')?.1).expect("query");
        pairs.one(name).expect("once").map(str::to_owned)
    }
}

impl TestServer {
    pub async fn start(url: &Url, policy: Policy) -> Self {
        // The output appears with a failing test.
        let _ = tracing_subscriber::fmt().with_test_writer().with_max_level(tracing::Level::WARN).try_init();
        Self::of(Self::with_keys(Self::world(url, policy).await).await).await
    }

    pub async fn start_with(url: &Url, policy: Policy, passwords: Passwords) -> Self {
        let mut setup = Self::world(url, policy).await;
        setup.platform.passwords = Arc::new(passwords);
        Self::of(Self::with_keys(setup).await).await
    }

    /// Puts signing keys into the database. Otherwise every test would generate two, and an RSA key takes a tenth of a
    /// second.
    async fn with_keys(setup: Setup) -> Setup {
        static KEYS: LazyLock<Vec<(String, Secret)>> = LazyLock::new(|| {
            let made = [SigningKey::generate(), SigningKey::generate()];
            made.into_iter().flatten().map(|key| (key.jwk.kid.clone(), key.to_text().expect("text"))).collect()
        });
        let Platform { store, sealer, .. } = &setup.platform;
        let insert = |(index, (kid, text)): (usize, &(String, Secret))| {
            let sealed = sealer.seal(Purpose::Keep, text.expose().as_bytes());
            signing_keys::insert(kid, &sealed, setup.clock.now() + Span::seconds(index as i64))
        };
        let inserted = store.commit(KEYS.iter().enumerate().map(insert).collect()).await.expect("keys");
        assert_eq!((inserted, KEYS.len()), (Outcome::Committed, 2));
        setup
    }

    /// Returns the parts of an empty world.
    pub async fn world(url: &Url, policy: Policy) -> Setup {
        let platform = Platform {
            store: Store::open(url).await.expect("store"),
            sealer: Arc::new(Sealer::new("test", &[MasterKey { id: 1, bytes: [7; 32] }]).expect("sealer")),
            random: Arc::new(Seeded::new(1)) as Arc<dyn Random>,
            signer: Signer::default(),
            passwords: Arc::new(Passwords::new(Cost { memory_kib: 64, iterations: 1, lanes: 1 }, 4, 100)),
            quotas: Quotas::none(),
            webhooks: Arc::new(outgoing::Client::new(outgoing::Options {
                private_networks: true,
                ..Default::default()
            })),
            wake_deliveries: Notify::new(),
            transient_results: TransientResults::default(),
            security_txt: None,
            audit: Audit::default(),
            tombstones: Tombstones::default(),
            used_forms: UsedForms::default(),
            metrics: Metrics::default(),
            brand: Arc::default(),
            throttle: Throttle::new(false),
            policy: policy.into(),
            settings: Settings {
                access_token_in_query: true,
                sign_up: true,
                notice: Some(kakaw_standin::pages::words::banner),
                notice_link: Some(kakaw_standin::inspector::LINK),
                open_diagnosis: true,
                derived_keys: true,
                legacy_properties: true,
                public_key: None,
                ..Settings::default()
            },
            // Replaced when the world is made.
            surroundings: Arc::new(Alone::new(Origins::new(|_| String::new()))),
        };
        platform.store.seal_with(Arc::clone(&platform.sealer));
        let clock = Clock::frozen_at(Millis::from_rfc3339("2026-11-20T03:00:00Z").expect("time"));
        Setup { platform, public_url: PublicUrl::FollowLoopback, clock, control_token: None }
    }

    /// Makes a server for a world, with the apps and people of the test world.
    pub async fn of(setup: Setup) -> Self {
        let Setup { platform, public_url, clock, control_token } = setup;
        let home = "http://localhost:7700".to_owned();
        let place = Arc::new(Place::new(DEFAULT.to_owned(), public_url, clock, home));
        let platform = Platform { surroundings: Arc::clone(&place) as _, ..platform };
        let world = Arc::new(World { control_token, ..World::new(platform, place) });
        // As in the program: generated in the background, and the first ID token waits for them.
        let signing = Arc::clone(&world.platform);
        tokio::spawn(async move { signing.signer.load(&signing).await });
        let app = endpoints::of(Arc::clone(&world));
        let router = dispatch::every(Worlds::new(Arc::clone(&world), app, endpoints::of, 7700, Default::default()));
        let server = Self { router, world };
        server.apply(include_str!("../world.toml")).await;
        server.apply(include_str!("../world.toml")).await;
        kakaw_standin::restore::take(&server.world, kakaw_standin::snapshots::START).await.expect("snapshot");
        server
    }

    /// Applies a world file.
    pub async fn apply(&self, text: &str) {
        let file = world_file::parse(text, "world.toml").expect("world file");
        world_file::apply(&self.world.platform, &Actor::Platform, &file).await.expect("applied");
    }

    /// Applies the test world with a part of it replaced.
    pub async fn edit(&self, from: &str, to: &str) {
        let text = include_str!("../world.toml");
        assert!(text.contains(from), "the test world holds {from}");
        self.apply(&text.replacen(from, to, 1)).await;
    }

    /// Returns the raw response, whose body may break off.
    pub async fn raw(&self, request: Request<Body>) -> axum::response::Response {
        self.raw_from([127, 0, 0, 1], request).await
    }

    /// Sends a request from this address.
    pub async fn raw_from(&self, address: [u8; 4], mut request: Request<Body>) -> axum::response::Response {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 1))));
        self.router.clone().oneshot(request).await.expect("infallible")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.raw(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("body").to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let explained = parts.extensions.get::<Explained>().cloned();
        let answer = Answer { status: parts.status, headers: parts.headers, body, explained };
        if parts.extensions.get::<Injected>().is_none() {
            provoked::record(&answer);
        }
        answer
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.send(Request::get(url).header("host", "localhost:7700").body(Body::empty()).expect("request")).await
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Answer {
        self.send(form_request(url).body(Body::from(encode(form))).expect("request")).await
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", form).await
    }

    pub async fn api(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "localhost:7700");
        self.send(request.header("authorization", format!("Bearer {token}")).body(Body::empty()).expect("request"))
            .await
    }

    pub async fn me(&self, token: &str) -> Answer {
        self.api("GET", "/v2/user/me", token).await
    }

    /// Logs in through the page.
    pub async fn log_in(&self, browser: &mut Browser, continue_to: &str, login: &str, password: &str) -> Answer {
        let url = format!("/login?continue={}", encode_value(continue_to));
        let page = browser.get(self, &url).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        browser
            .post(self, &url, &[("kakaw_form", &hidden(&page.body)), ("loginId", login), ("password", password)])
            .await
    }

    /// Goes from authorize to the redirect back to the app, agreeing to `items`.
    pub async fn walk(&self, browser: &mut Browser, authorize: &str, login: &str, items: &[&str]) -> Answer {
        self.walk_with(browser, authorize, login, items, &[], &[]).await
    }

    /// Goes to the consent screen.
    pub async fn consent_page(&self, browser: &mut Browser, authorize: &str, login: &str) -> Answer {
        let (_, answer) = self.logged_in(browser, authorize, login).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer
    }

    /// Logs in if asked. Returns the next URL and page.
    async fn logged_in(&self, browser: &mut Browser, authorize: &str, login: &str) -> (String, Answer) {
        let answer = browser.get(self, authorize).await;
        if answer.status != StatusCode::FOUND || !answer.location().starts_with("/login") {
            return (authorize.to_owned(), answer);
        }
        let target = answer.parameter("continue").expect("continue");
        let password = login.split('@').next().expect("name");
        let logged_in = self.log_in(browser, &target, login, &format!("{password}-password")).await;
        assert_eq!(logged_in.status, StatusCode::SEE_OTHER, "{}", logged_in.body);
        let url = logged_in.location();
        let answer = browser.get(self, &url).await;
        (url, answer)
    }

    /// Like [`Self::walk`], and agrees to service terms and channels too.
    pub async fn walk_with(
        &self,
        browser: &mut Browser,
        authorize: &str,
        login: &str,
        items: &[&str],
        terms: &[&str],
        channels: &[&str],
    ) -> Answer {
        let (url, page) = self.logged_in(browser, authorize, login).await;
        if page.status != StatusCode::OK {
            return page;
        }
        let form_value = hidden(&page.body);
        let mut form = vec![("kakaw_form", form_value.as_str()), ("decision", "accept")];
        form.extend(items.iter().map(|item| ("scope", *item)));
        form.extend(terms.iter().map(|tag| ("term", *tag)));
        form.extend(channels.iter().map(|id| ("channel", *id)));
        browser.post(self, &url, &form).await
    }

    /// Sends a POST to kapi with an access token.
    pub async fn call(&self, path: &str, token: &str, form: &[(&str, &str)]) -> Answer {
        let request = form_request(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::from(encode(form))).expect("request")).await
    }

    /// Calls kapi with an admin key.
    pub async fn admin(&self, key: &str, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = form_request(path).method(method).header("authorization", format!("KakaoAK {key}"));
        self.send(request.body(Body::from(encode(form))).expect("request")).await
    }

    /// Does a whole log-in. Returns the token reply.
    pub async fn tokens(&self, browser: &mut Browser, key: &str, login: &str, items: &[&str]) -> Value {
        let back = self.walk(browser, &authorize(key, ""), login, items).await;
        let code = back.parameter("code").unwrap_or_else(|| panic!("code expected: {}", back.location()));
        let answer = self.exchange(key, &code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    pub async fn exchange(&self, key: &str, code: &str) -> Answer {
        let redirect = redirect_of(key);
        let mut form =
            vec![("grant_type", "authorization_code"), ("client_id", key), ("redirect_uri", &redirect), ("code", code)];
        if key == SECRET_REST {
            form.push(("client_secret", SECRET));
        }
        self.token(&form).await
    }

    pub async fn refresh(&self, key: &str, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("client_id", key), ("refresh_token", token)]).await
    }
}

/// Sends a control request.
pub async fn control(server: &TestServer, method: &str, path: &str, body: Value) -> Answer {
    let request =
        Request::builder().method(method).uri(path).header("host", "localhost:7700").header("kakaw-control", "1");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    server.send(request.body(body).unwrap()).await
}

/// Returns the redirect URI that tests use with a key.
pub fn redirect_of(key: &str) -> String {
    if key == NATIVE || key == MARKET_NATIVE { format!("kakao{key}://oauth") } else { CALLBACK.to_owned() }
}

/// Returns the access token of a token reply.
pub fn token_of(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("tokens expected: {}", answer.body)).to_owned()
}

/// Returns the path of an authorization request.
pub fn authorize(key: &str, more: &str) -> String {
    format!(
        "/oauth/authorize?client_id={key}&redirect_uri={}&response_type=code{more}",
        encode_value(&redirect_of(key))
    )
}
