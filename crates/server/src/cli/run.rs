//! `kakaw run -- COMMAND` — a stand-in for one command: its traffic to the hosts of Kakao Login reaches it, and no other.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use clap::Args as ClapArgs;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::place::{Entered, Running};
use super::standin::{self, StandIn};
use super::{Usage, listen, people};
use crate::background;
use crate::config::{self, Flag};
use crate::http::dispatch;
use crate::intercept::{self, Entrance, Listening, environment};
use crate::world::{DEFAULT, Mode, World};
use crate::world_file::WorldFile;

#[derive(ClapArgs)]
pub struct Args {
    /// World file with apps and people; may be given more than once. Without one there is the sample world.
    #[arg(long, value_name = "FILE.toml")]
    world: Vec<PathBuf>,
    /// A stand-in that runs already, or one of its worlds (http://localhost:7700/w/NAME), instead of a new one.
    #[arg(long, conflicts_with_all = ["world", "real_sdk"])]
    url: Option<String>,
    /// A folder with a copy of Kakao's JavaScript SDK, which pages get instead of ours.
    #[arg(long, value_name = "DIR")]
    real_sdk: Option<PathBuf>,
    /// Refuse the command's connections to all other https hosts.
    #[arg(long)]
    offline: bool,
    /// The command starts a Java virtual machine; known already of java, mvn, gradle and the like.
    #[arg(long)]
    jvm: bool,
    /// Print no summary.
    #[arg(long)]
    quiet: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let files = standin::read(&args.world)?;
    let code = listen::block_on(async {
        let led = match &args.url {
            Some(url) => Led::running(url, &args).await?,
            None => Led::started(files, &args).await?,
        };
        let status = spawn(&args, &led).await?;
        if !args.quiet {
            summary(&led.seen().await?, led.others(), args.offline)?;
        }
        Ok(exit_code(status))
    })?;
    std::process::exit(code);
}

/// The stand-in that the command is led to.
struct Led {
    url: String,
    entrance: Entrance,
    from: From,
}

enum From {
    /// It ends with the command.
    Started(Arc<World>, Arc<Listening>),
    /// It runs on; what is after this exchange is the command's.
    Running(Running, u64),
}

impl Led {
    async fn started(files: Vec<WorldFile>, args: &Args) -> anyhow::Result<Self> {
        let flags = vec![Flag { key: "database", value: "memory".to_owned() }];
        let config = config::load(Mode::Dev, None, flags).map_err(Usage::error)?.config;
        let plain = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = plain.local_addr()?;
        let url = format!("http://localhost:{}", address.port());
        let StandIn { worlds, .. } =
            standin::start(&config, files, address, url.clone(), args.real_sdk.clone()).await?;
        let world = Arc::clone(&worlds.first().world);
        tokio::spawn(background::work(Arc::clone(&world)));
        let wish = intercept::Wish { offline: args.offline, ..Default::default() };
        let listening = dispatch::intercept(&worlds, DEFAULT, &wish).await.map_err(people::told)?;
        let service = dispatch::every(worlds).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(plain, service).await });
        Ok(Self { url, entrance: listening.entrance(), from: From::Started(world, listening) })
    }

    async fn running(url: &str, args: &Args) -> anyhow::Result<Self> {
        let wish = intercept::Wish { offline: args.offline, ..Default::default() };
        let Entered { url, entrance } = Entered::at(Some(url.to_owned()), &wish).await?;
        let running = Running::at(&url);
        let before: Vec<Seen> = serde_json::from_str(&running.send("/control/v1/requests", None).await?)?;
        let last = before.last().map_or(0, |seen| seen.id);
        Ok(Self { url, entrance, from: From::Running(running, last) })
    }

    /// What was asked and answered.
    async fn seen(&self) -> anyhow::Result<Vec<Seen>> {
        let text = match &self.from {
            From::Started(world, _) => serde_json::to_string(&world.requests.list(&Default::default()))?,
            From::Running(running, last) => running.send(&format!("/control/v1/requests?after={last}"), None).await?,
        };
        Ok(serde_json::from_str(&text)?)
    }

    fn others(&self) -> usize {
        match &self.from {
            From::Started(_, listening) => listening.others(),
            From::Running(..) => 0,
        }
    }
}

async fn spawn(args: &Args, led: &Led) -> anyhow::Result<ExitStatus> {
    let folder = tempfile::tempdir()?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Usage::error("a command is missing: kakaw run -- npm test"));
    };
    let name = program.to_string_lossy();
    let mut command = tokio::process::Command::new(program);
    command.args(environment::browser_flags(&name, &led.entrance, folder.path())).args(arguments);
    let jvm = args.jvm || environment::is_jvm(&name);
    let lead = environment::Lead { entrance: &led.entrance, url: &led.url, folder: folder.path(), jvm };
    command.envs(environment::variables(&lead, &config::environment)?);
    command.status().await.map_err(|error| Usage::error(format!("cannot run {name}: {error}")))
}

/// An exchange, as the summary needs it.
#[derive(Deserialize)]
struct Seen {
    id: u64,
    method: String,
    path: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    diagnosis: Vec<String>,
}

/// The command's own code; a signal's number and 128 when it was killed, as shells say it.
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// What was called and what was refused, on standard error: standard output is the command's.
fn summary(all: &[Seen], others: usize, offline: bool) -> anyhow::Result<()> {
    let mut err = std::io::stderr().lock();
    writeln!(err, "\nkakaw: {} requests to Kakao Login", all.len())?;
    let mut counted: Vec<(String, usize)> = Vec::new();
    for exchange in all {
        let name = format!("{} {}", exchange.method, exchange.path);
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    for (name, count) in counted {
        writeln!(err, "  {count:>4}  {name}")?;
    }
    let refused: Vec<&Seen> = all.iter().filter(|exchange| exchange.code.is_some()).collect();
    if !refused.is_empty() {
        writeln!(err, "  refused:")?;
    }
    for exchange in refused.iter().take(20) {
        let code = exchange.code.as_deref().unwrap_or_default();
        writeln!(err, "    {code}  {} {}  {}", exchange.method, exchange.path, exchange.diagnosis.join("; "))?;
    }
    if others > 0 {
        let what = if offline { "refused" } else { "passed on" };
        writeln!(err, "  {others} connections to other hosts, {what}")?;
    }
    Ok(())
}
