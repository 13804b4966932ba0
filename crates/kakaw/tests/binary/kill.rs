//! Tests `kill -9` under load: everything that was acknowledged is there afterwards, exactly once.
//!
//! `KAKAW_TEST_KILLS` is the number of kills on each database.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kakaw_store::db::{self, Url};
use kakaw_store::{Outcome, Store};

use crate::client::{Client, Gone};
use crate::running::Running;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const AUTHORIZE: &str = "/oauth/authorize?client_id=0123456789abcdef0123456789abcdef\
                         &redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code";
const WORKERS: usize = 4;

/// Something that the server acknowledged.
enum Fact {
    /// A code that has not been presented.
    Code(String),
    /// Tokens, and the code that they were exchanged for.
    Tokens { access: String, refresh: String, code: String },
    /// The access token of an ended log-in.
    LoggedOut(String),
    /// A refresh token that was replaced, and its successor.
    Rotated { old: String, new: String },
    /// A browser whose person has agreed.
    Consented(Client),
}

type Facts = Arc<Mutex<Vec<Fact>>>;

async fn exchange(client: &mut Client, code: &str) -> Result<crate::client::Answer, Gone> {
    client.post("/oauth/token", &[("grant_type", "authorization_code"), ("client_id", KEY), ("code", code)]).await
}

async fn refresh(client: &mut Client, token: &str) -> Result<crate::client::Answer, Gone> {
    client.post("/oauth/token", &[("grant_type", "refresh_token"), ("client_id", KEY), ("refresh_token", token)]).await
}

/// Logs people in, one after the other, until the server is gone. Every answer is a fact.
async fn work(base: String, people: Vec<String>, facts: Facts) -> Result<(), Gone> {
    let note = |fact| facts.lock().unwrap().push(fact);
    for person in people {
        let mut browser = Client::new(&base);
        let page = browser.log_in(AUTHORIZE, &person, "password").await?;
        let mut answer = if page.status == 200 {
            let answer = browser.agree(AUTHORIZE, &page, &["profile_nickname"]).await?;
            note(Fact::Consented(browser.moved("")));
            answer
        } else {
            page
        };
        for turn in 0..4 {
            let code = answer.parameter("code").unwrap_or_else(|| panic!("{}", answer.location));
            answer = browser.get(AUTHORIZE).await?;
            if turn == 3 {
                note(Fact::Code(code));
                continue;
            }
            let tokens = exchange(&mut browser, &code).await?.json();
            let (access, token) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
            if turn == 0 {
                note(Fact::Tokens { access: access.to_owned(), refresh: token.to_owned(), code });
            } else if turn == 1 {
                assert_eq!(browser.api("/v1/user/logout", access).await?.status, 200);
                note(Fact::LoggedOut(access.to_owned()));
            }
        }
    }
    Ok(())
}

/// Replaces refresh tokens that are in their last month, until the server is gone.
async fn rotate(base: String, tokens: Vec<String>, facts: Facts) -> Result<(), Gone> {
    let mut client = Client::new(&base);
    for old in tokens {
        let answer = refresh(&mut client, &old).await?.json();
        let new = answer["refresh_token"].as_str().unwrap_or_else(|| panic!("a rotation: {answer}")).to_owned();
        facts.lock().unwrap().push(Fact::Rotated { old, new });
    }
    Ok(())
}

/// Checks every fact. Returns the refresh tokens that are still valid.
async fn verify(base: &str, facts: &[Fact]) -> Vec<String> {
    let mut client = Client::new(base);
    let mut refresh_tokens = Vec::new();
    for fact in facts {
        match fact {
            Fact::Code(code) => {
                assert_eq!(exchange(&mut client, code).await.unwrap().status, 200, "an acknowledged code is there");
                assert_eq!(exchange(&mut client, code).await.unwrap().json()["error_code"], "KOE320", "and once");
            }
            Fact::Tokens { access, refresh, code } => {
                assert_eq!(client.api("/v2/user/me", access).await.unwrap().status, 200, "acknowledged tokens work");
                assert_eq!(exchange(&mut client, code).await.unwrap().json()["error_code"], "KOE320", "no second time");
                refresh_tokens.push(refresh.clone());
            }
            Fact::LoggedOut(access) => {
                assert_eq!(client.api("/v2/user/me", access).await.unwrap().json()["code"], -401, "logged out is out");
            }
            Fact::Rotated { old, new } => {
                assert_eq!(
                    refresh(&mut client, old).await.unwrap().json()["error_code"],
                    "KOE322",
                    "replaced is replaced"
                );
                assert_eq!(refresh(&mut client, new).await.unwrap().status, 200, "by the acknowledged successor");
            }
            Fact::Consented(browser) => {
                let silent = browser.moved(base).get(&format!("{AUTHORIZE}&prompt=none")).await.unwrap();
                assert!(silent.parameter("code").is_some(), "an acknowledged consent is there: {}", silent.location);
            }
        }
    }
    refresh_tokens
}

