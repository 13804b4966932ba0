//! `kakaw run -- COMMAND` — a stand-in for one command: only its requests to the hosts of Kakao Login are routed to it.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use rustix::process::{Signal, kill_process_group};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::entered::Entered;
use super::place::Running;
use super::signals::{self, Signals};
use super::standin::{self, StandIn};
use super::{Usage, listen};
use crate::config::Mode;
use crate::config::{self, Config, Flag};
use kakaw_platform::jobs;
use kakaw_platform::manage::world_file::WorldFile;
use kakaw_platform::server::{self, Connections, Server};
use kakaw_standin::dispatch;
use kakaw_standin::intercept::{self, Entrance, Listening, browser, environment};
use kakaw_standin::world::{DEFAULT, World};
use kakaw_wire::url::split_port;

#[derive(ClapArgs)]
pub struct Args {
    /// World file with apps and people; repeat the option for more files [default: the sample world].
    #[arg(long, value_name = "FILE.toml")]
    world: Vec<PathBuf>,
    /// Use a running stand-in, or one of its worlds (http://localhost:7700/w/NAME), instead of starting one.
    #[arg(long, conflicts_with_all = ["world", "real_sdk"])]
    url: Option<String>,
    /// Folder with a copy of Kakao's JavaScript SDK; pages get that copy instead of Kakaw's SDK.
    #[arg(long, value_name = "DIR")]
    real_sdk: Option<PathBuf>,
    /// Refuse the command's connections to all other https hosts.
    #[arg(long)]
    offline: bool,
    /// The command starts a Java virtual machine (set automatically for java, mvn, gradle and similar commands).
    #[arg(long)]
    jvm: bool,
    /// Open Chromium or Chrome on this page, with its requests to Kakao's hosts routed to the stand-in. For a page on this
    /// machine, wait until the server accepts connections [default: the inspector].
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    browser: Option<String>,
    /// Do not print the stand-in's address or the summary.
    #[arg(long)]
    quiet: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let browser = args.browser.as_ref().map(|_| browser::find(&config::environment)).transpose();
    let browser = browser.map_err(|error| Usage::error(format!("--browser: {error}")))?;
    let flags = vec![Flag { key: "database", value: "memory".to_owned() }];
    let config = config::load(Mode::Dev, None, flags).map_err(Usage::error)?.config;
    let code = listen::block_on_logging(config.log, async {
        let target = match &args.url {
            Some(url) => Target::running(url, &args).await?,
            None => Target::started(&config, standin::read(&args.world)?, &args).await?,
        };
        if !args.quiet {
            // If standard error cannot be written, the command runs all the same.
            let _ = announce(&target, browser.is_some());
        }
        let mut signals = Signals::catch()?;
        let folder = tempfile::tempdir()?;
        let mut command = prepare(&args, &target, folder.path())?;
        // There is nothing to stop and nothing to report yet.
        if let Some(signal) = signals.came().await {
            return Ok(signals::exit_code(signal));
        }
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|error| Usage::error(format!("cannot run {name}: {error}")))?;
        let window = browser.map(|program| Window::open(&program, &args, &target, folder.path()));
        let status = signals.wait(&mut child).await;
        if let Some(window) = window {
            window.close().await;
        }
        let status = status?;
        if !args.quiet {
            // The command's exit code is returned even if nobody reads the summary.
            let seen =
                tokio::select! { seen = target.seen() => seen?, _ = signals.next() => return Ok(exit_code(status)) };
            let _ = summary(&seen, target.others(), args.offline);
        }
        Ok(exit_code(status))
    })?;
    std::process::exit(code);
}

/// Maximum number of connections.
const CONNECTIONS: usize = 10_000;

/// The stand-in that the command's requests are routed to.
struct Target {
    url: String,
    entrance: Entrance,
    from: From,
}

enum From {
    /// It ends with the command.
    Started(Arc<World>, Arc<Listening>),
    /// It continues to run. Only the exchanges after this id are the command's.
    Running(Running, u64),
}

impl Target {
    async fn started(config: &Config, files: Vec<WorldFile>, args: &Args) -> anyhow::Result<Self> {
        let plain = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = plain.local_addr()?;
        let url = format!("http://localhost:{}", address.port());
        let StandIn { worlds, .. } = standin::start(config, files, address, url.clone(), args.real_sdk.clone()).await?;
        let world = Arc::clone(&worlds.first().world);
        tokio::spawn(jobs::work(Arc::clone(&world.platform)));
        let options = intercept::Options { offline: args.offline, ..Default::default() };
        let listening = dispatch::intercept(&worlds, DEFAULT, &options).await.map_err(standin::refusal_text)?;
        // The limit of open files stays: the command inherits it.
        let connections = Connections::new(server::Limits::lenient(CONNECTIONS));
        let server = Server { router: dispatch::every(worlds), connections, tls: None };
        // It runs as long as the process.
        let (running, stopped) = watch::channel(false);
        tokio::spawn(async move {
            server.run(vec![plain], stopped).await;
            drop(running);
        });
        Ok(Self { url, entrance: listening.entrance(), from: From::Started(world, listening) })
    }

