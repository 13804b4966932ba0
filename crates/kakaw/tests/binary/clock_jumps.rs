//! Tests of `serve` on a machine whose clock jumps: an hour back, a month on, and back again.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bad_days;
use crate::client::{Client, hidden};
use crate::running::{Running, kakaw, run};
use crate::shop::{AUTHORIZE, OWNER, PASSWORD, WORLD, exchange_form, refresh_form};

/// The system clock of a process, which its test sets. Timers go on, as they do on a real machine.
struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// Returns `None` if libfaketime is not installed.
    fn in_folder(folder: &Path) -> Option<Self> {
        let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
        let library = folders.map(|f| f.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())?;
        let clock = Self { library, file: folder.join("clock") };
        clock.set("+0");
        Some(clock)
    }

    /// Sets the difference to the real time.
    fn set(&self, offset: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    fn serve(&self, folder: &Path) -> Running {
        let mut command = kakaw(folder, &["serve", "--config", "kakaw.toml"]);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Running::wait_with_log(command, std::fs::File::create(folder.join("log")).unwrap().into())
    }
}

/// Counts the events that it gets.
fn receiver() -> (u16, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, got) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
            let _ = stream.read_to_end(&mut Vec::new());
            if stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (port, got)
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(15), "{what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What a person and a service have.
struct Kept {
    browser: Client,
    access: String,
    refresh: String,
    id_token: String,
}

fn with_id_token() -> String {
    format!("{AUTHORIZE}&scope=openid+profile_nickname")
}

