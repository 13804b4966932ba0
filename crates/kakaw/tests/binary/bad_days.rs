//! Tests of bad days of `serve`: a database that freezes, dies or takes no writes, a disk that fails, a stop under load.
//! The table in docs/guides/bad-days.md says what was seen.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Answer, Client, Gone};
use crate::postgres_server::Server;
use crate::running::{Running, run};
use crate::shop::{AUTHORIZE, OWNER, PASSWORD, WORLD, exchange_form, refresh_form};

/// Storage has three seconds. The rest is the time of a busy machine.
pub const LIMIT: Duration = Duration::from_millis(4_500);

pub fn configure(folder: &Path, database: &str) {
    let text =
        format!("listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\n{database}\n");
    std::fs::write(folder.join("kakaw.toml"), text).unwrap();
    std::fs::write(folder.join("world.toml"), WORLD).unwrap();
    for args in [&["init", "--config", "kakaw.toml"][..], &["apply", "world.toml", "--config", "kakaw.toml"]] {
        let (code, _, error) = run(folder, args);
        assert_eq!(code, Some(0), "{error}");
    }
}

pub fn serve(folder: &Path) -> Running {
    Running::start(folder, &["serve", "--config", "kakaw.toml"])
}

pub fn client(server: &Running) -> Client {
    Client::at(&server.url, [127, 0, 0, 1].into(), "127.0.0.1")
}

pub async fn refresh(client: &mut Client, refresh_token: &str) -> Result<Answer, Gone> {
    client.post("/oauth/token", &refresh_form(refresh_token)).await
}

/// Logs in, and returns the access and the refresh token.
pub async fn log_in(client: &mut Client) -> (String, String) {
    let mut page = client.log_in(AUTHORIZE, OWNER, PASSWORD).await.unwrap();
    if page.parameter("code").is_none() {
        page = client.agree(AUTHORIZE, &page, &["profile_nickname"]).await.unwrap();
    }
    let code = page.parameter("code").unwrap();
    let tokens = client.post("/oauth/token", &exchange_form(&code)).await.unwrap().json();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

/// Every surface says that the failure is temporary, in its own words and in time.
pub async fn is_unavailable_in_time(client: &mut Client, tokens: &(String, String)) {
    let began = Instant::now();
    let kapi = client.get_with_token("/v2/user/me", &tokens.0).await.expect("an answer");
    assert!(began.elapsed() < LIMIT, "kapi took {:?}", began.elapsed());
    // Kakao Login answers -1 with 400.
    assert_eq!((kapi.status, kapi.json()["code"].as_i64()), (400, Some(-1)), "{}", kapi.text);
    assert!(kapi.retry_after.is_some());
    let began = Instant::now();
    let kauth = refresh(client, &tokens.1).await.expect("an answer");
    assert!(began.elapsed() < LIMIT, "kauth took {:?}", began.elapsed());
    assert_eq!((kauth.status, &kauth.json()["error_code"]), (503, &"KOE003".into()), "{}", kauth.text);
    assert!(kauth.retry_after.is_some());
    let began = Instant::now();
    let page = client.get(AUTHORIZE).await.expect("an answer");
    assert!(began.elapsed() < LIMIT, "a page took {:?}", began.elapsed());
    assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{}", page.text);
}

/// The same process works again.
pub async fn recovers(client: &mut Client, tokens: &(String, String)) {
    let began = Instant::now();
    while refresh(client, &tokens.1).await.expect("an answer").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(15), "it does not recover without a restart");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(client.get_with_token("/v2/user/me", &tokens.0).await.unwrap().status, 200);
}

