//! Where webhooks may lead. A URL that an app's team typed must not reach what only this machine can reach (SSRF).

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::OnceLock;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Options;

/// Ranges that are not of the public internet (IANA special-purpose address registries, RFC 6890 and its updates).
const SPECIAL: [&str; 29] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/127",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
];

/// Whether an address is of the public internet, and not one of this machine's own.
pub fn is_global(address: IpAddr) -> bool {
    static RANGES: OnceLock<Vec<IpNet>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| SPECIAL.iter().filter_map(|range| range.parse().ok()).collect());
    let address = address.to_canonical();
    let embeds_v4 = matches!(address, IpAddr::V6(v6) if embeds_v4(v6));
    let multicast = matches!(address, IpAddr::V6(v6) if v6.is_multicast());
    !embeds_v4 && !multicast && !ranges.iter().any(|range| range.contains(&address)) && !is_own(address)
}

/// `::a.b.c.d`, the compatible form of old.
fn embeds_v4(address: Ipv6Addr) -> bool {
    address.segments()[..6].iter().all(|segment| *segment == 0)
}

/// Only an address of this machine can be bound.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Checks what can be checked before the name is resolved.
pub fn check_url(text: &str, options: &Options) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if options.private_networks => {}
        scheme => return Err(format!("webhooks are sent by https only, not by {scheme}")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a webhook URL holds no user name and no password".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if options.own_host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host)) {
        return Err("the webhook leads to this service itself".to_owned());
    }
    // An address in the URL never reaches the resolver.
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if let Ok(address) = literal
        && !options.private_networks
        && !is_global(address)
    {
        return Err(format!("{address} is not an address of the public internet"));
    }
    Ok(url)
}

/// Resolves a name to the addresses that may be used: the connection goes to these and to no other.
pub struct Checked {
    pub private_networks: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let private_networks = self.private_networks;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            // One private address among public ones is no accident: none is used then.
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
        assert_eq!(SPECIAL.iter().filter(|range| range.parse::<IpNet>().is_ok()).count(), SPECIAL.len());
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
        let serve = Options { own_host: Some("login.example.com".to_owned()), ..Options::default() };
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
        let private = Options { private_networks: true, ..Options::default() };
        assert!(check_url("http://localhost:3000/hook", &private).is_ok());
    }
}
