//! `postgres://…` as a value: the hosts, and the requirements for TLS.
//!
//! The driver's own parser refuses `sslrootcert` and two values of `sslmode`, because it does not implement TLS, and it
//! ignores some mistakes. So this file reads the parameters first and passes the rest to the driver.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Host as Place, LoadBalanceHosts, SslMode};

use super::host::{self, Host};

/// The known parameters. Those with few values have a list of them.
const PARAMETERS: &[(&str, &[&str])] = &[
    ("application_name", &[]),
    ("channel_binding", &["disable", "prefer", "require"]),
    ("connect_timeout", &[]),
    ("dbname", &[]),
    ("host", &[]),
    ("hostaddr", &[]),
    ("keepalives", &[]),
    ("keepalives_idle", &[]),
    ("keepalives_interval", &[]),
    ("keepalives_retries", &[]),
    ("load_balance_hosts", &["disable", "random"]),
    ("options", &[]),
    ("password", &[]),
    ("port", &[]),
    ("sslmode", &["disable", "prefer", "require", "verify-ca", "verify-full"]),
    ("sslrootcert", &[]),
    // Kakaw writes, so it cannot use a read-only session or a standby.
    ("target_session_attrs", &["any", "read-write"]),
    ("tcp_user_timeout", &[]),
    ("user", &[]),
];

/// What `sslmode` and `sslrootcert` require. The words are libpq's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// `disable`.
    Off,
    /// `prefer`: encrypted if the server offers it. Nothing is verified.
    Prefer,
    /// `require`: encrypted. The server is not verified.
    Encrypt,
    /// `verify-ca`, and `require` with a root file: a certificate authority of this file signed the certificate.
    Authority(PathBuf),
    /// `verify-full`: like `verify-ca`, and the certificate names the host. The authorities are those of this file, or
    /// else the system's.
    Full(Option<PathBuf>),
}

/// A parsed URL.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// At least one, in the order of the URL.
    pub hosts: Vec<Host>,
    pub tls: Tls,
    /// Whether the hosts are tried in random order.
    pub shuffled: bool,
}

impl Address {
    /// Parses `postgres://user:password@host:port,host:port/database?parameter=value&…`.
    ///
    /// # Errors
    /// What was expected. It repeats no value of the URL, except those of parameters with few values.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (base, query) = split(url)?;
        let mut given = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            given.push(parameter(pair, &given)?);
        }
        let value = |name: &str| given.iter().find(|(known, ..)| *known == name).map(|(_, value, _)| value.as_ref());
        let tls = Tls::read(value("sslmode"), value("sslrootcert"))?;
        let left = given.iter().filter(|(name, ..)| !["sslmode", "sslrootcert"].contains(name));
        let left = left.map(|(.., pair)| *pair).collect::<Vec<_>>().join("&");
        let mut config: tokio_postgres::Config = format!("{base}?{left}").parse().map_err(|error| wrong(&error))?;
        config.ssl_mode(match tls {
            Tls::Off => SslMode::Disable,
            Tls::Prefer => SslMode::Prefer,
            Tls::Encrypt | Tls::Authority(_) | Tls::Full(_) => SslMode::Require,
        });
        let shuffled = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
        Ok(Self { hosts: host::each(&config)?, tls, shuffled })
    }

    /// Describes how a connection is protected. `found` is what the server reports about its TLS.
    pub(crate) fn protection(&self, found: Option<&str>) -> String {
        let local = |host: &Host| matches!(host.config.get_hosts(), [Place::Unix(_)]);
        let checked = match &self.tls {
            _ if self.hosts.iter().all(local) => return "a socket of this machine".to_owned(),
            Tls::Off => return "not encrypted (sslmode=disable)".to_owned(),
            Tls::Prefer if found.is_none() => {
                return "not encrypted: the server offers no TLS, and sslmode=prefer goes on without; sslmode=verify-full \
                        demands it"
                    .to_owned();
            }
            Tls::Prefer | Tls::Encrypt => "the server's certificate is not checked; sslmode=verify-full checks it",
            Tls::Authority(_) => "the certificate's authority is checked, the host's name is not",
            Tls::Full(_) => "the certificate and the host's name are checked",
        };
        format!("{}; {checked}", found.unwrap_or("TLS"))
    }
}

