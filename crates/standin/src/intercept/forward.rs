//! Requests with a whole URL (RFC 9112 §3.2.2). Some clients send `GET https://host/path` to a proxy where others start
//! a tunnel, and leave TLS to the proxy.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, crypto::aws_lc_rs::default_provider};

use super::upstream::Stream;

/// Headers for one connection only (RFC 9110 §7.6.1), and those for the proxy.
const OF_A_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The target of a request with a whole URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Lower case. An IPv6 address is in brackets.
    pub host: String,
    pub port: u16,
    pub tls: bool,
}

impl Target {
    /// Parses the URL of a request. Returns `None` if it is not a whole `https` or `http` URL.
    pub fn of(uri: &Uri) -> Option<Self> {
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Some(Self { host, port, tls })
    }

    /// Returns host and port.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns the value for `Host`: the port only if it is not the default one.
    fn authority(&self) -> String {
        if self.port == if self.tls { 443 } else { 80 } { self.host.clone() } else { self.address() }
    }

    /// Changes the request into one for a direct connection.
    pub fn take_over(&self, request: &mut Request) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().unwrap_or_default();
        *request.version_mut() = Version::HTTP_11;
        strip(request.headers_mut());
        // RFC 9112 §3.2.2: the received `Host` is ignored.
        if let Ok(host) = HeaderValue::from_str(&self.authority()) {
            request.headers_mut().insert(header::HOST, host);
        }
    }
}

fn strip(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    for name in named.collect::<Vec<_>>().into_iter().chain(OF_A_CONNECTION) {
        headers.remove(name);
    }
}

/// Makes a TLS connector that trusts this machine's root certificates.
///
/// # Errors
/// This machine has no root certificates.
pub fn connector() -> Result<TlsConnector, rustls::Error> {
    use rustls_platform_verifier::BuilderVerifierExt as _;
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(TlsConnector::from(std::sync::Arc::new(config)))
}

/// Sends the request over its connection, and returns the response.
///
/// # Errors
/// The server's certificate is not trusted, or it does not speak HTTP.
pub async fn send(
    target: &Target,
    stream: Box<dyn Stream>,
    tls: Option<TlsConnector>,
    patience: Duration,
    request: Request,
) -> std::io::Result<Response> {
    let Some(tls) = tls else { return exchange(stream, request).await };
    let name = target.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(std::io::Error::other)?;
    let stream = tokio::time::timeout(patience, tls.connect(name, stream)).await??;
    exchange(stream, request).await
}

async fn exchange<S>(stream: S, request: Request) -> std::io::Result<Response>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    // The connection ends with the body of the response.
    tokio::spawn(connection);
    let mut answer = sender.send_request(request).await.map_err(std::io::Error::other)?.map(Body::new);
    *answer.version_mut() = Version::HTTP_11;
    strip(answer.headers_mut());
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Option<(String, String, bool)> {
        let target = Target::of(&uri.parse().expect("uri"))?;
        Some((target.address(), target.authority(), target.tls))
    }

    #[test]
    fn a_whole_url_says_where_a_request_is_to_go() {
        let some = |address: &str, authority: &str, tls| Some((address.to_owned(), authority.to_owned(), tls));
        assert_eq!(target("https://KAPI.kakao.com/v2"), some("kapi.kakao.com:443", "kapi.kakao.com", true));
        assert_eq!(target("https://u:p@example.com:8443/"), some("example.com:8443", "example.com:8443", true));
        assert_eq!(target("http://[::1]/"), some("[::1]:80", "[::1]", false));
        for other in ["/v2/user/me", "ftp://example.com/", "example.com:443"] {
            assert_eq!(target(other), None, "{other}");
        }
    }

    #[test]
    fn headers_for_the_proxy_are_removed_and_the_host_is_that_of_the_url() {
        let mut request = Request::builder()
            .uri("https://kapi.kakao.com/v2/user/me?a=1")
            .header("host", "127.0.0.1:7701")
            .header("connection", "keep-alive, X-Mine")
            .header("x-mine", "1")
            .header("proxy-authorization", "Basic secret")
            .header("authorization", "Bearer kept")
            .body(Body::empty())
            .expect("request");
        let target = Target::of(request.uri()).expect("a whole URL");
        target.take_over(&mut request);
        assert_eq!(request.uri(), "/v2/user/me?a=1");
        assert_eq!(request.headers()["host"], "kapi.kakao.com");
        let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "host"]);
    }
}
