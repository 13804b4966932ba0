//! `kakaw check` — checks a setup for problems and says how to fix them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;
use kakaw_core::app::{KeyKind, key_settings};
use kakaw_core::crypto::seal::Purpose;
use kakaw_store::app_keys;
use kakaw_store::db::Url;

use super::open::{self, Missing};
use super::{Usage, listen};
use crate::config::Mode;
use crate::config::{self, Config, SAMPLE_KEY};
use kakaw_platform::Platform;
use kakaw_platform::clock;
use kakaw_platform::keys;
use kakaw_platform::manage;
use kakaw_platform::private_file;
use kakaw_platform::server::{Files, Tls};
use kakaw_wire::Expected;
use kakaw_wire::text::Lang;
use kakaw_wire::url::{authority, split_port};

#[derive(ClapArgs)]
pub struct Args {
    /// Configuration file of `kakaw serve`; without it, the setup of `kakaw dev` is checked.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let mode = if args.config.is_some() { Mode::Serve } else { Mode::Dev };
    let config = config::load(mode, args.config.as_deref(), Vec::new()).map_err(Usage::error)?.config;
    let mut report = Report::default();
    let mut settings = if mode == Mode::Serve { config::unsafe_settings(&config) } else { Vec::new() };
    settings.extend(config.security.expired(clock::now()));
    report.take("settings", settings);
    match config.brand.read(mode) {
        Ok(brand) => match &brand.accent {
            Some(accent) => report
                .note("brand", &format!("accent {} in light, {} in dark", accent.light.accent, accent.dark.accent)),
            None => report.take("brand", Vec::new()),
        },
        Err(problem) => report.take("brand", vec![problem]),
    }
    listen::block_on(async {
        match running(&config).await.filter(|_| mode == Mode::Serve) {
            Some(version) => {
                report.note("address", &format!("not checked: kakaw {version} answers at the management address"))
            }
            None => report.take("address", address(&config).await),
        }
        if let Some(key) = &config.tls.key {
            report.take("TLS key", open_key(key).into_iter().chain(unusable_tls(&config)).collect());
        }
        match config.keys_path() {
            Ok(Some(path)) if !path.exists() => {
                let problem = format!("there is no key file {}; kakaw init creates it", path.display());
                report.take("key file", vec![problem]);
            }
            Ok(Some(path)) => report.take("key file", keys::open_to_others(&path).into_iter().collect()),
            Ok(None) => {}
            Err(problem) => report.take("key file", vec![problem]),
        }
        if let Ok(Url::Sqlite(path)) = config.url() {
            report.take("database files", open_files(&path));
        }
        match open::platform(&config, mode, Missing::Refuse).await {
            Ok(platform) => {
                report.note("database", &platform.store.durability().await?);
                if let Some(protection) = platform.store.protection().await? {
                    report.note("connection", &protection);
                }
                report.take("apps", app_problems(&platform, mode).await?);
                if mode == Mode::Serve {
                    report.take("secrets", unsafe_secrets(&platform).await?);
                }
            }
            Err(error) => report.take("database and key file", vec![format!("{error:#}")]),
        }
        Ok(())
    })?;
    report.print()
}

/// What was checked, and what was found.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    problems: usize,
}

impl Report {
    fn note(&mut self, what: &str, text: &str) {
        self.lines.push(format!("ok       {what}: {text}"));
    }

    fn take(&mut self, what: &str, problems: Vec<String>) {
        if problems.is_empty() {
            self.lines.push(format!("ok       {what}"));
        }
        for problem in problems {
            self.problems += 1;
            self.lines.push(format!("problem  {what}: {problem}"));
        }
    }

    fn print(self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        for line in &self.lines {
            writeln!(out, "{line}")?;
        }
        match self.problems {
            0 => Ok(()),
            1 => anyhow::bail!("1 problem found"),
            n => anyhow::bail!("{n} problems found"),
        }
    }
}

/// Returns the database files that others can read. `serve` closes those of its own user.
fn open_files(database: &Path) -> Vec<String> {
    let files = private_file::of_sqlite(database).into_iter();
    let open = files.filter_map(|path| Some((private_file::open_to_others(&path)?, path)));
    open.map(|(mode, path)| (mode, path.display().to_string()))
        .map(|(mode, path)| format!("others can read {path} (mode {mode:o}); run chmod 600 {path}"))
        .collect()
}