impl Tls {
    fn read(mode: Option<&str>, root: Option<&str>) -> Result<Self, String> {
        // "system" is libpq's word for our default.
        let file = root.filter(|root| *root != "system").map(PathBuf::from);
        let shown = root.unwrap_or_default();
        match (mode, file) {
            (Some("verify-full"), file) => Ok(Self::Full(file)),
            (Some("require" | "verify-ca"), Some(file)) => Ok(Self::Authority(file)),
            (Some("verify-ca"), None) => Err("sslmode=verify-ca needs the file of an authority of your own, \
                sslrootcert=FILE: a certificate of a public authority can be had by anybody. With one of those, \
                sslmode=verify-full checks the host's name too"
                .to_owned()),
            (Some("require"), None) if root.is_some() => {
                Err("sslmode=require does not check the host's name, which sslrootcert=system needs: expected \
                sslmode=verify-full"
                    .to_owned())
            }
            (Some("require"), None) => Ok(Self::Encrypt),
            // libpq would continue without encryption then, and so without verifying a certificate.
            (mode, _) if root.is_some() => Err(format!(
                "sslrootcert is {shown:?}, and sslmode={} checks no certificate: expected sslmode=verify-full",
                mode.unwrap_or("prefer (the default)")
            )),
            (Some("disable"), None) => Ok(Self::Off),
            (_, _) => Ok(Self::Prefer),
        }
    }
}

/// Splits the URL at its `?`.
fn split(url: &str) -> Result<(&str, &str), String> {
    let user = url.find("://").map_or(0, |at| at + "://".len());
    // The driver reads everything before the first `@` as the user. What it would misread may be part of a password.
    let place = url[user..].find('@').map_or(user, |at| user + at + 1);
    let hosts = url[place..].split(['/', '?']).next().unwrap_or_default();
    if url[user..place].contains('?') || hosts.contains('@') {
        return Err(
            "the URL cannot be read: in users, passwords and parameters, write @ as %40, / as %2F, ? as %3F and \
                    & as %26"
                .to_owned(),
        );
    }
    let query = url[place..].find('?').map(|at| place + at);
    Ok((&url[..query.unwrap_or(url.len())], query.map_or("", |at| &url[at + 1..])))
}

/// Returns the URL without its password, for display.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    let user = user.map(|user| match user.split_once(':') {
        Some((name, _)) => format!("{name}:…@"),
        None => format!("{user}@"),
    });
    let (before, query) = place.split_once('?').map_or((place, None), |(before, query)| (before, Some(query)));
    let hidden = query.map(|query| {
        let hide = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if percent_decode_str(name).decode_utf8_lossy().contains("password") => format!("{name}=…"),
            _ => pair.to_owned(),
        };
        format!("?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{}{before}{}", user.unwrap_or_default(), hidden.unwrap_or_default())
}

/// A parameter: its name, its value, and its text in the URL.
type Given<'a> = (&'static str, Cow<'a, str>, &'a str);

fn parameter<'a>(pair: &'a str, before: &[Given<'a>]) -> Result<Given<'a>, String> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let decoded = |text: &'a str| percent_decode_str(text).decode_utf8().map_err(|_| "the URL is no UTF-8".to_owned());
    let (name, value) = (decoded(name)?, decoded(value)?);
    let Some((known, values)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
        let all = PARAMETERS.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        // What follows a password may be part of it.
        let named =
            if before.iter().any(|(name, ..)| *name == "password") { String::new() } else { format!(" {name:?}") };
        return Err(format!("unknown parameter{named}; expected some of: {all}"));
    };
    if before.iter().any(|(name, ..)| name == known) {
        return Err(format!("{known} is given twice; expected once"));
    }
    if !values.is_empty() && !values.contains(&&*value) {
        return Err(format!("{known} is {value:?}; expected {}", one_of(values)));
    }
    Ok((known, value, pair))
}