/// Sends a signal to every process of a PostgreSQL server.
fn signal(server: &Server, name: &str) {
    let first = std::fs::read_to_string(server.folder.join("data/postmaster.pid")).unwrap();
    let first = first.lines().next().unwrap();
    let _ = Command::new("pkill").args([&format!("-{name}"), "-P", first]).status();
    let _ = Command::new("kill").args([&format!("-{name}"), first]).status();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_freezes_or_loses_its_connections_is_an_error_in_time_and_then_recovers() {
    let Some(database) = Server::start(None, &[]) else {
        eprintln!("SKIPPED: no PostgreSQL is installed (/usr/lib/postgresql)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("keys.toml").display().to_string();
    let url = database.url("127.0.0.1", "sslmode=disable");
    configure(folder.path(), &format!("database = {url:?}\nkey_file = {key_file:?}"));
    let mut server = serve(folder.path());
    let mut browser = client(&server);
    let tokens = log_in(&mut browser).await;

    signal(&database, "STOP");
    is_unavailable_in_time(&mut browser, &tokens).await;
    signal(&database, "CONT");
    recovers(&mut browser, &tokens).await;

    // Every connection is cut, again and again, under load.
    let over = Arc::new(AtomicBool::new(false));
    let (url, done) = (database.url("127.0.0.1", ""), Arc::clone(&over));
    let cutting = std::thread::spawn(move || {
        while !done.load(Ordering::SeqCst) {
            let cut = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()";
            let _ = Command::new("psql").args([url.trim_end_matches('?'), "-qAtc", cut]).output();
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let mut statuses = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        statuses.push(refresh(&mut browser, &tokens.1).await.expect("an answer").status);
        assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    }
    over.store(true, Ordering::SeqCst);
    cutting.join().unwrap();
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    recovers(&mut browser, &tokens).await;

    // The server takes no writes: what needs none goes on.
    let alter = |text: &str| {
        let url = database.url("127.0.0.1", "");
        let mut psql = Command::new("psql");
        // This connection may write, whatever the server's default is.
        psql.env("PGOPTIONS", "-c default_transaction_read_only=off");
        let done = psql.args([url.trim_end_matches('?'), "-qAtc", text]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    alter("alter system set default_transaction_read_only = on");
    alter("select pg_reload_conf()");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let code = browser.get(AUTHORIZE).await.unwrap();
    assert_eq!((code.status, code.text.contains("(KOE003)")), (503, true), "{} {}", code.status, code.text);
    assert_eq!(browser.get_with_token("/v2/user/me", &tokens.0).await.unwrap().status, 200, "reads go on");
    alter("alter system reset default_transaction_read_only");
    alter("select pg_reload_conf()");
    recovers(&mut browser, &tokens).await;
    assert!(server.child.try_wait().unwrap().is_none(), "the process goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_answers_what_is_under_way_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "data = \"data\"");
    let mut server = serve(folder.path());
    let mut browser = client(&server);
    let (_, refresh_token) = log_in(&mut browser).await;
    let stopped = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (mut client, stopped, refresh_token) = (client(&server), Arc::clone(&stopped), refresh_token.clone());
            tokio::spawn(async move {
                // The codes of this worker that were acknowledged, and the answers.
                let mut statuses = Vec::new();
                loop {
                    match refresh(&mut client, &refresh_token).await {
                        Ok(answer) => statuses.push(answer.status),
                        Err(Gone) => {
                            assert!(stopped.load(Ordering::SeqCst), "a request got no answer before the stop");
                            return statuses;
                        }
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stopped.store(true, Ordering::SeqCst);
    server.signal("TERM");
    let mut answered = 0;
    for worker in workers {
        let statuses = worker.await.unwrap();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        answered += statuses.len();
    }
    assert!(answered > 50, "{answered}");
    assert!(server.child.wait().unwrap().success());
    let server = serve(folder.path());
    assert_eq!(refresh(&mut client(&server), &refresh_token).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_acknowledges_nothing_that_is_lost() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    for (calls, error) in [("fsync,fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "EDQUOT")] {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), "data = \"data\"");
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-o", "/dev/null"]);
        // The first calls succeed: the log-in is done before the disk fails.
        traced.args(["-e", &format!("inject={calls}:error={error}:when=120+")]);
        traced.arg(env!("CARGO_BIN_EXE_kakaw")).args(["serve", "--config", "kakaw.toml"]).current_dir(&folder);
        let server = Running::wait(traced);
        let mut browser = client(&server);
        let mut acknowledged = Vec::new();
        let mut refused = 0;
        let page = browser.log_in(AUTHORIZE, OWNER, PASSWORD).await.unwrap();
        let _ = browser.agree(AUTHORIZE, &page, &["profile_nickname"]).await;
        for _ in 0..200 {
            let Ok(page) = browser.get(AUTHORIZE).await else { break };
            match page.parameter("code") {
                Some(code) => acknowledged.push(code),
                None => {
                    assert_eq!((page.status, page.text.contains("(KOE003)")), (503, true), "{calls} {}", page.text);
                    refused += 1;
                }
            }
            if refused > 3 {
                break;
            }
        }
        drop(server);
        assert!(!acknowledged.is_empty() && acknowledged.len() < 200, "{calls} {error}: {}", acknowledged.len());
        let server = serve(folder.path());
        let mut app = client(&server);
        for code in &acknowledged {
            let answer = app.post("/oauth/token", &exchange_form(code)).await.unwrap();
            assert_eq!(answer.status, 200, "{calls} {error}: an acknowledged code is lost: {}", answer.text);
        }
    }
}
