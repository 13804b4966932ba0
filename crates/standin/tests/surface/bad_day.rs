//! Tests with failures around the server: the database, the keys, too many log-ins at once.

use std::time::{Duration, Instant};

use kakaw_core::policy::Policy;
use kakaw_platform::password::{OWASP, PLACES, Passwords};
use kakaw_platform::signer::Signer;
use kakaw_store::Outcome;
use kakaw_store::db::{self, Url};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::*;

#[tokio::test]
async fn without_a_signing_key_nothing_waits_for_long_and_no_code_is_spent() {
    let mut world = TestServer::world(&Url::Memory, Policy::DEV).await;
    world.platform.signer = Signer::waiting_at_most(Duration::from_millis(50));
    // Like a wrong key file: what is stored cannot be opened.
    let broken = kakaw_store::signing_keys::insert("kid", "sealed under another key", world.clock.now());
    assert_eq!(world.platform.store.commit(vec![broken]).await.unwrap(), Outcome::Committed);
    let server = TestServer::of(world).await;
    let answer = server.get("/.well-known/jwks.json").await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (503, json!("KOE003")));
    let info = server.post("/oauth/tokeninfo", &[("id_token", "x")]).await;
    assert_eq!(info.json()["error_code"], "KOE003", "{}", info.body);
    let mut browser = Browser::default();
    let back = server.walk(&mut browser, &authorize(REST, "&scope=openid"), "ryan@example.com", &ITEMS).await;
    let code = back.parameter("code").unwrap();
    let answer = server.exchange(REST, &code).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (503, json!("KOE003")));
    let keys = db::sql("delete from signing_keys");
    assert_eq!(server.world.platform.store.commit(vec![keys]).await.unwrap(), Outcome::Committed);
    server.world.platform.signer.load(&server.world.platform).await.unwrap();
    let answer = server.exchange(REST, &code).await;
    assert!(answer.json()["id_token"].is_string(), "the code was not spent: {}", answer.body);
}

#[tokio::test]
async fn sixteen_log_ins_at_the_same_moment_on_two_cores_are_all_let_in() {
    let passwords = Passwords::new(OWASP, 2, PLACES);
    let server = TestServer::start_with(&Url::Memory, Policy::DEV, passwords).await;
    let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
    let attempt = async || {
        let mut browser = Browser::default();
        let form = hidden(&browser.get(&server, &url).await.body);
        let fields = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        browser.post(&server, &url, &fields).await.status.as_u16()
    };
    // The first one hashes the world file's password.
    assert_eq!(attempt().await, 303);
    let four = async || tokio::join!(attempt(), attempt(), attempt(), attempt());
    let (a, b, c, d) = tokio::join!(four(), four(), four(), four());
    assert_eq!([a, b, c, d], [(303, 303, 303, 303); 4]);
}

/// Expects a temporary and quick refusal: a status and code, and when to try again.
fn assert_temporary(answer: &Answer, status: u16, began: Instant) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert!(answer.body.contains("KOE003") || answer.json()["code"] == -1, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_database_file_that_another_program_locks_holds_nobody_for_long_and_a_code_stays_good_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let server = TestServer::start(&Url::Sqlite(path.clone()), Policy::DEV).await;
    let (mut browser, authorize_url) = (Browser::default(), authorize(REST, ""));
    let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
    let access = tokens["access_token"].as_str().unwrap();
    let code = browser.get(&server, &authorize_url).await.parameter("code").unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("begin exclusive").unwrap();
    let began = Instant::now();
    let (exchange, logout, page) = tokio::join!(
        server.exchange(REST, &code),
        server.call("/v1/user/logout", access, &[]),
        browser.get(&server, &authorize_url)
    );
    assert_temporary(&exchange, 503, began);
    assert_temporary(&logout, 400, began);
    assert_temporary(&page, 503, began);
    assert_eq!(server.me(access).await.status.as_u16(), 200, "reads go on");
    other.execute_batch("rollback").unwrap();
    assert_eq!(server.exchange(REST, &code).await.status.as_u16(), 200, "nothing was spent");
    assert_eq!(server.exchange(REST, &code).await.json()["error_code"], "KOE320");
    assert_eq!(server.me(access).await.status.as_u16(), 200, "and nobody was logged out later");
}

/// Starts a TCP forwarder that can be blocked: connections stay open, and no data passes.
async fn way_to(address: String) -> (u16, watch::Sender<bool>) {
    async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut blocked: watch::Receiver<bool>) {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut bytes).await {
            let open = blocked.wait_for(|blocked| !*blocked).await.is_ok();
            if !open || to.write_all(&bytes[..n]).await.is_err() {
                break;
            }
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, blocked) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            let ((from, back), (answers, to)) = (client.into_split(), server.into_split());
            tokio::spawn(pass(from, to, blocked.clone()));
            tokio::spawn(pass(answers, back, blocked.clone()));
        }
    });
    (port, sender)
}

#[tokio::test]
async fn a_database_that_stops_answering_without_closing_holds_nobody_for_long() {
    let Some(Url::Postgres(url)) = postgres().await else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let (_, rest) = url.split_once('@').unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    let (port, blocked) = way_to(address.to_owned()).await;
    let url = Url::Postgres(url.replacen(address, &format!("127.0.0.1:{port}"), 1));
    let server = TestServer::start(&url, Policy::DEV).await;
    let (mut browser, authorize_url) = (Browser::default(), authorize(REST, ""));
    let tokens = server.tokens(&mut browser, REST, "ryan@example.com", &ITEMS).await;
    let access = tokens["access_token"].as_str().unwrap();
    let code = browser.get(&server, &authorize_url).await.parameter("code").unwrap();
    blocked.send_replace(true);
    let began = Instant::now();
    let (exchange, me, page) =
        tokio::join!(server.exchange(REST, &code), server.me(access), browser.get(&server, &authorize_url));
    assert_temporary(&exchange, 503, began);
    assert_temporary(&me, 400, began);
    assert_temporary(&page, 503, began);
    blocked.send_replace(false);
    assert_eq!(server.me(access).await.status.as_u16(), 200, "it goes on over new connections");
    assert_eq!(server.exchange(REST, &code).await.status.as_u16(), 200, "nothing was spent");
    assert_eq!(server.exchange(REST, &code).await.json()["error_code"], "KOE320");
}
