//! IP addresses and networks: which belong to the public internet, and how people write a block of them.

use std::net::IpAddr;
use std::sync::OnceLock;

use ipnet::IpNet;

/// Reads an address, a CIDR block, or an address with a subnet mask.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.into());
    }
    if let Ok(network) = text.parse() {
        return Some(network);
    }
    let (address, mask) = text.split_once('/')?;
    IpNet::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok()
}

/// Ranges outside the public internet (IANA special-purpose address registries, RFC 6890 and its updates).
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

/// Whether an address belongs to the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    static RANGES: OnceLock<Vec<IpNet>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| SPECIAL.iter().filter_map(|range| range.parse().ok()).collect());
    let address = address.to_canonical();
    // `::a.b.c.d`, the deprecated IPv4-compatible form.
    let embeds_v4 = matches!(address, IpAddr::V6(v6) if v6.segments()[..6].iter().all(|segment| *segment == 0));
    let multicast = matches!(address, IpAddr::V6(v6) if v6.is_multicast());
    !embeds_v4 && !multicast && !ranges.iter().any(|range| range.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        assert_eq!(SPECIAL.iter().filter(|range| range.parse::<IpNet>().is_ok()).count(), SPECIAL.len());
        for inside in ["::", "::1", "::7f00:1", "::ffff:10.0.0.1", "ff02::1", "2002:7f00:1::", "100.100.100.200"] {
            assert!(!is_public(inside.parse().expect(inside)), "{inside}");
        }
        for outside in ["1.1.1.1", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1", "::ffff:1.1.1.1"] {
            assert!(is_public(outside.parse().expect(outside)), "{outside}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_a_block() {
        for right in ["192.0.2.7", " 10.0.0.0/8 ", "198.51.100.0/255.255.255.0", "2001:db8::/32", "::1"] {
            assert!(network(right).is_some(), "{right}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "x", "10.0.0", "10.0.0.1-9", "*", "a.example"] {
            assert!(network(wrong).is_none(), "{wrong}");
        }
    }
}
