//! A platform of its own for drills: two apps and three people, with SQLite or PostgreSQL.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::client::Client;
use crate::running::{self, Running};

pub const KEY: &str = "fedcba9876543210fedcba9876543210";
pub const OTHER: &str = "fedcba9876543210fedcba9876543211";
pub const PEOPLE: [&str; 3] = ["ryan@example.com", "apeach@example.com", "neo@example.com"];
pub const PASSWORD: &str = "correct-horse-battery";

/// A platform of its own, on one database.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub url: String,
    /// The database of PostgreSQL, if it is one.
    pub postgres: Option<String>,
    /// Another database of the same server.
    base: Option<String>,
}

pub fn psql(url: &str, text: &str) {
    let output = Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", url, "-c", text]).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Site {
    /// Makes a platform with two apps and three people. `None`: there is no such database.
    pub fn new(engine: &str) -> Option<Self> {
        if engine != "postgres" {
            return Some(Self::on(None));
        }
        let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
            eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
            return None;
        };
        Some(Self::on(Some(base)))
    }

    /// Makes it on this PostgreSQL server, or with SQLite.
    pub fn on(base: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (url, mut postgres) = (format!("http://127.0.0.1:{port}"), None);
        let mut config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"{url}\"\nbehind_proxy = true\nmanagement.listen = \"127.0.0.1:0\"\n"
        );
        if let Some(base) = &base {
            let name = format!("kakaw_keeping_{port}");
            psql(base, &format!("create database {name} template template0"));
            let database = format!("{}/{name}", base.rsplit_once('/').unwrap().0);
            let (keys, tombstones) = (folder.path().join("keys.toml"), folder.path().join("tombstones"));
            config.push_str(&format!(
                "database = {database:?}\nkey_file = {keys:?}\n[backup]\ntombstones = {tombstones:?}\n"
            ));
            postgres = Some(database);
        } else {
            config.push_str("data = \"live\"\n");
        }
        std::fs::write(folder.path().join("kakaw.toml"), config).unwrap();
        let mut world = String::new();
        for (id, key) in [(7, KEY), (8, OTHER)] {
            world.push_str(&format!(
                "[[apps]]\nid = {id}\nname = \"App {id}\"\nkakao_login = true\nconsent_items = {{ account_email = {{ consent = \"required\" }} }}\n\
                 [[apps.rest_api_keys]]\nkey = \"{key}\"\nredirect_uris = [\"https://app.example/callback\"]\n"
            ));
        }
        for email in PEOPLE {
            world.push_str(&format!("[[people]]\nemail = \"{email}\"\npassword = \"{PASSWORD}\"\n"));
        }
        std::fs::write(folder.path().join("world.toml"), world).unwrap();
        let site = Self { folder, url, postgres, base };
        site.run(&["apply", "world.toml"]);
        site
    }

    /// Runs a command that must succeed. Returns its output.
    pub fn run(&self, args: &[&str]) -> String {
        let (code, out, err) = self.try_run(args);
        assert_eq!(code, Some(0), "{args:?}: {out}{err}");
        out
    }

    pub fn try_run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        running::run(self.folder.path(), &[args, &["--config", "kakaw.toml"]].concat())
    }

    pub fn serve(&self) -> Running {
        let log = std::fs::File::options().append(true).create(true).open(self.folder.path().join("log")).unwrap();
        Running::start_with_log(self.folder.path(), log, &["serve", "--config", "kakaw.toml"])
    }

    pub fn stop(server: Running) {
        let mut server = server;
        server.signal("TERM");
        server.child.wait().unwrap();
    }

    pub fn rows(&self, args: &[&str]) -> Vec<Value> {
        let out = self.run(&[&["audit", "--json"], args].concat());
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let (Some(url), Some(base)) = (&self.postgres, &self.base) {
            psql(base, &format!("drop database {} with (force)", url.rsplit_once('/').unwrap().1));
        }
    }
}

pub fn authorize(key: &str) -> String {
    format!(
        "/oauth/authorize?client_id={key}&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&response_type=code&lang=en"
    )
}

/// Logs a person in, with consent if it is asked for. Returns the browser and the access token.
pub async fn log_in(site: &Site, key: &str, login: &str) -> (Client, String) {
    let mut browser = Client::new(&site.url);
    let url = authorize(key);
    let mut page = browser.log_in(&url, login, PASSWORD).await.unwrap();
    if page.status == 200 {
        page = browser.agree(&url, &page, &["account_email"]).await.unwrap();
    }
    let code = page.parameter("code").unwrap_or_else(|| panic!("a code: {} {}", page.status, page.text));
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", key),
        ("redirect_uri", "https://app.example/callback"),
        ("code", &code),
    ];
    let answer = browser.post("/oauth/token", &form).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    (browser, answer.json()["access_token"].as_str().unwrap().to_owned())
}

pub async fn status(site: &Site, token: &str) -> u16 {
    Client::new(&site.url).get_with_token("/v2/user/me", token).await.unwrap().status
}

/// Whether the browser must log in again.
pub async fn must_log_in(browser: &mut Client) -> bool {
    browser.get(&authorize(KEY)).await.unwrap().location.contains("/login")
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}
