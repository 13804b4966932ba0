//! Tests of `serve` with a PostgreSQL that is slow, that is stopped and started again under load, and whose disk is full.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use kakaw_store::Store;
use kakaw_store::db::Url;

use crate::bad_day::SmallDisk;
use crate::bad_days::{self, LIMIT, configure, log_in, recovers, refresh, serve};
use crate::client::{Answer, Client};
use crate::full_disk::{expired_rows, is_swept};
use crate::postgres_server::Server;
use crate::running::{Running, kakaw, run};
use crate::shop::AUTHORIZE;

/// Listens in front of a database. Each message to the database waits for the delay in milliseconds.
async fn in_front_of(port: u16, delay: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let delay = Arc::clone(&delay);
            tokio::spawn(async move {
                // A database that is stopped refuses the connection.
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let back = tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                    tokio::time::sleep(Duration::from_millis(delay.load(Ordering::SeqCst))).await;
                    if to_server.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
                drop(to_server);
                let _ = back.await;
            });
        }
    });
    own
}

/// Sends a request, which must be answered in time.
async fn in_time(what: impl AsyncFnOnce() -> Answer) -> (Answer, Duration) {
    let began = Instant::now();
    let answer = what().await;
    let took = began.elapsed();
    assert!(took < LIMIT, "{took:?}: {} {}", answer.status, answer.text);
    (answer, took)
}

/// Two seconds a message: a token check, which is one statement, is answered late. What needs more is given up in time.
async fn slow(browser: &mut Client, tokens: &(String, String), delay: &AtomicU64) {
    // Its statement is prepared on some connection.
    for _ in 0..20 {
        assert_eq!(browser.get_with_token("/v2/user/me", &tokens.0).await.unwrap().status, 200);
    }
    delay.store(2000, Ordering::SeqCst);
    let (me, took) = in_time(async || browser.get_with_token("/v2/user/me", &tokens.0).await.unwrap()).await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert!(took > Duration::from_millis(1900), "{took:?}");
    let (page, _) = in_time(async || browser.get(AUTHORIZE).await.unwrap()).await;
    assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{}", page.text);
    assert!(page.retry_after.is_some());
    // More requests than connections of the pool.
    let many = (0..40).map(|_| {
        let (mut client, token) = (browser.moved_with_host(browser.base()), tokens.1.clone());
        tokio::spawn(async move { in_time(async || refresh(&mut client, &token).await.unwrap()).await.0 })
    });
    for answer in many.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.text);
        assert_eq!(answer.status == 503, answer.retry_after.is_some());
    }
    delay.store(0, Ordering::SeqCst);
    recovers(browser, tokens).await;
}

