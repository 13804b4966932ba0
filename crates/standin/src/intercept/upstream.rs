//! The proxy that was configured before: connections to other hosts still go through it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Uri, header};
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection to another host.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An HTTP proxy, and the hosts that are reached without it.
#[derive(Debug, Clone)]
pub struct Upstream(Arc<Matcher>);

impl Upstream {
    /// Reads `HTTPS_PROXY` and `NO_PROXY`. Returns `None` if there is no proxy.
    ///
    /// # Errors
    /// The URL is invalid, or its scheme is not `http`.
    pub fn of_environment(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let either = |name: &str| env(name).or_else(|| env(&name.to_lowercase()));
        match either("HTTPS_PROXY") {
            None => Ok(None),
            Some(text) => Self::parse(&text, &either("NO_PROXY").unwrap_or_default()).map(Some),
        }
    }

    fn parse(text: &str, no_proxy: &str) -> Result<Self, String> {
        let proxy = to(&matcher(text, ""), "example.com");
        if proxy.is_none_or(|proxy| proxy.uri().scheme_str() != Some("http")) {
            // Without the user, who may have a password.
            let shown = text.rsplit('@').next().unwrap_or_default();
            return Err(format!("HTTPS_PROXY is {shown:?}; expected a proxy such as http://proxy.example:3128"));
        }
        Ok(Self(Arc::new(matcher(text, no_proxy))))
    }

    /// Returns the proxy for this host, or `None` if `NO_PROXY` names the host.
    #[must_use]
    pub fn of(&self, host: &str) -> Option<Proxy> {
        to(&self.0, host).map(Proxy)
    }
}

/// A proxy on the way to a host.
pub struct Proxy(Intercept);

impl Proxy {
    /// Opens a tunnel to `target` (host and port).
    ///
    /// # Errors
    /// The proxy cannot be reached, or refuses.
    // hyper-util's `Tunnel` does not fit: it loses the server's first bytes when they arrive with the proxy's reply,
    // and it does not report why a proxy refuses.
    pub async fn connect(&self, target: &str) -> std::io::Result<Box<dyn Stream>> {
        let address = self.address();
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        // In the usual case: some proxies compare it.
        let handshake = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(std::io::Error::other)?;
        // It ends when it has become the tunnel, or after the proxy's refusal.
        tokio::spawn(connection.with_upgrades());
        let answer = sender.send_request(self.request(target)?).await.map_err(std::io::Error::other)?;
        if !answer.status().is_success() {
            let own = answer.extensions().get::<ReasonPhrase>().map(|own| String::from_utf8_lossy(own.as_bytes()));
            let status =
                own.map_or_else(|| answer.status().to_string(), |own| format!("{} {own}", answer.status().as_u16()));
            return Err(std::io::Error::other(format!("the proxy {address} returned {status:?}")));
        }
        let tunnel = hyper::upgrade::on(answer).await.map_err(std::io::Error::other)?;
        Ok(Box::new(TokioIo::new(tunnel)))
    }

    /// Returns host and port.
    fn address(&self) -> String {
        let uri = self.0.uri();
        format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80))
    }

    fn request(&self, target: &str) -> std::io::Result<Request<Body>> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = target.parse().map_err(std::io::Error::other)?;
        let host = HeaderValue::from_str(target).map_err(std::io::Error::other)?;
        request.headers_mut().insert(header::HOST, host);
        if let Some(user) = self.0.basic_auth() {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, user.clone());
        }
        Ok(request)
    }
}

/// Whether an entry of `NO_PROXY` applies to this host.
#[must_use]
pub fn is_about(entry: &str, host: &str) -> bool {
    to(&matcher("http://proxy.example", entry), host).is_none()
}

fn matcher(proxy: &str, no_proxy: &str) -> Matcher {
    // Some people write `*.example.com` for `.example.com`, which the library treats as different.
    Matcher::builder().https(proxy).no(no_proxy.replace("*.", ".")).build()
}