/// Returns what is wrong with the mode of the TLS key. Its group may read it: that is how Kakaw reads a key of root.
fn open_key(key: &Path) -> Option<String> {
    let mode = private_file::open_to_others(key).filter(|mode| mode & 0o027 != 0)?;
    let key = key.display();
    Some(format!("others can read or change {key} (mode {mode:o}); run chmod 640 {key}"))
}

/// Returns why certificate and key cannot be used together.
fn unusable_tls(config: &Config) -> Option<String> {
    let (certificate, key) = (config.tls.certificate.clone()?, config.tls.key.clone()?);
    Tls::load(Files { certificate, key }).err().map(|error| format!("{error:#}"))
}

/// Returns the version of the server that already runs with this configuration: the one behind its management listener.
async fn running(config: &Config) -> Option<String> {
    let address = Some(config.management_address()).filter(|address| address.port() != 0)?;
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build().ok()?;
    let reply: serde_json::Value =
        client.get(format!("http://{address}/readyz")).send().await.ok()?.json().await.ok()?;
    reply.get("signing_keys")?;
    Some(reply.get("version")?.as_str()?.to_owned())
}

async fn address(config: &Config) -> Vec<String> {
    match tokio::net::TcpListener::bind(config.listen).await {
        Ok(_) => Vec::new(),
        Err(error) => vec![format!(
            "cannot listen on {} ({error}); stop the program that uses this address, or set listen to another one",
            config.listen
        )],
    }
}

async fn app_problems(platform: &Platform, mode: Mode) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    for app in manage::apps::all(platform).await? {
        let name = format!("app {} ({})", app.id, app.settings.name);
        let keys = app_keys::of_app(&platform.store, app.id).await?;
        let mut live = keys.iter().filter(|stored| !stored.key.deleted).peekable();
        if live.peek().is_none() {
            problems.push(format!("{name} has no key, so nobody can log in to it; add a key in the world file"));
        }
        for stored in live.filter(|stored| stored.key.kind == KeyKind::RestApi) {
            let key = &stored.key;
            if key.settings.redirect_uris.is_empty() {
                problems.push(format!(
                    "{name}, REST API key {}: no redirect URI, so every login fails with KOE006; set redirect_uris",
                    key.key
                ));
            }
            for uri in key.settings.redirect_uris.iter().filter(|uri| mode == Mode::Serve && is_plain_http(uri)) {
                problems.push(format!("{name}: redirect URI {uri} sends codes over plain HTTP; use https"));
            }
        }
        if app.settings.test_app && app.settings.team.is_empty() {
            problems.push(format!("{name} is a test app without a team, so every login fails with KOE005; set team"));
        }
    }
    Ok(problems)
}

fn is_plain_http(uri: &str) -> bool {
    let host = authority(uri).filter(|_| uri.starts_with("http://"));
    host.is_some_and(|host| !["localhost", "127.0.0.1", "[::1]"].contains(&split_port(host).0))
}

/// Returns client secrets and keys that anybody could guess.
pub async fn unsafe_secrets(platform: &Platform) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let limits = manage::apps::limits(platform);
    for app in manage::apps::all(platform).await? {
        for stored in app_keys::of_app(&platform.store, app.id).await?.into_iter().filter(|stored| !stored.key.deleted)
        {
            let (kind, position) = (stored.key.kind, stored.position);
            let name = format!("app {} ({}), {}[{position}]", app.id, app.settings.name, kind.list());
            if stored.key.key == SAMPLE_KEY {
                problems.push(format!("{name} is the sample world's key, which is public; use another key"));
            }
            let Some(sealed) = &stored.sealed else { continue };
            let plain = platform.sealer.open(Purpose::Keep, sealed).and_then(|plain| String::from_utf8(plain).ok());
            match plain {
                None => problems.push(format!("{name}: its secret is sealed with another key file; use that key file")),
                Some(plain) => {
                    let wrong = match kind {
                        KeyKind::Admin => key_settings::key_problem(kind, &plain, &limits),
                        _ => key_settings::secret_problem(kind, &plain, &limits),
                    };
                    problems.extend(wrong.map(|wrong| match wrong.expected {
                        Expected::StrongSecret {} => format!(
                            "{name}: its secret has less than 128 bits (setting apps.strong_secrets); generate one with: \
                             openssl rand -hex 32"
                        ),
                        expected => format!("{name}.{}: expected {}", wrong.path, expected.text(Lang::En)),
                    }));
                }
            }
        }
    }
    Ok(problems)
}
