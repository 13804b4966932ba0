//! Tests of guessed passwords and secrets against `serve`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Answer, Client, hidden};
use crate::running::{Running, kakaw, run};
use crate::shop::{ADMIN, KEY, OWNER, PASSWORD, REDIRECT_URI, SECRET, WORLD};

const HOST: &str = "login.example.com";
const CONFIG: &str = "public_url = \"https://login.example.com\"\nlisten = \"127.0.0.1:0\"\ndata = \"data\"\n";
const LOGIN: &str = "/login?continue=%2Foauth%2Fauthorize%3Fclient_id%3D8f14e45fceea167a5a36dedd4bea2543%26redirect_uri%3D\
                     https%253A%252F%252Fshop.example%252Fcallback%26response_type%3Dcode";

fn serve(folder: &Path, more: &str) -> Running {
    std::fs::write(folder.join("kakaw.toml"), format!("{CONFIG}{more}")).unwrap();
    std::fs::write(folder.join("world.toml"), WORLD).unwrap();
    let (code, _, error) = run(folder, &["apply", "world.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{error}");
    let log = std::fs::File::create(folder.join("log")).unwrap();
    Running::start_with_log(folder, log, &["serve", "--config", "kakaw.toml"])
}

fn client(server: &Running, last: u8) -> Client {
    Client::at(&server.url, IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), HOST)
}

async fn log_in(client: &mut Client, password: &str) -> Answer {
    let page = client.get(LOGIN).await.unwrap();
    let form = hidden(&page.text);
    let fields = [("kakaw_form", form.as_str()), ("loginId", OWNER), ("password", password)];
    client.post(LOGIN, &fields).await.unwrap()
}

/// Tries again as the page asks, until the log-in succeeds.
async fn log_in_patiently(client: &mut Client) -> Duration {
    let began = Instant::now();
    loop {
        let reply = log_in(client, PASSWORD).await;
        match reply.status {
            303 => return began.elapsed(),
            429 => {
                let wait: u64 = reply.retry_after.as_deref().unwrap().parse().unwrap();
                assert!((1..=15).contains(&wait), "{wait}");
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
            status => panic!("{status} {}", reply.text),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the owner is locked out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_addresses_that_guess_do_not_keep_the_owner_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = Arc::new(serve(folder.path(), ""));
    let mut known = client(&server, 200);
    assert_eq!(log_in(&mut known, PASSWORD).await.status, 303);
    let (over, verified, refused) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let guessers: Vec<_> = (1..=50)
        .map(|last| {
            let (server, over) = (Arc::clone(&server), Arc::clone(&over));
            let (verified, refused) = (Arc::clone(&verified), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut guesser = client(&server, last);
                while !over.load(Ordering::SeqCst) {
                    match log_in(&mut guesser, "a guess").await.status {
                        403 => verified.fetch_add(1, Ordering::SeqCst),
                        429 => refused.fetch_add(1, Ordering::SeqCst),
                        status => panic!("{status}"),
                    };
                }
            })
        })
        .collect();
    while refused.load(Ordering::SeqCst) < 200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // They go on while the owner logs in.
    let by_known = log_in_patiently(&mut known).await;
    let by_new = log_in_patiently(&mut client(&server, 201)).await;
    over.store(true, Ordering::SeqCst);
    for guesser in guessers {
        guesser.await.unwrap();
    }
    assert!(by_known < Duration::from_secs(3), "from a known browser: {by_known:?}");
    assert!(by_new < Duration::from_secs(30), "from a new browser: {by_new:?}");
    let verified = verified.load(Ordering::SeqCst);
    assert!((10..=20).contains(&verified), "{verified} guesses were verified");
}

#[tokio::test]
async fn a_form_is_good_once_and_for_a_double_click() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "");
    let mut browser = client(&server, 1);
    let page = browser.get(LOGIN).await.unwrap();
    let form = hidden(&page.text);
    let fields = [("kakaw_form", form.as_str()), ("loginId", OWNER), ("password", "wrong")];
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(browser.post(LOGIN, &fields).await.unwrap().status);
    }
    assert_eq!(statuses, [403, 403, 400, 400], "a double click, and then a new form");
    let again = browser.post(LOGIN, &fields).await.unwrap();
    assert_ne!(hidden(&again.text), form, "the page has a new form");
}

#[tokio::test]
async fn a_wrong_client_secret_or_admin_key_waits_longer_each_time_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "");
    let token = async |client: &mut Client, secret: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", KEY),
            ("client_secret", secret),
            ("code", "unknown"),
            ("redirect_uri", REDIRECT_URI),
        ];
        client.post("/oauth/token", &form).await.unwrap().json()["error_code"].as_str().unwrap().to_owned()
    };
    let mut guesser = client(&server, 1);
    let mut codes = Vec::new();
    let began = Instant::now();
    for _ in 0..17 {
        codes.push(token(&mut guesser, "guess").await);
    }
    assert!(codes.iter().filter(|code| *code == "KOE010").count() < 16, "{codes:?}");
    assert!(codes.contains(&"KOE237".to_owned()), "{codes:?}");
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(token(&mut client(&server, 2), SECRET).await, "KOE320", "another address is not slowed");
    assert!(began.elapsed() < Duration::from_secs(1));

    let admin = async |client: &mut Client, key: &str| {
        let reply = client.with_admin_key("/v1/user/ids", key).await.unwrap();
        (reply.status, reply.json()["code"].as_i64())
    };
    assert_eq!(admin(&mut guesser, ADMIN).await.0, 200);
    let mut statuses = Vec::new();
    for n in 0..17 {
        statuses.push(admin(&mut guesser, &format!("guess-{n}")).await);
    }
    assert!(statuses.starts_with(&[(401, Some(-401)); 10]), "{statuses:?}");
    assert!(statuses.iter().any(|(_, code)| *code == Some(-10)), "{statuses:?}");
    assert_eq!(admin(&mut client(&server, 2), ADMIN).await.0, 200);
}

#[tokio::test]
async fn fail2ban_reads_a_failed_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), "");
    assert_eq!(log_in(&mut client(&server, 7), "wrong").await.status, 403);
    let log = folder.path().join("log");
    let began = Instant::now();
    let line = loop {
        let text = std::fs::read_to_string(&log).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains("login failed")) {
            break line.to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(line.contains(" login failed address=127.0.0.7 ") && line.contains(" request_id="), "{line}");
    assert!(!line.contains("owner@"), "no personal data: {line}");
    let filter = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/fail2ban/kakaw.conf");
    let Ok(output) = std::process::Command::new("fail2ban-regex").arg(&log).arg(filter).output() else {
        eprintln!("SKIPPED: fail2ban is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1 matched"), "{text}");
}

#[test]
fn serve_does_not_start_without_the_throttle() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kakaw.toml"), format!("{CONFIG}[limits]\nguesses = false\n")).unwrap();
    let refused = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]).output().unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("limits.guesses = false"), "{text}");
}