    async fn running(url: &str, args: &Args) -> anyhow::Result<Self> {
        let options = intercept::Options { offline: args.offline, ..Default::default() };
        let Entered { url, entrance } = Entered::at(Some(url.to_owned()), &options).await?;
        let running = Running::at(&url);
        let before: Vec<Seen> = serde_json::from_str(&running.send("/control/v1/requests", None).await?)?;
        let last = before.last().map_or(0, |seen| seen.id);
        Ok(Self { url, entrance, from: From::Running(running, last) })
    }

    /// Returns the exchanges of the command.
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

/// Builds the command with the routing of its traffic, and writes the necessary files into the folder.
fn prepare(args: &Args, target: &Target, folder: &Path) -> anyhow::Result<Command> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Usage::error("a command is missing: kakaw run -- npm test"));
    };
    let name = program.to_string_lossy();
    let mut command = Command::new(program);
    if browser::is_one(&name) {
        command.args(browser::flags(&target.entrance, &folder.join("profile")));
    }
    let jvm = args.jvm || environment::is_jvm(&name);
    let target = environment::Target { entrance: &target.entrance, url: &target.url, folder, jvm };
    command.args(arguments).envs(environment::variables(&target, &config::environment)?);
    Ok(command)
}

/// The browser of `--browser`. It ends with the command, because the stand-in ends then.
struct Window {
    opening: JoinHandle<Option<Child>>,
    /// Signals that the command has ended.
    closing: Arc<Notify>,
}

impl Window {
    fn open(program: &Path, args: &Args, target: &Target, folder: &Path) -> Self {
        let page = args.browser.clone().filter(|page| !page.is_empty());
        let page = page.unwrap_or_else(|| format!("{}/inspector", target.url));
        let mut command = Command::new(program);
        command.args(["--no-first-run", "--no-default-browser-check"]);
        command.args(browser_flags(target, &folder.join("browser")));
        command.arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C is for the command. The browser's many processes are killed as one group.
        command.process_group(0);
        let closing = Arc::new(Notify::new());
        let (close, program) = (Arc::clone(&closing), program.display().to_string());
        let opening = tokio::spawn(async move {
            tokio::select! { () = answers(&page) => {}, () = close.notified() => return None }
            let spawned = command.spawn();
            let mut browser =
                spawned.inspect_err(|error| tracing::warn!("--browser: cannot run {program}: {error}")).ok()?;
            // The output of a browser is not shown, except when it could not start.
            let ended = async { tokio::time::timeout(START, browser.wait()).await };
            if let Some(Ok(Ok(status))) = tokio::select! { ended = ended => Some(ended), () = close.notified() => None }
                && !status.success()
            {
                tracing::warn!("--browser: {program} ended at once ({status}); is there a display?");
            }
            Some(browser)
        });
        Self { opening, closing }
    }

    async fn close(self) {
        self.closing.notify_one();
        let Ok(Some(mut browser)) = self.opening.await else { return };
        let Some(group) = signals::pid(&browser) else { return };
        for signal in [Signal::TERM, Signal::KILL] {
            let _ = kill_process_group(group, signal);
            if tokio::time::timeout(Duration::from_secs(3), browser.wait()).await.is_ok() {
                break;
            }
        }
        // Its child processes may be slower, and write to the profile until they end.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Returns its options: profile, proxy, key, and what it needs to start at all.
fn browser_flags(target: &Target, profile: &Path) -> Vec<String> {
    let mut flags = browser::flags(&target.entrance, profile);
    if rustix::process::geteuid().is_root() {
        // As root, Chromium does not start with its sandbox.
        flags.push("--no-sandbox".to_owned());
    }
    flags
}

/// A browser that ends within this time has not started.
const START: Duration = Duration::from_secs(3);

/// Waits until the server of a page on this machine listens: the command may be that server.
async fn answers(page: &str) {
    let Some(url) = reqwest::Url::parse(page).ok() else { return };
    let (Some(host @ ("localhost" | "127.0.0.1" | "[::1]")), Some(port)) =
        (url.host_str(), url.port_or_known_default())
    else {
        return;
    };
    while TcpStream::connect(format!("{host}:{port}")).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Prints the addresses on standard error: standard output belongs to the command.
fn announce(target: &Target, opens_browser: bool) -> std::io::Result<()> {
    let url = &target.url;
    let mut err = std::io::stderr().lock();
    writeln!(err, "kakaw: stand-in at {url}, inspector at {url}/inspector")?;
    if opens_browser {
        return writeln!(
            err,
            "  A browser opens whose requests to Kakao go to the stand-in. Your usual browser goes to the real Kakao.\n"
        );
    }
    // Each run has its own port, so that two browsers have two profiles.
    let port = split_port(&target.entrance.proxy).1.unwrap_or_default();
    let profile = std::env::temp_dir().join(format!("kakaw-browser-{port}"));
    let flags = browser_flags(target, &profile);
    let flags: Vec<String> = flags.iter().map(|flag| format!("'{}'", flag.replace('\'', r"'\''"))).collect();
    writeln!(
        err,
        "  Your usual browser goes to the real Kakao. kakaw run --browser opens one that goes to the stand-in,"
    )?;
    writeln!(err, "  or start Chromium or Chrome yourself:\n  chromium {}\n", flags.join(" "))
}

/// An exchange, for the summary.
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

/// The command's own exit code, or 128 plus the signal's number if a signal killed it, as shells do.
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Prints what was called and what was refused on standard error: standard output belongs to the command.
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
