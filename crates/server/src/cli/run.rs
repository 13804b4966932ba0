//! `kakaw run -- COMMAND` — a stand-in for one command: its traffic to the hosts of Kakao Login reaches it, and no other.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args as ClapArgs;
use tokio::net::TcpListener;

use super::standin::{self, StandIn};
use super::{Usage, dev, listen};
use crate::config::{self, Flag};
use crate::http::dispatch;
use crate::http::here::KAKAO_HOSTS;
use crate::intercept::authority;
use crate::intercept::environment::{self, Ports};
use crate::intercept::proxy::{self, Intercepted};
use crate::request_log::Exchange;
use crate::world::{Mode, World};

#[derive(ClapArgs)]
pub struct Args {
    /// World file with apps and people; may be given more than once. Without one there is the sample world.
    #[arg(long, value_name = "FILE.toml")]
    world: Vec<PathBuf>,
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
    let files = dev::read(&args.world)?;
    let flags = vec![Flag { key: "database", value: "memory".to_owned() }];
    let config = config::load(Mode::Dev, None, flags).map_err(Usage::error)?.config;
    let code = listen::block_on(async move {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let plain = TcpListener::bind(loopback).await?;
        let address = plain.local_addr()?;
        let home = format!("https://{}", KAKAO_HOSTS[0]);
        let StandIn { worlds, .. } = standin::start(&config, files, address, home).await?;
        let world = Arc::clone(&worlds.first().world);
        let app = dispatch::every(worlds);
        tokio::spawn(Arc::clone(&world).work_in_background());

        let authority = authority::make()?;
        let (proxy, tls) = (TcpListener::bind(loopback).await?, TcpListener::bind(loopback).await?);
        let ports = Ports { proxy: proxy.local_addr()?.port(), tls: tls.local_addr()?.port(), http: address.port() };
        let intercepted = Arc::new(Intercepted {
            app: app.clone(),
            acceptor: authority.acceptor.clone(),
            offline: args.offline,
            others: AtomicUsize::new(0),
        });
        tokio::spawn(proxy::serve_proxy(proxy, Arc::clone(&intercepted)));
        tokio::spawn(proxy::serve_tls(tls, Arc::clone(&intercepted)));
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(plain, service).await });

        let folder = tempfile::tempdir()?;
        let Some((program, arguments)) = args.command.split_first() else {
            return Err(Usage::error("a command is missing: kakaw run -- npm test"));
        };
        let mut command = Command::new(program);
        command.args(environment::browser_flags(&program.to_string_lossy(), &authority, ports, folder.path()));
        command.args(arguments);
        let jvm = args.jvm || environment::is_jvm(&program.to_string_lossy());
        environment::prepare(&mut command, &authority, ports, folder.path(), jvm, &config::environment)?;
        let status = tokio::process::Command::from(command)
            .status()
            .await
            .map_err(|error| Usage::error(format!("cannot run {}: {error}", program.to_string_lossy())))?;
        if !args.quiet {
            summary(&world, intercepted.others.load(Ordering::SeqCst), args.offline)?;
        }
        Ok(exit_code(status))
    })?;
    std::process::exit(code);
}

/// The command's own code; a signal's number and 128 when it was killed, as shells say it.
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// What was called and what was refused, on standard error: standard output is the command's.
fn summary(world: &World, others: usize, offline: bool) -> anyhow::Result<()> {
    let all = world.requests.list(&Default::default());
    let mut err = std::io::stderr().lock();
    writeln!(err, "\nkakaw: {} requests to Kakao Login", all.len())?;
    let mut counted: Vec<(String, usize)> = Vec::new();
    for exchange in &all {
        let name = format!("{} {}", exchange.method, exchange.path);
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    for (name, count) in counted {
        writeln!(err, "  {count:>4}  {name}")?;
    }
    let refused: Vec<&Exchange> = all.iter().filter(|exchange| exchange.code.is_some()).collect();
    if !refused.is_empty() {
        writeln!(err, "  refused:")?;
    }
    for exchange in refused.iter().take(20) {
        let code = exchange.code.unwrap_or_default();
        writeln!(err, "    {code}  {} {}  {}", exchange.method, exchange.path, exchange.diagnosis.join("; "))?;
    }
    if others > 0 {
        let what = if offline { "refused" } else { "passed on" };
        writeln!(err, "  {others} connections to other hosts, {what}")?;
    }
    Ok(())
}
