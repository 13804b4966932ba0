//! Interception: a process's traffic to the hosts of Kakao Login goes to a stand-in. All other traffic passes
//! unchanged.

pub mod authority;
pub mod browser;
pub mod environment;
mod forward;
pub mod proxy;
pub mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::world::KAKAO_HOSTS;
use authority::Authority;
use proxy::Intercepted;
use upstream::Upstream;

/// Where a world's traffic is to be taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Address of the proxy; default: a free port of 127.0.0.1. A proxy that other machines can reach forwards only requests
    /// to Kakao's hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub proxy: Option<SocketAddr>,
    /// Address of the TLS listener; default: a free port of 127.0.0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub tls: Option<SocketAddr>,
    /// `true`: refuse connections to all other hosts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
}

/// The addresses that intercept a world's traffic, for programs that route it there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Entrance {
    /// Address of the proxy.
    pub proxy: String,
    /// Address that takes TLS directly.
    pub tls: String,
    /// The authority's certificate, as PEM.
    pub certificate: String,
    /// SHA-256 of the leaf's public key as base64.
    pub spki: String,
    /// The intercepted hosts.
    pub hosts: Vec<String>,
    /// Whether the authority is kept in a folder, and the same after a new start.
    pub lasting: bool,
}

/// The listeners of a world. They close when this is dropped.
pub struct Listening {
    intercepted: Arc<Intercepted>,
    entrance: Mutex<Entrance>,
    work: Mutex<Vec<AbortHandle>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let work = self.work.get_mut().unwrap_or_else(PoisonError::into_inner);
        work.iter().for_each(AbortHandle::abort);
    }
}

impl Listening {
    /// Starts to intercept traffic and to pass it to `app`.
    ///
    /// # Errors
    /// An address is in use, or is not an address of this machine.
    pub async fn start(
        app: Router,
        authority: &Authority,
        lasting: bool,
        upstream: Option<Upstream>,
        options: &Options,
    ) -> std::io::Result<Self> {
        let intercepted = Intercepted {
            app,
            acceptor: authority.acceptor.clone(),
            offline: AtomicBool::new(false),
            upstream,
            others: AtomicUsize::new(0),
            connector: OnceLock::new(),
        };
        let entrance = Entrance {
            proxy: String::new(),
            tls: String::new(),
            certificate: authority.certificate.clone(),
            spki: authority.spki.clone(),
            hosts: KAKAO_HOSTS.map(str::to_owned).to_vec(),
            lasting,
        };
        let intercepted = Arc::new(intercepted);
        let listening = Self { intercepted, entrance: Mutex::new(entrance), work: Mutex::default() };
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let both =
            Options { proxy: options.proxy.or(Some(free)), tls: options.tls.or(Some(free)), offline: options.offline };
        listening.also(&both).await?;
        Ok(listening)
    }

    /// Listens on the requested addresses, in addition to the present ones.
    ///
    /// # Errors
    /// An address is in use, or is not an address of this machine.
    pub async fn also(&self, options: &Options) -> std::io::Result<()> {
        let before = self.entrance();
        let new = |requested: Option<SocketAddr>, is: &str| requested.filter(|requested| requested.to_string() != is);
        let proxy = bind(new(options.proxy, &before.proxy)).await?;
        let tls = bind(new(options.tls, &before.tls)).await?;
        if options.offline {
            self.intercepted.offline.store(true, Ordering::SeqCst);
        }
        let mut entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((listener, address)) = proxy {
            entrance.proxy = address.to_string();
            work.push(tokio::spawn(proxy::serve_proxy(listener, Arc::clone(&self.intercepted))).abort_handle());
        }
        if let Some((listener, address)) = tls {
            entrance.tls = address.to_string();
            work.push(tokio::spawn(proxy::serve_tls(listener, Arc::clone(&self.intercepted))).abort_handle());
        }
        Ok(())
    }

    /// Returns the addresses; of several, the last that was requested.
    #[must_use]
    pub fn entrance(&self) -> Entrance {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of connections to other hosts so far, passed on or refused.
    #[must_use]
    pub fn others(&self) -> usize {
        self.intercepted.others.load(Ordering::SeqCst)
    }
}

async fn bind(address: Option<SocketAddr>) -> std::io::Result<Option<(TcpListener, SocketAddr)>> {
    let Some(address) = address else { return Ok(None) };
    let named = |error: std::io::Error| std::io::Error::other(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let address = listener.local_addr()?;
    Ok(Some((listener, address)))
}

/// Returns a proxy auto-configuration file, which tells browsers which hosts to reach through the proxy.
#[must_use]
pub fn pac(proxy: &str) -> String {
    let hosts = KAKAO_HOSTS.map(|host| format!("\"{host}\"")).join(", ");
    format!(
        "function FindProxyForURL(url, host) {{\n  return [{hosts}].indexOf(host) < 0 ? \"DIRECT\" : \"PROXY {proxy}\";\n}}\n"
    )
}