/// The database stops as at an upgrade and as in a crash, and comes back. What was acknowledged is there.
async fn stopped_and_started_again(browser: &mut Client, database: &mut Server) {
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (mut client, over) = (browser.moved_with_host(browser.base()), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut codes, mut statuses) = (Vec::new(), Vec::new());
                while !over.load(Ordering::SeqCst) {
                    let (page, _) = in_time(async || client.get(AUTHORIZE).await.unwrap()).await;
                    codes.extend(page.parameter("code"));
                    statuses.push(page.status);
                    assert_eq!(page.status == 503, page.retry_after.is_some());
                    // One that is refused is refused at once.
                    let pause = if page.status == 302 { 5 } else { 50 };
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                (codes, statuses)
            })
        })
        .collect();
    for signal in ["INT", "QUIT"] {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::task::block_in_place(|| database.stop(signal));
        tokio::time::sleep(Duration::from_millis(1000)).await;
        tokio::task::block_in_place(|| database.start_again());
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    over.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for worker in workers {
        let (codes, statuses) = worker.await.unwrap();
        assert!(statuses.iter().all(|status| [302, 503].contains(status)), "{statuses:?}");
        assert!(statuses.contains(&503) && statuses.last() == Some(&302), "it stopped, and came back: {statuses:?}");
        acknowledged.extend(codes);
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    // Some of them: each exchange signs nothing and writes once.
    for code in acknowledged.iter().rev().step_by(acknowledged.len() / 20) {
        let answer = browser.post("/oauth/token", &crate::shop::exchange_form(code)).await.unwrap();
        assert_eq!(answer.status, 200, "an acknowledged code is lost: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_slow_or_stopped_under_load_is_an_error_in_time_and_then_recovers() {
    let Some(mut database) = Server::start(None, &[]) else {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
        return;
    };
    let delay = Arc::new(AtomicU64::new(0));
    let port = in_front_of(database.port, Arc::clone(&delay)).await;
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("keys.toml").display().to_string();
    let url =
        database.url("127.0.0.1", "sslmode=disable").replace(&format!(":{}/", database.port), &format!(":{port}/"));
    let config = format!("database = {url:?}\nkey_file = {key_file:?}");
    tokio::task::block_in_place(|| configure(folder.path(), &config));
    let mut server = serve(folder.path());
    let mut browser = bad_days::client(&server);
    let tokens = log_in(&mut browser).await;
    slow(&mut browser, &tokens, &delay).await;
    stopped_and_started_again(&mut browser, &mut database).await;
    recovers(&mut browser, &tokens).await;
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

fn psql(url: &str, text: &str) -> String {
    let output = Command::new("psql").args([url.trim_end_matches('?'), "-qAtc", text]).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_postgresql_refuses_writes_only_and_ends_nothing() {
    let Some(database) = Server::start(None, &["autovacuum=off"]) else {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
        return;
    };
    // Its data is on a small disk, its log of writes is not: a server that cannot write its log stops.
    let folder = tempfile::Builder::new().prefix("kakaw-full").tempdir().unwrap();
    let place = folder.path().join("disk");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::mount(&place, "24m") else {
        eprintln!("SKIPPED: a small disk cannot be mounted here");
        return;
    };
    let open = Command::new("chmod").arg("a+rx").arg(folder.path()).status();
    assert!(open.unwrap().success());
    let space = place.join("space");
    std::fs::create_dir(&space).unwrap();
    assert!(Command::new("chown").arg("postgres").arg(&space).status().unwrap().success());
    let admin = database.url("127.0.0.1", "");
    psql(&admin, &format!("create tablespace small location '{}'", space.display()));
    psql(&admin, "create database small template template0 tablespace small");
    let url = admin.replace("/postgres?", "/small?");
    let key_file = folder.path().join("keys.toml").display().to_string();
    let config = format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\n\
         database = \"{url}sslmode=disable\"\nkey_file = {key_file:?}\n"
    );
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    // The first connection to a database writes a file.
    psql(&url, "select 1");
    disk.fill();
    let refused = kakaw(folder.path(), &["serve", "--config", "kakaw.toml"]).output().unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && text.contains("No space left on device"), "{text}");
    assert!(!folder.path().join("keys.toml").exists(), "nothing was begun");
    disk.make_space();
    std::fs::write(folder.path().join("world.toml"), crate::shop::WORLD).unwrap();
    let (code, _, error) = run(folder.path(), &["apply", "world.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{error}");
    let store = Store::open(&Url::Postgres(url.clone())).await.unwrap();
    expired_rows(&store).await;
    disk.fill();
    let mut server: Running = serve(folder.path());
    let began = Instant::now();
    while !is_swept(&store).await {
        assert!(began.elapsed() < Duration::from_secs(10), "a sweep needs no space on PostgreSQL");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    disk.make_space();
    let mut browser = bad_days::client(&server);
    let tokens = log_in(&mut browser).await;
    disk.fill();
    let mut page = browser.get(AUTHORIZE).await.unwrap();
    for _ in 0..500 {
        if page.status != 302 {
            break;
        }
        page = in_time(async || browser.get(AUTHORIZE).await.unwrap()).await.0;
    }
    assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{}", page.text);
    assert!(page.retry_after.is_some());
    assert_eq!(browser.get_with_token("/v2/user/me", &tokens.0).await.unwrap().status, 200, "reads go on");
    assert_eq!(refresh(&mut browser, &tokens.1).await.unwrap().status, 200);
    disk.make_space();
    assert_eq!(browser.get(AUTHORIZE).await.unwrap().status, 302, "writes work again");
    recovers(&mut browser, &tokens).await;
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}