/// Logs in with a new browser, waiting as long as its network has to.
async fn log_in(server: &Running) -> Kept {
    let (mut browser, authorize) = (bad_days::client(server), with_id_token());
    let began = Instant::now();
    let back = loop {
        let back = browser.type_password(&authorize, OWNER, PASSWORD).await.unwrap();
        if back.status == 303 {
            break back;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "{} {}", back.status, back.text);
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let mut page = browser.get(&back.location).await.unwrap();
    if page.parameter("code").is_none() {
        page = browser.agree(&authorize, &page, &["profile_nickname"]).await.unwrap();
    }
    let code = page.parameter("code").unwrap();
    let tokens = browser.post("/oauth/token", &exchange_form(&code)).await.unwrap().json();
    let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
    Kept { access: text("access_token"), refresh: text("refresh_token"), id_token: text("id_token"), browser }
}

impl Kept {
    async fn code(&mut self) -> Option<String> {
        self.browser.get(AUTHORIZE).await.unwrap().parameter("code")
    }

    async fn exchange(&mut self, code: &str) -> Value {
        self.browser.post("/oauth/token", &exchange_form(code)).await.unwrap().json()
    }

    async fn refresh(&mut self) -> Value {
        self.browser.post("/oauth/token", &refresh_form(&self.refresh)).await.unwrap().json()
    }

    async fn me(&mut self) -> (u16, Option<i64>) {
        let me = self.browser.get_with_token("/v2/user/me", &self.access).await.unwrap();
        (me.status, me.json()["code"].as_i64())
    }

    async fn id_token_info(&mut self) -> Value {
        self.browser.post("/oauth/tokeninfo", &[("id_token", self.id_token.as_str())]).await.unwrap().json()
    }

    /// Everything that was good before is good.
    async fn is_good(&mut self) {
        assert_eq!(self.me().await, (200, None));
        let info = self.browser.get_with_token("/v1/user/access_token_info", &self.access).await.unwrap();
        assert_eq!(info.status, 200, "{}", info.text);
        assert!(self.refresh().await["access_token"].is_string());
        assert_eq!(self.id_token_info().await["nickname"], "Owner");
        let code = self.code().await.expect("the session");
        assert!(self.exchange(&code).await["access_token"].is_string());
    }
}

async fn jumps(folder: &Path, clock: &Clock, server: &Running, got: &AtomicUsize) {
    let mut kept = log_in(server).await;
    let (held, late) = (kept.code().await.unwrap(), kept.code().await.unwrap());
    let mut stranger = bad_days::client(server);
    for _ in 0..7 {
        assert_ne!(stranger.type_password(AUTHORIZE, OWNER, "wrong").await.unwrap().status, 303);
    }
    until("events", async || got.load(Ordering::SeqCst) > 0).await;

    clock.set("-3600");
    kept.is_good().await;
    assert!(kept.exchange(&held).await["access_token"].is_string(), "a code");
    // The wait after wrong passwords is no hour longer.
    let mut new = log_in(server).await;
    new.is_good().await;
    let before = got.load(Ordering::SeqCst);
    assert_eq!(new.browser.api("/v1/user/logout", &new.access).await.unwrap().status, 200);
    assert_eq!(new.me().await, (401, Some(-401)));
    until("an event after the jump", async || got.load(Ordering::SeqCst) > before).await;

    // The month. Log-in forms of before are refused, and what has expired is.
    let mut waiting = bad_days::client(server);
    let to_login = waiting.get(AUTHORIZE).await.unwrap().location;
    let form = hidden(&waiting.get(&to_login).await.unwrap().text);
    let first = key_of(&kept.id_token);
    clock.set("+31d");
    assert_eq!(kept.me().await, (401, Some(-401)), "an access token lives for hours");
    assert_eq!(kept.exchange(&late).await["error_code"], "KOE320", "a code lives for minutes");
    assert_eq!(kept.id_token_info().await["error_code"], "KOE403", "an ID token lives for hours");
    assert_eq!(kept.code().await, None, "a session lives for a day");
    let fields = [("kakaw_form", form.as_str()), ("loginId", OWNER), ("password", PASSWORD)];
    let late = waiting.post(&to_login, &fields).await.unwrap();
    assert!(late.status != 303, "{} {}", late.status, late.text);
    let renewed = kept.refresh().await;
    let rotated = renewed["refresh_token"].as_str().unwrap_or_else(|| panic!("the last month of 60 days: {renewed}"));
    kept = Kept { refresh: rotated.to_owned(), ..log_in(server).await };
    kept.is_good().await;
    // Keys turn by their schedule of ten days, and everything is good with the new ones.
    until("the next key signs", async || key_of(&log_in(server).await.id_token) != first).await;
    kept.is_good().await;

    // The clock is right again. What was issued meanwhile is of the future, and good.
    clock.set("+0");
    kept.is_good().await;
    log_in(server).await.is_good().await;
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

/// Returns the id of the key that signed a token.
fn key_of(token: &str) -> String {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn check(folder: &Path, database: &str) {
    let Some(clock) = Clock::in_folder(folder) else {
        eprintln!("SKIPPED: libfaketime is not installed");
        return;
    };
    let (port, got) = receiver();
    let config = format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\n{database}\n\
         webhooks.private_networks = true\n\
         [keys]\noverlap = 3\nrotate_signing_after_days = 10\nrotate_sealing_after_days = 10\n"
    );
    std::fs::write(folder.join("kakaw.toml"), config).unwrap();
    let webhook = format!(
        "oidc = true\npermissions = [\"OIDC_SSE_SUPPORTED\"]\nwebhooks.account_status = {{ url = \
         \"http://localhost:{port}/events\", events = [\"token-issued\", \"tokens-revoked\"] }}"
    );
    std::fs::write(folder.join("world.toml"), WORLD.replacen("oidc = true", &webhook, 1)).unwrap();
    for args in [&["init", "--config", "kakaw.toml"][..], &["apply", "world.toml", "--config", "kakaw.toml"]] {
        let (code, _, error) = run(folder, args);
        assert_eq!(code, Some(0), "{error}");
    }
    let mut server = clock.serve(folder);
    jumps(folder, &clock, &server, &got).await;
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_and_on_invalidates_nothing_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), "data = \"data\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_and_on_invalidates_nothing_wrongly_on_postgresql() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let schema = format!("clock{}", std::process::id());
    kakaw_store::db::create_schema(&base, &schema).await.unwrap();
    let key_file = folder.path().join("keys.toml").display().to_string();
    check(folder.path(), &format!("database = \"{base}?options=-csearch_path%3D{schema}\"\nkey_file = {key_file:?}"))
        .await;
}
