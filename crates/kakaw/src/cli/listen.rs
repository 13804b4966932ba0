//! Listens, prints the address, and serves until a signal stops it.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Usage, lines};
use crate::config::{self, Config};
use kakaw_platform::Platform;
use kakaw_platform::jobs;
use kakaw_platform::log;
use kakaw_platform::management::{self, Management};
use kakaw_platform::server::{Connections, Files, Limits, Server, Tls};

/// Limits of the management listener.
const MANAGEMENT: Limits = Limits {
    connections: 64,
    of_network: 64,
    header: Duration::from_secs(5),
    body: Duration::from_secs(5),
    idle: Duration::from_secs(60),
    request: Duration::from_secs(10),
};

/// How long open requests may take after a signal to stop.
const GRACE: Duration = Duration::from_secs(4);

/// Time that the last lines of the log may take.
const DRAIN: Duration = Duration::from_secs(1);

/// The listeners of a process: one address, and the other loopback address if the first is one.
pub struct Listeners {
    listeners: Vec<TcpListener>,
    /// The requested address, with its real port.
    pub address: SocketAddr,
    /// The management listener.
    management: Vec<TcpListener>,
    /// Names of the management listener.
    hosts: Vec<String>,
}

impl Listeners {
    /// Binds. With `both_loopbacks`, 127.0.0.1 is bound together with `[::1]`, because `localhost` may mean either.
    pub async fn bind(listen: SocketAddr, both_loopbacks: bool) -> anyhow::Result<Self> {
        let first = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}: is another kakaw running? --listen 127.0.0.1:0 picks a free port")
        })?;
        let address = first.local_addr()?;
        let mut listeners = vec![first];
        let other = match address.ip() {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            _ => None,
        };
        if let Some(ip) = other.filter(|_| both_loopbacks) {
            match TcpListener::bind((ip, address.port())).await {
                Ok(second) => listeners.push(second),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                    tracing::warn!(
                        "another process uses port {} of {ip}: localhost may reach that process",
                        address.port()
                    );
                }
                // The machine has no IPv6.
                Err(_) => {}
            }
        }
        Ok(Self { listeners, address, management: Vec::new(), hosts: Vec::new() })
    }

    /// Adds a management listener, which these names reach.
    pub fn with_management(self, management: Self, hosts: Vec<String>) -> Self {
        Self { management: management.listeners, hosts, ..self }
    }
}

/// Returns a server for this router with the configured limits and certificate. The limit of open files is raised as far
/// as the process may.
pub fn server(config: &Config, router: Router) -> anyhow::Result<Server> {
    // The memory has passwords and keys in it, so a crash must not write it to a file.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let limits = config.limits.of_server(raise_open_files(), config.behind_proxy);
    let tls = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => {
            let files = Files { certificate: certificate.clone(), key: key.clone() };
            Some(Tls::load(files).map_err(|error| Usage::error(format!("{error:#}")))?)
        }
        _ => None,
    };
    Ok(Server { router, connections: Connections::new(limits), tls })
}

/// Raises the number of files that this process may have open, and returns it.
fn raise_open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current };
    // Without a limit, more than any server needs.
    files.map_or(1 << 20, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// When a server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At SIGTERM or Ctrl-C.
    OnSignal,
    /// At these signals, or when standard input ends.
    #[cfg(feature = "standin")]
    WithStdin,
}

/// Serves until it must stop, then lets open requests finish.
pub async fn serve(
    platform: Arc<Platform>,
    listeners: Listeners,
    server: Server,
    announcement: &str,
    stop_on: Stop,
) -> anyhow::Result<()> {
    tokio::spawn(jobs::work(Arc::clone(&platform)));
    let (stop, stopped) = watch::channel(false);
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    let management = Management {
        platform: Arc::clone(&platform),
        connections: Arc::clone(&server.connections),
        stopping: stopped.clone(),
        hosts: listeners.hosts.into(),
    };
    let running = tokio::spawn(server.run(listeners.listeners, stopped));
    // It is open until the process ends, so that probes see that it stops.
    let (_open, ends) = watch::channel(false);
    let connections = Connections::new(MANAGEMENT);
    tokio::spawn(
        Server { router: management::router(management), connections, tls: None }.run(listeners.management, ends),
    );
    {
        // If standard output cannot be written, the server runs all the same.
        let mut out = std::io::stdout().lock();
        let _ = write!(out, "listening on {scheme}://{}\n{announcement}", listeners.address);
        let _ = out.flush();
    }
    // systemd waits for this message; without systemd there is nothing to send it to.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    match stop_on {
        Stop::OnSignal => terminated().await,
        #[cfg(feature = "standin")]
        Stop::WithStdin => tokio::select! { () = terminated() => {}, () = stdin_ended() => {} },
    }
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    let _ = stop.send(true);
    let _ = tokio::time::timeout(GRACE, running).await;
    Ok(())
}

/// Waits until the process that started us has ended.
#[cfg(feature = "standin")]
async fn stdin_ended() {
    let (ended, wait) = tokio::sync::oneshot::channel();
    // A separate thread: a read cannot be cancelled, and must not keep the runtime from ending.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = wait.await;
}

async fn terminated() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! { () = terminate => {}, _ = tokio::signal::ctrl_c() => {} }
}

/// Runs a future on a new runtime, with the log on standard error.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    block_on_logging(config::Log::default(), work)
}

/// The same with this log configuration.
pub fn block_on_logging<T>(log: config::Log, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    lines::start(log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // Do not wait for background work: an RSA key that is still being generated, which may take a second, is not needed.
    runtime.shutdown_background();
    log::drain(DRAIN);
    result
}
