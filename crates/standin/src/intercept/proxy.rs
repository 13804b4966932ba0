//! A forward proxy that terminates TLS for the hosts of Kakao Login and passes everything else on; and a listener that
//! accepts such TLS directly.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower::ServiceExt as _;

use super::forward::{self, Target};
use super::upstream::{Stream, Upstream};
use crate::world::KAKAO_HOSTS;

/// Time limit for connecting to another host.
const PATIENCE: Duration = Duration::from_secs(30);

/// The state that both listeners share.
pub struct Intercepted {
    pub app: Router,
    pub acceptor: TlsAcceptor,
    /// Whether connections to other hosts are refused.
    pub offline: AtomicBool,
    /// The proxy for connections to other hosts.
    pub upstream: Option<Upstream>,
    /// Number of connections to other hosts, passed on or refused.
    pub others: AtomicUsize,
    /// For requests that leave TLS to us. Loading the system's root certificates takes a while, and few requests need
    /// them.
    pub connector: OnceLock<TlsConnector>,
}

/// Serves proxy requests until the process ends.
pub async fn serve_proxy(listener: TcpListener, intercepted: Arc<Intercepted>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let intercepted = Arc::clone(&intercepted);
        tokio::spawn(async move {
            // A connection that breaks off is the client's concern.
            let _ = proxied(stream, peer, intercepted).await;
        });
    }
}

/// Serves TLS directly, for processes whose traffic arrives without a proxy.
pub async fn serve_tls(listener: TcpListener, intercepted: Arc<Intercepted>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let intercepted = Arc::clone(&intercepted);
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            intercepted.serve(stream, peer).await
        });
    }
}

async fn proxied(stream: TcpStream, peer: SocketAddr, intercepted: Arc<Intercepted>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    // Other machines must not reach the rest of the network through this machine.
    let foreign = !stream.local_addr()?.ip().to_canonical().is_loopback();
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let intercepted = Arc::clone(&intercepted);
        async move { Ok::<_, Infallible>(intercepted.answer(request.map(Body::new), peer, foreign).await) }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    served.with_upgrades().await.map_err(std::io::Error::other)
}

impl Intercepted {
    async fn serve<S>(&self, stream: S, peer: SocketAddr) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = self.acceptor.accept(stream).await?;
        let app = self.app.clone();
        let service = tower::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(request.map(Body::new) as Request)
        });
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades();
        served.await.map_err(std::io::Error::other)
    }

    /// Handles a request to the proxy: one that starts a tunnel, or one with a whole URL.
    async fn answer(self: Arc<Self>, mut request: Request, peer: SocketAddr, foreign: bool) -> Response {
        if request.method() == Method::CONNECT {
            return self.tunnel(request, peer, foreign).await;
        }
        let Some(target) = Target::of(request.uri()) else {
            let text = "this is a proxy: expected CONNECT host:443, or a whole URL such as GET https://kapi.kakao.com/";
            return refuse(StatusCode::BAD_REQUEST, text);
        };
        let is_kakao = KAKAO_HOSTS.contains(&target.host.as_str());
        if is_kakao && !target.tls {
            let text =
                format!("{} accepts https only; the proxy sends nothing to the real host over http", target.host);
            return refuse(StatusCode::FORBIDDEN, &text);
        }
        target.take_over(&mut request);
        if is_kakao && target.port == 443 {
            request.extensions_mut().insert(ConnectInfo(peer));
            return self.app.clone().oneshot(request).await.into_response();
        }
        if let Some(refused) = self.refuses(&target.host, foreign) {
            return refused;
        }
        let sent = async {
            let tls = target.tls.then(|| self.connector()).transpose()?;
            let stream = self.reach(&target.host, target.port).await?;
            forward::send(&target, stream, tls, PATIENCE, request).await
        };
        sent.await.unwrap_or_else(|error| not_reached(&target.address(), &error))
    }

    async fn tunnel(self: Arc<Self>, mut request: Request, peer: SocketAddr, foreign: bool) -> Response {
        let port = request.uri().authority().and_then(Authority::port_u16);
        let (Some(host), Some(port)) = (request.uri().host().map(str::to_ascii_lowercase), port) else {
            return refuse(StatusCode::BAD_REQUEST, "CONNECT requires host:port");
        };
        if KAKAO_HOSTS.contains(&host.as_str()) && port == 443 {
            tokio::spawn(async move {
                let Ok(stream) = hyper::upgrade::on(&mut request).await else { return Ok(()) };
                self.serve(TokioIo::new(stream), peer).await
            });
            return StatusCode::OK.into_response();
        }
        if let Some(refused) = self.refuses(&host, foreign) {
            return refused;
        }
        match self.reach(&host, port).await {
            Ok(mut other) => {
                tokio::spawn(async move {
                    let Ok(stream) = hyper::upgrade::on(&mut request).await else { return Ok(()) };
                    tokio::io::copy_bidirectional(&mut TokioIo::new(stream), &mut other).await.map(drop)
                });
                StatusCode::OK.into_response()
            }
            Err(error) => not_reached(&format!("{host}:{port}"), &error),
        }
    }

    fn connector(&self) -> std::io::Result<TlsConnector> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let made = forward::connector().map_err(std::io::Error::other)?;
        Ok(self.connector.get_or_init(|| made).clone())
    }

    /// Counts a connection to another host, and refuses it if nothing may be passed on.
    fn refuses(&self, host: &str, foreign: bool) -> Option<Response> {
        self.others.fetch_add(1, Ordering::SeqCst);
        // A service on this machine is never refused: clients that follow a redirect reach it through the proxy.
        let offline = self.offline.load(Ordering::SeqCst) && !is_loopback(host);
        (foreign || offline).then(|| {
            let text = format!("{host} is not a host of Kakao Login, and this proxy refuses all other hosts");
            refuse(StatusCode::FORBIDDEN, &text)
        })
    }

    /// Connects to another host, through the configured proxy if there is one.
    async fn reach(&self, host: &str, port: u16) -> std::io::Result<Box<dyn Stream>> {
        let target = format!("{host}:{port}");
        let upstream = self.upstream.as_ref().filter(|_| !is_loopback(host));
        let reached = async {
            if let Some(proxy) = upstream.and_then(|upstream| upstream.of(host)) {
                return proxy.connect(&target).await;
            }
            let stream = TcpStream::connect(&target).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        };
        tokio::time::timeout(PATIENCE, reached).await?
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn not_reached(target: &str, error: &std::io::Error) -> Response {
    match error.kind() {
        std::io::ErrorKind::TimedOut => refuse(StatusCode::GATEWAY_TIMEOUT, &format!("{target} does not respond")),
        _ => refuse(StatusCode::BAD_GATEWAY, &format!("{target}: {error}")),
    }
}

fn refuse(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}
