//! Connects to the hosts of an address, on behalf of the pool.

use std::collections::hash_map::RandomState;
use std::error::Error as StdError;
use std::hash::BuildHasher as _;
use std::net::SocketAddr;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::time::timeout;
use tokio_postgres::config::Host as Place;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::host::Host;
use super::{Error, Result, tls};

/// The servers of an address. Any of them may be used.
pub(super) struct Hosts {
    address: Address,
    connector: MakeRustlsConnect,
}

impl Hosts {
    pub(super) fn new(address: Address) -> Result<Self> {
        let connector = tls::connector(&address.tls).map_err(Error::Unusable)?;
        Ok(Self { address, connector })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Connects to the first host that accepts a connection.
    pub(super) async fn connect(&self) -> Result<ClientWrapper> {
        let mut order: Vec<&Host> = self.address.hosts.iter().collect();
        if self.address.shuffled {
            let random = RandomState::new();
            order.sort_by_cached_key(|host| random.hash_one(&host.name));
        }
        let mut failures = Vec::new();
        for host in order {
            match self.connect_to(host).await {
                Ok(client) => return Ok(client),
                Err(why) => failures.push(format!("{}: {why}", host.name)),
            }
        }
        Err(Error::Unreachable(failures.join("; ")))
    }

    /// Connects to one host, at any of its addresses.
    async fn connect_to(&self, host: &Host) -> std::result::Result<ClientWrapper, String> {
        let mut why = "its name has no address".to_owned();
        for config in resolved(host).await? {
            match timeout(host.patience, config.connect(self.connector.clone())).await {
                Ok(Ok((client, connection))) => {
                    let task = tokio::spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::warn!("PostgreSQL: a connection ended: {}", text(&error));
                        }
                    });
                    return Ok(ClientWrapper::new(client, task));
                }
                Ok(Err(error)) => why = text(&error),
                Err(_) => why = no_answer(host),
            }
        }
        Err(why)
    }
}

fn no_answer(host: &Host) -> String {
    format!("no answer within {} s", host.patience.as_secs())
}

/// Returns a configuration for each address of the host. The driver would spend the time for all of them on the first.
async fn resolved(host: &Host) -> std::result::Result<Vec<tokio_postgres::Config>, String> {
    let config = &host.config;
    let ([Place::Tcp(name)], [], [port]) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports()) else {
        return Ok(vec![config.clone()]);
    };
    let found = timeout(host.patience, tokio::net::lookup_host((name.as_str(), *port))).await;
    let found = found.map_err(|_| no_answer(host))?.map_err(|error| error.to_string())?;
    let at = |address: SocketAddr| {
        let mut config = config.clone();
        config.hostaddr(address.ip());
        config
    };
    Ok(found.map(at).collect())
}

impl Manager for Hosts {
    type Type = ClientWrapper;
    type Error = Error;

    async fn create(&self) -> Result<ClientWrapper> {
        // Boxed because it is seldom needed: otherwise every statement would reserve stack space for a TLS handshake.
        Box::pin(self.connect()).await
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() { Err(RecycleError::message("closed")) } else { Ok(()) }
    }
}

/// Returns an error with its causes, which the driver's own text leaves out. The details that the server sends are left
/// out, because they may contain the values of a row.
pub(crate) fn text(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        let text = format!("{}: {} ({})", db.severity(), db.message(), db.code().code());
        return match db.code() {
            code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION && text.contains("no encryption") => {
                format!("{text}; the server demands TLS: expected sslmode=verify-full")
            }
            _ => text,
        };
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        if let Some(advice) = tls::advice(error) {
            text.push_str(&format!("; {advice}"));
        }
        cause = error.source();
    }
    text
}