fn to(matcher: &Matcher, host: &str) -> Option<Intercept> {
    let uri = Uri::builder().scheme("https").authority(host).path_and_query("/").build();
    uri.ok().and_then(|uri| matcher.intercept(&uri))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_environment_names_a_proxy_and_hosts_without_it() {
        let upstream =
            Upstream::parse("http://me:p%40ss@proxy.example:3128", "internal.example, .corp.example").expect("read");
        let proxy = upstream.of("example.com").expect("a proxy");
        assert_eq!(proxy.address(), "proxy.example:3128");
        let authorization = proxy.0.basic_auth().map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(authorization.as_deref(), Some("Basic bWU6cEBzcw=="));
        let is_for = |host: &str| upstream.of(host).is_some();
        assert!(is_for("example.com") && is_for("notinternal.example"));
        assert!(!is_for("internal.example") && !is_for("a.corp.example") && !is_for("A.Corp.Example"));
        assert!(Upstream::parse("proxy.example", "*").expect("read").of("example.com").is_none(), "* is everything");
        let plain = Upstream::parse("proxy.example", "").expect("read");
        assert_eq!(plain.of("example.com").expect("a proxy").address(), "proxy.example:80");
        for wrong in ["https://proxy.example", "socks5://u:secret@proxy.example", "http://"] {
            let error = Upstream::parse(wrong, "").expect_err(wrong);
            assert!(error.contains("http://proxy.example:3128") && !error.contains("secret"), "{error}");
        }
        let none = |_: &str| None;
        assert!(matches!(Upstream::of_environment(&none), Ok(None)));
    }

    #[test]
    fn no_proxy_may_be_a_network_or_a_pattern() {
        let upstream = Upstream::parse("proxy.example", "10.0.0.0/8,fd00::/8,*.corp.example").expect("read");
        for (host, expected) in [
            ("10.1.2.3", false),
            ("11.1.2.3", true),
            ("[fd00::1]", false),
            ("[fe00::1]", true),
            ("a.corp.example", false),
            ("corp.example", false),
            ("notcorp.example", true),
        ] {
            assert_eq!(upstream.of(host).is_some(), expected, "{host}");
        }
    }

    /// Starts a proxy that sends this reply, and afterwards echoes what it receives.
    async fn proxy(answer: &'static str) -> (Proxy, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://me:secret@{}", listener.local_addr().expect("address"));
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a byte"));
            }
            stream.write_all(answer.as_bytes()).await.expect("written");
            if answer.is_empty() {
                return String::new();
            }
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
            String::from_utf8(head).expect("text")
        });
        let proxy = Upstream::parse(&url, "").expect("read").of("example.com").expect("a proxy");
        (proxy, asked)
    }

    #[tokio::test]
    async fn what_a_server_says_first_is_not_lost_when_it_comes_with_the_answer_of_the_proxy() {
        let (proxy, asked) = proxy("HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\nSSH-2.0-x\r\n").await;
        let mut tunnel = proxy.connect("example.com:22").await.expect("a tunnel");
        let mut greeting = [0; 11];
        let read = tokio::time::timeout(Duration::from_secs(5), tunnel.read_exact(&mut greeting)).await;
        read.expect("the greeting is lost").expect("the greeting");
        assert_eq!(&greeting, b"SSH-2.0-x\r\n");
        tunnel.write_all(b"hello").await.expect("written");
        let mut echo = [0; 5];
        tunnel.read_exact(&mut echo).await.expect("the echo");
        assert_eq!(&echo, b"hello");
        let asked = asked.await.expect("asked");
        let expected = "CONNECT example.com:22 HTTP/1.1\r\nHost: example.com:22\r\n\
                        Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";
        assert_eq!(asked, expected);
    }

    #[tokio::test]
    async fn what_a_proxy_says_that_refuses_is_passed_on() {
        for (answer, expected) in [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "returned \"407 Proxy Authentication Required\""),
            ("HTTP/1.1 403 Games\r\ncontent-length: 0\r\n\r\n", "returned \"403 Games\""),
            ("", "connection closed"),
        ] {
            let (proxy, _asked) = proxy(answer).await;
            let error = proxy.connect("example.com:443").await.err().expect("refused").to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
    }
}
