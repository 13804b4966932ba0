//! Serves a router over HTTP/1.1: accepts connections within the limits, with TLS if it is configured, and stops
//! gracefully.

mod body;
mod connections;
mod stream;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service as _;

use body::Timed;
pub use body::is_late;
use connections::Place;
pub use connections::{Connections, Limits};
use stream::Watched;
pub use tls::{Files, Tls};

use crate::request::network::Network;

/// Maximum size of a request's header, URL included, in bytes. A larger one gets 431.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// Pause after a failed accept: the process may be out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A router, and how its connections are served.
#[derive(Clone)]
pub struct Server {
    pub router: Router,
    pub connections: Arc<Connections>,
    /// Without it, connections are plain HTTP.
    pub tls: Option<Tls>,
}

impl Server {
    /// Serves until `stop` becomes true. Then it accepts no more connections, and returns when the open requests have
    /// ended.
    pub async fn run(self, listeners: Vec<TcpListener>, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(accept(listener, self.clone(), stop.clone()));
        }
        let certificate = async {
            match &self.tls {
                Some(tls) => tls.watch().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.connections.watch() => {}
            () = certificate => {}
            () = async { while tasks.join_next().await.is_some() {} } => {}
        }
    }
}

async fn accept(listener: TcpListener, server: Server, mut stop: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Frees the memory of those that have ended.
            Some(_) = open.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(place) = server.connections.admit(Network::of(peer.ip())) else { continue };
        let connection = place.connection();
        let task = open.spawn(talk(stream, peer, place, server.clone(), stop.clone()));
        Place::set_task(&connection, task);
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

/// Handles the requests of a connection.
async fn talk(stream: TcpStream, peer: SocketAddr, place: Place, server: Server, stop: watch::Receiver<bool>) {
    // Without a delay for small replies.
    let _ = stream.set_nodelay(true);
    let place = Arc::new(place);
    let Server { router, tls, .. } = server;
    match tls {
        None => http(Watched::new(stream, Arc::clone(&place)), peer, place, router, stop).await,
        // The limit for the header includes the handshake.
        Some(tls) => {
            let Ok(stream) = tls.acceptor().accept(stream).await else { return };
            http(Watched::new(stream, Arc::clone(&place)), peer, place, router, stop).await;
        }
    }
}

async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    place: Arc<Place>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let limits = *place.limits();
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        place.handling();
        let place = Arc::clone(&place);
        let mut request = request.map(|body| Body::new(Timed::new(body, limits.body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let reply = router.clone().call(request);
        async move {
            let reply = reply.await;
            place.handled();
            reply
        }
    });
    let served = http1::Builder::new().max_buf_size(HEADER_LIMIT).serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served.with_upgrades());
    // When a connection breaks, no reply can be sent.
    tokio::select! {
        _ = served.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}
