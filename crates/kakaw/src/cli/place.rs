//! What a command works on: a running stand-in, or a database.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Usage;
use super::open::{self, Missing};
use crate::config::Mode;
use crate::config::{self, Flag};
use kakaw_platform::manage::at_rest;
use kakaw_platform::{Platform, priority};

/// The header of every control request.
const HEADER: &str = "kakaw-control";

/// The stand-in's default URL.
const DEFAULT_URL: &str = "http://localhost:7700";

#[derive(ClapArgs)]
pub struct Options {
    /// The stand-in [default: KAKAW_URL, else http://localhost:7700].
    #[arg(long, conflicts_with_all = ["data", "database", "config"])]
    url: Option<String>,
    /// Folder with a stand-in's database and keys.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// sqlite:PATH, with its key file in the same folder, or postgres://…, with its key file in KAKAW_KEY_FILE.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Configuration file of `kakaw serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What the command works on.
pub enum Place {
    Running(Running),
    Local(Box<Platform>),
}

impl Options {
    /// Whether this is the database of `kakaw serve`.
    pub const fn is_serve(&self) -> bool {
        self.config.is_some()
    }

    /// Finds it; it must exist.
    pub async fn find(&self) -> anyhow::Result<Place> {
        self.open(Missing::Refuse).await
    }

    /// Finds it; a new database is set up.
    pub async fn find_or_make(&self) -> anyhow::Result<Place> {
        self.open(Missing::Make).await
    }

    async fn open(&self, missing: Missing) -> anyhow::Result<Place> {
        let mut flags = Vec::new();
        flags.extend(self.data.as_ref().map(|folder| Flag { key: "data", value: folder.display().to_string() }));
        flags.extend(self.database.clone().map(|value| Flag { key: "database", value }));
        if flags.is_empty() && self.config.is_none() {
            return Ok(Place::Running(Running::at(&stand_in(self.url.clone()))));
        }
        let mode = if self.is_serve() { Mode::Serve } else { Mode::Dev };
        let config = config::load(mode, self.config.as_deref(), flags).map_err(Usage::error)?.config;
        // A server may run on this machine: its requests come first.
        priority::step_back(10);
        let platform = open::platform(&config, mode, missing).await?;
        if missing == Missing::Make {
            at_rest::catch_up(&platform).await?;
        }
        Ok(Place::Local(Box::new(platform)))
    }
}

/// The control API of a running stand-in.
pub struct Running {
    base: String,
}

impl Running {
    /// Uses the stand-in, or one of its worlds, at this URL.
    pub fn at(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// Sends a request with a JSON body.
    pub async fn send_json<T: serde::Serialize>(&self, path: &str, body: &T) -> anyhow::Result<String> {
        self.call("POST", path, Some((serde_json::to_string(body)?, "application/json"))).await
    }

    /// Sends a world file, or gets something. Returns the body after success, or the error.
    pub async fn send(&self, path: &str, body: Option<String>) -> anyhow::Result<String> {
        let method = if body.is_some() { "POST" } else { "GET" };
        self.call(method, path, body.map(|body| (body, "application/toml"))).await
    }

    /// Sends a request with a body of this content type. Returns the body after success, or the error.
    pub async fn call(&self, method: &str, path: &str, body: Option<(String, &str)>) -> anyhow::Result<String> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut request = client.request(method.parse()?, format!("{}{path}", self.base));
        if let Some((body, kind)) = body {
            request = request.body(body).header("content-type", kind);
        }
        let token = config::environment(config::CONTROL_TOKEN).unwrap_or_else(|| "1".to_owned());
        let answer = request.header(HEADER, token).send().await.map_err(|_| {
            anyhow::anyhow!(
                "no stand-in answers at {}; start one with kakaw dev, or use --url, --data or --database",
                self.base
            )
        })?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            return Ok(text);
        }
        let reason = serde_json::from_str::<serde_json::Value>(&text).ok();
        let reason = reason.as_ref().and_then(|json| json["error_description"].as_str()).unwrap_or(&text);
        Err(Usage::error(format!("{} refused: {reason}", self.base)))
    }
}

/// The stand-in's URL: this one, else KAKAW_URL, else the default.
pub fn stand_in(url: Option<String>) -> String {
    let url = url.or_else(|| config::environment(config::URL)).unwrap_or_else(|| DEFAULT_URL.to_owned());
    url.trim_end_matches('/').to_owned()
}

#[cfg(all(test, feature = "standin"))]
mod tests {
    #[test]
    fn the_header_is_the_one_that_a_stand_in_reads() {
        assert_eq!(super::HEADER, kakaw_standin::control::HEADER);
    }
}
