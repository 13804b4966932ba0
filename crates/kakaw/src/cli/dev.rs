//! `kakaw dev` — a stand-in with an embedded database, a sample app and sample people.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args as ClapArgs;
use kakaw_core::crypto::secret::Secret;

use super::Usage;
use super::listen::{Listeners, Stop, block_on_logging, serve, server};
use super::standin::{self, StandIn};
use crate::config::Mode;
use crate::config::{self, Config, Flag, SAMPLE_KEY};
use kakaw_platform::manage::world_file::WorldFile;
use kakaw_standin::demo;
use kakaw_standin::dispatch;
use kakaw_standin::intercept::{self, Entrance};
use kakaw_standin::world::DEFAULT;

#[derive(ClapArgs)]
pub struct Args {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:7700].
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The URL at which clients reach it, if not a loopback name.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// World file with apps and people; repeat the option for more files [default: a sample world].
    #[arg(long, value_name = "FILE.toml")]
    world: Vec<PathBuf>,
    /// Folder for the database and the keys.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["memory", "database"])]
    data: Option<PathBuf>,
    /// Keep everything in memory (the default).
    #[arg(long, conflicts_with = "database")]
    memory: bool,
    /// sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Address for a proxy that intercepts requests to Kakao's hosts; `kakaw env` routes programs to it.
    #[arg(long, value_name = "ADDRESS")]
    proxy: Option<SocketAddr>,
    /// Address for a TLS listener that intercepts the same requests, for hosts files and containers; `kakaw hosts` routes
    /// clients to it.
    #[arg(long, value_name = "ADDRESS")]
    tls: Option<SocketAddr>,
    /// Folder with a copy of Kakao's JavaScript SDK; pages get that copy instead of Kakaw's SDK.
    #[arg(long, value_name = "DIR")]
    real_sdk: Option<PathBuf>,
    /// Exit when standard input closes, so that it does not outlive the process that started it.
    #[arg(long)]
    end_with_stdin: bool,
    /// Configuration file; `kakaw config` lists its keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let (real_sdk, options) = (args.real_sdk.clone(), args.interception());
    let stop = if args.end_with_stdin { Stop::WithStdin } else { Stop::OnSignal };
    let Args { listen, public_url, data, memory, database, config: file, world, .. } = args;
    let mut flags = Vec::new();
    let mut flag = |key, value: Option<String>| flags.extend(value.map(|value| Flag { key, value }));
    flag("listen", listen.map(|address| address.to_string()));
    flag("public_url", public_url);
    flag("data", data.map(|folder| folder.display().to_string()));
    flag("database", if memory { Some("memory".to_owned()) } else { database });
    let config = config::load(Mode::Dev, file.as_deref(), flags).map_err(Usage::error)?.config;
    block_on_logging(config.log, async { start(config, standin::read(&world)?, real_sdk, options, stop).await })
}

impl Args {
    /// Whether to intercept traffic from the start.
    fn interception(&self) -> Option<intercept::Options> {
        let (proxy, tls) = (self.proxy, self.tls);
        (proxy.is_some() || tls.is_some()).then_some(intercept::Options { proxy, tls, offline: false })
    }
}

async fn start(
    config: Config,
    files: Vec<WorldFile>,
    real_sdk: Option<PathBuf>,
    options: Option<intercept::Options>,
    stop: Stop,
) -> anyhow::Result<()> {
    let listeners = Listeners::bind(config.listen, true).await?;
    let address = listeners.address;
    let home = format!("http://localhost:{}", address.port());
    let StandIn { worlds, files } = standin::start(&config, files, address, home, real_sdk).await?;
    let world = Arc::clone(&worlds.first().world);
    // Deleted when the process ends.
    let token = world.control_token.as_ref().map(write_token).transpose()?;
    let listening = match &options {
        Some(options) => Some(dispatch::intercept(&worlds, DEFAULT, options).await.map_err(standin::refusal_text)?),
        None => None,
    };
    let mut text = announcement(&config, address, &files, token.as_ref().map(|file| file.path()));
    if let Some(listening) = &listening {
        let Entrance { proxy, tls, .. } = listening.entrance();
        let _ = writeln!(
            text,
            "  intercepts   proxy http://{proxy}  TLS {tls}  (clients: kakaw env, kakaw hosts, kakaw ca)\n"
        );
    }
    let server = server(&config, dispatch::every(worlds))?;
    serve(Arc::clone(&world.platform), listeners, server, &text, stop).await
}

/// Writes the token to a file that only its owner can read.
fn write_token(token: &Secret) -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file =
        tempfile::Builder::new().prefix("kakaw-control-").tempfile().context("cannot write the control token")?;
    file.write_all(token.expose().as_bytes())?;
    Ok(file)
}

fn announcement(config: &Config, address: SocketAddr, files: &[WorldFile], token: Option<&Path>) -> String {
    let base = config.public_url.clone().unwrap_or_else(|| {
        if address.ip().is_loopback() {
            format!("http://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        }
    });
    let mut text = format!("\n  try it       {base}/demo\n  look around  {base}/\n");
    let people = files.iter().flat_map(|file| &file.people);
    for (index, person) in people.take(4).enumerate() {
        let login = person.email.as_deref().or(person.id.as_deref()).unwrap_or_default();
        let note = if person.restricted { "  (restricted)" } else { "" };
        let label = if index == 0 { "log in as" } else { "" };
        let password = person.password.as_deref().unwrap_or("(no password)");
        let _ = writeln!(text, "  {label:<11}  {login}  {password}{note}");
    }
    let keys = files.iter().flat_map(|file| &file.apps).filter_map(|app| Some((app, app.rest_api_keys.first()?)));
    for (app, key) in keys.take(3) {
        let uris = key.redirect_uris.iter().filter(|uri| !uri.ends_with(demo::CALLBACK)).cloned().collect::<Vec<_>>();
        let key = key.key.as_deref().unwrap_or("(generated; see /)");
        let _ = writeln!(text, "  app          {}  REST API key {key}", app.name);
        let _ = writeln!(text, "               redirect URIs {}", uris.join(" "));
        if key == SAMPLE_KEY {
            let _ = writeln!(text, "               point your service's kauth and kapi base URLs at {base}");
        }
    }
    let kept = match (&config.data, &config.database) {
        (Some(folder), _) => format!("in {}", folder.display()),
        (None, Some(url)) if url != "memory" => "in the database".to_owned(),
        _ => "in memory; --data DIR keeps it on disk".to_owned(),
    };
    if let Some(token) = token {
        let _ = writeln!(
            text,
            "  control      other machines send Kakaw-Control: TOKEN, with the token in {}",
            token.display()
        );
    }
    let _ = writeln!(text, "  state        {kept}\n  stop         ctrl-c\n");
    text
}
