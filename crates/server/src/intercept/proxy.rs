//! A forward proxy that ends TLS for the hosts of Kakao Login, and passes everything else on; and a listener that takes
//! such TLS directly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::head;
use super::upstream::Upstream;
use crate::http::here::KAKAO_HOSTS;

/// How long a connection to another host may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What both listeners serve.
pub struct Intercepted {
    pub app: Router,
    pub acceptor: TlsAcceptor,
    /// Whether connections to other hosts are refused.
    pub offline: AtomicBool,
    /// The proxy through which other hosts are reached.
    pub upstream: Option<Upstream>,
    /// Connections to other hosts, passed on or refused.
    pub others: AtomicUsize,
}

/// Serves proxy requests for as long as the process lives.
pub async fn serve_proxy(listener: TcpListener, intercepted: Arc<Intercepted>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let intercepted = Arc::clone(&intercepted);
        tokio::spawn(async move {
            // A connection that breaks off is the client's affair.
            let _ = proxied(stream, peer, &intercepted).await;
        });
    }
}

/// Serves TLS directly, for processes that are led here by other means than a proxy.
pub async fn serve_tls(listener: TcpListener, intercepted: Arc<Intercepted>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let intercepted = Arc::clone(&intercepted);
        tokio::spawn(async move {
            let _ = intercepted.serve(stream, peer).await;
        });
    }
}

impl Intercepted {
    async fn serve(&self, stream: TcpStream, peer: SocketAddr) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = self.acceptor.accept(stream).await?;
        let app = self.app.clone();
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(request.map(axum::body::Body::new) as Request)
        });
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades();
        served.await.map_err(std::io::Error::other)
    }
}

async fn proxied(mut stream: TcpStream, peer: SocketAddr, intercepted: &Intercepted) -> std::io::Result<()> {
    let request = head::read(&mut stream).await?;
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "CONNECT" {
        let text = "this proxy takes CONNECT only: it stands in front of https hosts\n";
        return refuse(&mut stream, "405 Method Not Allowed", text).await;
    }
    let Some((host, port)) = target.rsplit_once(':') else {
        return refuse(&mut stream, "400 Bad Request", "CONNECT wants host:port\n").await;
    };
    if KAKAO_HOSTS.contains(&host.to_ascii_lowercase().as_str()) && port == "443" {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        return intercepted.serve(stream, peer).await;
    }
    intercepted.others.fetch_add(1, Ordering::SeqCst);
    // Nobody else reaches the world through this machine.
    let foreign = !stream.local_addr()?.ip().to_canonical().is_loopback();
    if foreign || intercepted.offline.load(Ordering::SeqCst) {
        let text = format!("{host} is not a host of Kakao Login, and all others are refused here\n");
        return refuse(&mut stream, "403 Forbidden", &text).await;
    }
    let reached = async {
        match intercepted.upstream.as_ref().filter(|upstream| upstream.is_for(host)) {
            Some(upstream) => upstream.connect(target).await,
            None => TcpStream::connect(target).await,
        }
    };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(Ok(mut other)) => {
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            tokio::io::copy_bidirectional(&mut stream, &mut other).await?;
            Ok(())
        }
        Ok(Err(error)) => refuse(&mut stream, "502 Bad Gateway", &format!("{target}: {error}\n")).await,
        Err(_) => refuse(&mut stream, "504 Gateway Timeout", &format!("{target} does not answer\n")).await,
    }
}

async fn refuse(stream: &mut TcpStream, status: &str, text: &str) -> std::io::Result<()> {
    let length = text.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    );
    stream.write_all(answer.as_bytes()).await
}