fn one_of(values: &[&str]) -> String {
    match values.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Describes an error of the driver's parser. The text is in the cause, which names a parameter and no value.
fn wrong(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("the URL cannot be read{cause}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn tls(parameters: &str) -> Result<Tls, String> {
        Address::parse(&format!("postgres://me:hush@db/kakaw?{parameters}")).map(|address| address.tls)
    }

    #[test]
    fn the_modes_of_tls_are_those_of_libpq() {
        let file = || Path::new("/a b.pem").to_owned();
        for (parameters, expected) in [
            ("", Tls::Prefer),
            ("sslmode=disable", Tls::Off),
            ("sslmode=prefer", Tls::Prefer),
            ("sslmode=require", Tls::Encrypt),
            ("sslmode=require&sslrootcert=/a%20b.pem", Tls::Authority(file())),
            ("sslrootcert=/a%20b.pem&sslmode=verify-ca", Tls::Authority(file())),
            ("sslmode=verify-full", Tls::Full(None)),
            ("sslmode=verify-full&sslrootcert=system", Tls::Full(None)),
            ("sslmode=verify-full&sslrootcert=/a%20b.pem", Tls::Full(Some(file()))),
        ] {
            assert_eq!(tls(parameters), Ok(expected), "{parameters}");
        }
    }

    #[test]
    fn what_would_not_do_what_was_meant_is_refused() {
        for (parameters, expected) in [
            ("sslmode=allow", "sslmode is \"allow\"; expected disable, prefer, require, verify-ca or verify-full"),
            ("sslmode=verify-ca", "sslmode=verify-full"),
            ("sslmode=verify-ca&sslrootcert=system", "sslmode=verify-full"),
            ("sslmode=require&sslrootcert=system", "expected sslmode=verify-full"),
            ("sslrootcert=/a.pem", "checks no certificate: expected sslmode=verify-full"),
            ("sslmode=prefer&sslrootcert=/a.pem", "checks no certificate: expected sslmode=verify-full"),
            ("sslmode=disable&sslrootcert=/a.pem", "checks no certificate: expected sslmode=verify-full"),
            ("sslnegotiation=direct", "unknown parameter \"sslnegotiation\""),
            ("target_session_attrs=read-only", "expected any or read-write"),
            ("sslmode=require&sslmode=disable", "sslmode is given twice"),
            ("sslcrl=x", "unknown parameter \"sslcrl\"; expected some of: application_name, channel_binding,"),
            ("port=abc", "invalid value for option `port`"),
        ] {
            let error = tls(parameters).expect_err(parameters);
            assert!(error.contains(expected) && !error.contains("hush"), "{parameters}: {error}");
        }
    }

    #[test]
    fn passwords_are_never_repeated() {
        for (url, shown_as) in [
            ("postgres://me:hush@db/kakaw", "postgres://me:…@db/kakaw"),
            ("postgres://me@db/kakaw?sslmode=require", "postgres://me@db/kakaw?sslmode=require"),
            ("postgres://db/x?user=me&password=hush&port=1", "postgres://db/x?user=me&password=…&port=1"),
            ("postgres://db/x?%70assword=hush", "postgres://db/x?%70assword=…"),
            ("postgres://me:hu/sh@hush@db/x", "postgres://me:…@db/x"),
        ] {
            assert_eq!(shown(url), shown_as);
        }
        for wrong in [
            "postgres://me:a@hush@db/kakaw",
            "postgres://me:a?hush@db/kakaw",
            "postgres://db/x?user=me&password=a&hush=b",
            "postgres://db/x?user=me&password=a&hush",
            "postgres://me:hush@db:port/kakaw",
        ] {
            let error = Address::parse(wrong).expect_err(wrong);
            assert!(!error.contains("hush"), "{wrong}: {error}");
        }
        let debugged = format!("{:?}", Address::parse("postgres://me:hush@db/x").expect("read"));
        assert!(!debugged.contains("hush"), "{debugged}");
    }
}
