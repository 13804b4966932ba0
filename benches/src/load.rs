//! The load generator: prepared HTTP/1.1 requests over persistent connections, on one thread, so that the server has a core to
//! itself. It sends and times all requests of the benchmark.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A persistent connection, with or without TLS.
pub struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// The transport of a connection.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// A route to a host through a proxy that terminates TLS itself.
#[derive(Clone)]
pub struct Tunnel {
    /// Address of the proxy.
    pub proxy: String,
    pub host: &'static str,
    pub connector: TlsConnector,
}

impl Tunnel {
    /// A proxy with a trusted certificate authority.
    pub fn trusting(proxy: &str, host: &'static str, certificate: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { proxy: proxy.to_owned(), host, connector: TlsConnector::from(Arc::new(config)) })
    }
}

/// A reply: status, head and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; the name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Box::new(stream), buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Connects through a proxy, with TLS inside the tunnel.
    pub async fn through(tunnel: &Tunnel) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(&tunnel.proxy).await.context("the proxy")?;
        stream.set_nodelay(true)?;
        stream.write_all(format!("CONNECT {}:443 HTTP/1.1\r\n\r\n", tunnel.host).as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let stream = tunnel.connector.connect(tunnel.host.try_into()?, stream).await?;
        Ok(Self { stream: Box::new(stream), buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a prepared request and reads the whole reply.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let end = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let status = head.get(9..12).and_then(|text| text.parse().ok()).context("a status line")?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let length: usize = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while self.buffer.len() < end + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the answer broke off");
            }
        }
        answer.body.extend_from_slice(&self.buffer[end..end + length]);
        Ok(answer)
    }
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Run {
    pub name: String,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Sends every request once over `connections` connections, each as soon as the last reply has arrived. `check` gets each
/// reply, and its results are returned.
pub async fn all<T: 'static>(
    name: &str,
    address: &str,
    connections: usize,
    requests: Vec<Vec<u8>>,
    check: impl Fn(Answer) -> anyhow::Result<T> + Clone + 'static,
) -> anyhow::Result<(Run, Vec<T>)> {
    let address = address.to_owned();
    let open = move || {
        let address = address.clone();
        async move { Connection::open(&address).await }
    };
    all_over(name, open, connections, requests, check).await
}

/// The same with another way to open connections.
pub async fn all_over<T: 'static, F: Future<Output = anyhow::Result<Connection>> + 'static>(
    name: &str,
    open: impl Fn() -> F,
    connections: usize,
    requests: Vec<Vec<u8>>,
    check: impl Fn(Answer) -> anyhow::Result<T> + Clone + 'static,
) -> anyhow::Result<(Run, Vec<T>)> {
    let requests = std::rc::Rc::new(requests);
    let next = std::rc::Rc::new(std::cell::Cell::new(0_usize));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let local = tokio::task::LocalSet::new();
    for _ in 0..connections {
        let (requests, next, check) = (requests.clone(), next.clone(), check.clone());
        let opening = open();
        tasks.spawn_local_on(
            async move {
                let mut connection = opening.await?;
                let (mut kept, mut times) = (Vec::new(), Vec::new());
                loop {
                    let index = next.replace(next.get() + 1);
                    let Some(request) = requests.get(index) else { break };
                    let sent = Instant::now();
                    let answer = connection.send(request).await?;
                    times.push(sent.elapsed());
                    kept.push(check(answer)?);
                }
                anyhow::Ok((kept, times))
            },
            &local,
        );
    }
    let (mut kept, mut times) = (Vec::new(), Vec::new());
    local
        .run_until(async {
            while let Some(done) = tasks.join_next().await {
                let (k, t) = done??;
                kept.extend(k);
                times.extend(t);
            }
            anyhow::Ok(())
        })
        .await?;
    Ok((summary(name, &mut times, started.elapsed()), kept))
}

/// Computes rate and percentiles.
#[must_use]
pub fn summary(name: &str, times: &mut [Duration], took: Duration) -> Run {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)));
    Run {
        name: name.to_owned(),
        per_second: times.len() as f64 / took.as_secs_f64(),
        p50: at(0.50).copied().unwrap_or_default(),
        p99: at(0.99).copied().unwrap_or_default(),
    }
}

/// Builds a GET.
#[must_use]
pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, "")
}

/// Builds a POST with a JSON body.
#[must_use]
pub fn post_json(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    request("POST", path, &all, body)
}

/// Builds a POST with a form.
#[must_use]
pub fn post(path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Vec<u8> {
    let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    request("POST", path, &all, &body)
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Percent-encodes everything but letters and digits.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
