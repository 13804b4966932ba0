//! The proxy that a machine had before: connections to other hosts go on through it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::head;

/// An HTTP proxy, and the hosts that are reached without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    address: String,
    /// `Proxy-Authorization`, if its URL has a user.
    authorization: Option<String>,
    direct: Vec<String>,
}

impl Upstream {
    /// What `HTTPS_PROXY` and `NO_PROXY` say; nothing if there is no proxy.
    ///
    /// # Errors
    /// The URL is none, or of another scheme than `http`.
    pub fn of_environment(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let either = |name: &str| env(name).or_else(|| env(&name.to_lowercase()));
        match either("HTTPS_PROXY") {
            None => Ok(None),
            Some(text) => Self::parse(&text, &either("NO_PROXY").unwrap_or_default()).map(Some),
        }
    }

    fn parse(text: &str, no_proxy: &str) -> Result<Self, String> {
        // Without its user, who may have a password.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let wrong = || format!("HTTPS_PROXY is {shown:?}; expected a proxy such as http://proxy.example:3128");
        let url = Url::parse(&if text.contains("://") { text.to_owned() } else { format!("http://{text}") });
        let url = url.map_err(|_| wrong())?;
        let (Some(host), "http") = (url.host_str(), url.scheme()) else { return Err(wrong()) };
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let authorization = (!url.username().is_empty()).then(|| {
            let user = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
            format!("Basic {}", STANDARD.encode(user))
        });
        let direct = no_proxy.split(',').map(|host| host.trim().trim_start_matches("*.").trim_start_matches('.'));
        Ok(Self {
            address: format!("{host}:{}", url.port().unwrap_or(80)),
            authorization,
            direct: direct.filter(|host| !host.is_empty()).map(str::to_ascii_lowercase).collect(),
        })
    }

    /// Whether this host is reached through it.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        !self.direct.iter().any(|direct| direct == "*" || host == *direct || host.ends_with(&format!(".{direct}")))
    }

    /// A tunnel to `target` (host and port).
    ///
    /// # Errors
    /// The proxy cannot be reached, or refuses.
    pub async fn connect(&self, target: &str) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let authorization = self.authorization.as_ref().map(|value| format!("Proxy-Authorization: {value}\r\n"));
        let request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", authorization.unwrap_or_default());
        stream.write_all(request.as_bytes()).await?;
        let answer = head::read(&mut stream).await?;
        match answer.split_whitespace().nth(1) {
            Some(status) if status.starts_with('2') => Ok(stream),
            _ => {
                let first = answer.lines().next().unwrap_or_default();
                Err(std::io::Error::other(format!("the proxy {} answers {first:?}", self.address)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_a_proxy_and_who_does_not_need_it() {
        let upstream =
            Upstream::parse("http://me:p%40ss@proxy.example:3128", "internal.example, .corp.example").expect("read");
        assert_eq!(upstream.address, "proxy.example:3128");
        assert_eq!(upstream.authorization.as_deref(), Some("Basic bWU6cEBzcw=="));
        assert!(upstream.is_for("example.com") && upstream.is_for("notinternal.example"));
        assert!(!upstream.is_for("internal.example") && !upstream.is_for("a.corp.example"));
        assert!(!Upstream::parse("proxy.example", "*").expect("read").is_for("example.com"), "* is everything");
        assert_eq!(Upstream::parse("proxy.example", "").expect("read").address, "proxy.example:80");
        for wrong in ["https://proxy.example", "socks5://u:secret@proxy.example", "http://"] {
            let error = Upstream::parse(wrong, "").expect_err(wrong);
            assert!(error.contains("http://proxy.example:3128") && !error.contains("secret"), "{error}");
        }
        let none = |_: &str| None;
        assert_eq!(Upstream::of_environment(&none), Ok(None));
    }
}