/// Moves every log-in into the last month of its life.
async fn age(url: &Url) {
    let store = Store::open(url).await.unwrap();
    let soon =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap() + Duration::from_secs(20 * 86_400);
    let age = db::sql("update grants set refresh_expires_at = $1 where refresh_generation = 0")
        .bind(i64::try_from(soon.as_millis()).unwrap());
    assert_eq!(store.commit(vec![age]).await.unwrap(), Outcome::Committed);
}

fn world(folder: &Path) {
    let mut text = format!(
        "[[apps]]\nid = 1\nname = \"A\"\n[apps.consent_items]\nprofile_nickname = \"required\"\n\
         [[apps.rest_api_keys]]\nkey = \"{KEY}\"\nredirect_uris = [\"http://localhost:3000/callback\"]\n"
    );
    for index in 0..400 {
        text.push_str(&format!("[[people]]\nid = \"p{index}\"\npassword = \"password\"\nnickname = \"P\"\n"));
    }
    std::fs::write(folder.join("world.toml"), text).unwrap();
    // Fast hashes, because this test is about the disk.
    std::fs::write(folder.join("kakaw.toml"), "[passwords]\nmemory_kib = 64\niterations = 1\nqueue = 100\n").unwrap();
}

/// Waits until the load of a round is active, however busy the machine is: something was acknowledged, and from the
/// second round on also a rotation.
fn under_way(recorded: &Facts, round: usize) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        let recorded = recorded.lock().unwrap();
        let rotated = recorded.iter().any(|fact| matches!(fact, Fact::Rotated { .. }));
        if recorded.len() >= 8 && (rotated || round == 0) {
            return;
        }
        drop(recorded);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns how often the server is killed.
fn rounds() -> usize {
    std::env::var("KAKAW_TEST_KILLS").map_or(20, |text| text.parse().expect("a number"))
}

fn check(url: &Url, database: &str) {
    let rounds = rounds();
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let key_file = folder.path().join("keys.toml");
    let config =
        format!("key_file = {key_file:?}\n{}", std::fs::read_to_string(folder.path().join("kakaw.toml")).unwrap());
    std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
    let start = |world: bool| {
        let mut args = vec!["dev", "--listen", "127.0.0.1:0", "--config", "kakaw.toml", "--database", database];
        if world {
            args.extend(["--world", "world.toml"]);
        }
        Running::start(folder.path(), &args)
    };
    drop(start(true));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut facts: Vec<Fact> = Vec::new();
    let (mut acknowledged, mut rotations) = (0, 0);
    for round in 0..rounds {
        let server = start(false);
        let refresh_tokens = runtime.block_on(verify(&server.url, &facts));
        drop(server);
        runtime.block_on(age(url));
        let server = start(false);
        let recorded: Facts = Facts::default();
        let mut tasks = vec![runtime.spawn(rotate(server.url.clone(), refresh_tokens, Arc::clone(&recorded)))];
        for worker in 0..WORKERS {
            let people = (0..100).map(|index| format!("p{}", (round * 7 + worker * 100 + index) % 400)).collect();
            tasks.push(runtime.spawn(work(server.url.clone(), people, Arc::clone(&recorded))));
        }
        under_way(&recorded, round);
        std::thread::sleep(Duration::from_millis((round as u64 * 37) % 140));
        server.signal("KILL");
        for task in tasks {
            // A client that was interrupted has no answer. A panic would mean a wrong answer.
            let _gone = runtime.block_on(task).unwrap();
        }
        drop(server);
        facts = std::mem::take(&mut recorded.lock().unwrap());
        acknowledged += facts.len();
        rotations += facts.iter().filter(|fact| matches!(fact, Fact::Rotated { .. })).count();
    }
    let server = start(false);
    runtime.block_on(verify(&server.url, &facts));
    eprintln!("{rounds} kills, {acknowledged} acknowledgments, {rotations} of them rotations");
    assert!(acknowledged > rounds * 4 && rotations > rounds / 2, "there was load: {acknowledged}, {rotations}");
}

#[test]
fn kills_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kakaw.db");
    check(&Url::Sqlite(path.clone()), &format!("sqlite:{}", path.display()));
}

#[test]
fn kills_lose_and_double_nothing_on_postgresql() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let schema = format!("kill{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(db::create_schema(&base, &schema)).unwrap();
    let url = format!("{base}?options=-csearch_path%3D{schema}");
    check(&Url::Postgres(url.clone()), &url);
}
