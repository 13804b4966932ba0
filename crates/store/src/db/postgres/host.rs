//! One of the servers in a URL, as configuration for the driver.

use std::time::Duration;

use tokio_postgres::config::{Host as Place, SslMode};

/// How long one host may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same when there are other hosts to try, because a request waits three seconds for the database.
const PATIENCE_WITH_SEVERAL: Duration = Duration::from_secs(2);

/// One of the servers in a URL.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// Host and port, for messages.
    pub name: String,
    /// Everything that the driver needs to connect to this host.
    pub config: tokio_postgres::Config,
    /// How long it may take to answer.
    pub patience: Duration,
}

/// Makes a configuration for each host. With one for all, the driver would report only why the last host failed, and a
/// host that accepts connections without ever answering would keep it from the next.
pub(super) fn each(all: &tokio_postgres::Config) -> Result<Vec<Host>, String> {
    let (names, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    let count = names.len().max(addresses.len());
    if count == 0 {
        return Err("the URL names no host; expected postgres://user:password@host/database".to_owned());
    }
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(format!("{} hosts and {} of hostaddr; expected as many", names.len(), addresses.len()));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("{count} hosts and {} ports; expected one port, or as many", ports.len()));
    }
    let default = if count == 1 { PATIENCE } else { PATIENCE_WITH_SEVERAL };
    let patience = all.get_connect_timeout().copied().unwrap_or(default);
    let host = |index: usize| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let mut config = without_hosts(all);
        config.port(port).connect_timeout(patience);
        // The options limit the time of a statement. A statement that takes longer fails (KOE003).
        let options = all.get_options().unwrap_or_default();
        config.options(format!("{options} -c statement_timeout={}", super::PATIENCE.as_millis()));
        let name = match (names.get(index), addresses.get(index)) {
            (Some(Place::Unix(folder)), _) => {
                // A Unix socket: PostgreSQL has no TLS there.
                config.host_path(folder).ssl_mode(SslMode::Disable);
                folder.display().to_string()
            }
            (Some(Place::Tcp(host)), address) => {
                config.host(host);
                address.map(|address| config.hostaddr(*address));
                host.clone()
            }
            (None, address) => {
                let address = address.map(ToString::to_string).unwrap_or_default();
                config.host(&address);
                address
            }
        };
        Host { name: format!("{name}:{port}"), config, patience }
    };
    Ok((0..count).map(host).collect())
}

fn without_hosts(all: &tokio_postgres::Config) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(name) = all.get_dbname() {
        config.dbname(name);
    }
    if let Some(name) = all.get_application_name() {
        config.application_name(name);
    }
    if let Some(timeout) = all.get_tcp_user_timeout() {
        config.tcp_user_timeout(*timeout);
    }
    config.keepalives(all.get_keepalives()).keepalives_idle(all.get_keepalives_idle());
    if let Some(interval) = all.get_keepalives_interval() {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    config
        .ssl_mode(all.get_ssl_mode())
        .target_session_attrs(all.get_target_session_attrs())
        .channel_binding(all.get_channel_binding());
    config
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::TargetSessionAttrs;

    use super::super::address::Address;
    use super::*;

    #[test]
    fn each_host_has_its_own_configuration() {
        let url = "postgres://me:hush@a,b:2,%2Frun%2Fpostgresql/kakaw?sslmode=require&target_session_attrs=read-write\
                   &application_name=x&options=-csearch_path%3Ds";
        let address = Address::parse(url).expect("read");
        let names: Vec<_> = address.hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["a:5432", "b:2", "/run/postgresql:5432"]);
        for (host, tls) in address.hosts.iter().zip([SslMode::Require, SslMode::Require, SslMode::Disable]) {
            let config = &host.config;
            assert_eq!((config.get_user(), config.get_password()), (Some("me"), Some(&b"hush"[..])));
            assert_eq!((config.get_dbname(), config.get_application_name()), (Some("kakaw"), Some("x")));
            assert_eq!(config.get_options(), Some("-csearch_path=s -c statement_timeout=10000"));
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
            assert_eq!((config.get_hosts().len(), config.get_ssl_mode()), (1, tls));
            assert_eq!(host.patience, PATIENCE_WITH_SEVERAL);
        }
        let one = Address::parse("postgres:///kakaw?hostaddr=127.0.0.1&port=7&connect_timeout=4").expect("read");
        let [host] = &one.hosts[..] else { panic!("{one:?}") };
        assert_eq!((host.name.as_str(), host.patience), ("127.0.0.1:7", Duration::from_secs(4)));
        assert_eq!(Address::parse("postgres://a/x").expect("read").hosts[0].patience, PATIENCE);
        for (wrong, expected) in [
            ("postgres:///kakaw", "names no host"),
            ("postgres://a,b,c/x?hostaddr=::1,::1", "3 hosts and 2 of hostaddr"),
        ] {
            let error = Address::parse(wrong).expect_err(wrong);
            assert!(error.contains(expected), "{wrong}: {error}");
        }
    }
}
