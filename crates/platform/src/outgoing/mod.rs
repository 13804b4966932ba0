//! The HTTP client for webhooks, and the addresses that it may reach.

mod addresses;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use kakaw_core::app::Limits;
use kakaw_wire::Expected;
use kakaw_wire::text::Lang;
use reqwest::redirect;
use tokio::runtime::Handle;

use crate::priority;

/// Time limit for a receiver's reply.
const PATIENCE: Duration = Duration::from_secs(3);

/// Options of the operator.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether private addresses and plain HTTP are allowed.
    pub private_networks: bool,
    /// PEM file with certificate authorities that are trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// The hosts of our own URLs. Webhooks must not call them.
    pub own_hosts: Vec<String>,
}

/// The HTTP client for webhooks. It follows no redirects, uses no proxy from the environment, and connects only to
/// checked addresses.
pub struct Client {
    options: Options,
    client: OnceLock<Result<reqwest::Client, String>>,
    runtime: OnceLock<Option<Handle>>,
}

impl Client {
    /// Makes a client that is built at its first use.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options, client: OnceLock::new(), runtime: OnceLock::new() }
    }

    /// Returns the client, or why there is none.
    ///
    /// # Errors
    /// The file of certificate authorities cannot be read.
    pub fn http(&self) -> Result<&reqwest::Client, String> {
        self.client.get_or_init(|| build(&self.options)).as_ref().map_err(Clone::clone)
    }

    /// Returns the runtime that signs and sends notices: a thread with a low priority, so that no request waits for
    /// webhooks.
    pub fn runtime(&self) -> Handle {
        let made = self.runtime.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let handle = runtime.handle().clone();
            let work = move || {
                priority::step_back(19);
                runtime.block_on(std::future::pending::<()>());
            };
            std::thread::Builder::new().name("webhooks".to_owned()).spawn(work).ok().map(|_| handle)
        });
        made.clone().unwrap_or_else(Handle::current)
    }

    /// Checks a URL before a request to it.
    ///
    /// # Errors
    /// What was expected.
    pub fn check(&self, url: &str) -> Result<reqwest::Url, String> {
        let expected = |expected: Expected| format!("{url:?}: expected {}", expected.text(Lang::En));
        addresses::check_url(url, &self.limits()).map_err(expected)
    }

    /// Returns the limits that the operator sets for webhooks.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let Options { private_networks, own_hosts, .. } = self.options.clone();
        Limits { private_networks, own_hosts, ..Limits::default() }
    }
}

fn build(options: &Options) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .user_agent("KakaoOpenAPI/1.0")
        .dns_resolver(addresses::Checked { private_networks: options.private_networks });
    if let Some(path) = &options.ca_file {
        let pem = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| error.to_string())
}
