//! The addresses that webhooks may reach. A URL that an app's team sets must not reach what only this machine can reach
//! (SSRF).

use std::net::{IpAddr, SocketAddr, UdpSocket};

use kakaw_core::app::Limits;
use kakaw_core::validate::{network, url};
use kakaw_wire::Expected;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address belongs to the public internet and not to this machine.
pub(crate) fn is_global(address: IpAddr) -> bool {
    network::is_public(address) && !is_own(address.to_canonical())
}

/// Whether the address belongs to this machine: only such an address can be bound.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Checks a URL as far as possible before its name is resolved.
pub(crate) fn check_url(text: &str, limits: &Limits) -> Result<Url, Expected> {
    let url = url::webhook(text, limits)?;
    let host = url.host_str().unwrap_or_default();
    // An IP address in the URL is never resolved, so it is checked here.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !limits.private_networks && is_own(address)) {
        return Err(Expected::PublicAddress {});
    }
    Ok(url)
}

/// Resolves a name to the addresses that may be used. The connection uses these and no others.
pub(crate) struct Checked {
    pub private_networks: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let private_networks = self.private_networks;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            // A private address among public ones is not an accident. None of them is used then.
            if let Some(wrong) = found.iter().find(|found| !private_networks && !is_global(found.ip())) {
                return Err(
                    format!("{host} leads to {}, which is not an address of the public internet", wrong.ip()).into()
                );
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_global() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_global(inside.parse().expect(inside)), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(is_global(outside.parse().expect(outside)), "{outside}");
        }
    }

    #[test]
    fn urls_of_strangers_are_checked() {
        let serve = Limits { own_hosts: vec!["login.example.com".to_owned()], ..Limits::default() };
        for wrong in [
            "http://example.com/hook",
            "https://127.0.0.1/hook",
            "https://[::1]/hook",
            "https://2130706433/hook",
            "https://0x7f.1/hook",
            "https://LOGIN.example.com/control",
            "https://user:password@example.com/",
            "file:///etc/passwd",
            "nonsense",
        ] {
            assert!(check_url(wrong, &serve).is_err(), "{wrong}");
        }
        assert!(check_url("https://example.com/hook", &serve).is_ok());
        let private = Limits { private_networks: true, ..Limits::default() };
        assert!(check_url("http://localhost:3000/hook", &private).is_ok());
    }
}
