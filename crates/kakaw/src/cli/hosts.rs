//! `kakaw hosts` — prints how to route containers, devices and browsers to a running stand-in.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args as ClapArgs;

use super::entered::Entered;
use super::listen;
use kakaw_standin::intercept::{self, Options};
use kakaw_wire::url::split_port;

#[derive(ClapArgs)]
pub struct Args {
    /// The stand-in, or one of its worlds [default: KAKAW_URL, else http://localhost:7700].
    #[arg(long)]
    url: Option<String>,
    /// Where the stand-in is to take TLS, port 443 for hosts files: 127.0.0.1:443, or 0.0.0.0:443 for other machines.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address that clients reach this machine by [default: that of --listen, else 127.0.0.1].
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Print a PAC file for browsers instead.
    #[arg(long)]
    pac: bool,
    /// Print lines for docker compose instead.
    #[arg(long, conflicts_with = "pac")]
    compose: bool,
}

pub fn run(args: Args) -> anyhow::Result<()> {
    let options = Options { tls: args.listen, ..Default::default() };
    let Entered { url, entrance } = listen::block_on(Entered::at(args.url, &options))?;
    let listening = args.listen.map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
    let address = args.address.or(listening).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut out = std::io::stdout().lock();
    if args.pac {
        write!(out, "{}", intercept::pac(&entrance.proxy))?;
        return Ok(());
    }
    if args.compose {
        writeln!(out, "extra_hosts:")?;
        for host in &entrance.hosts {
            writeln!(out, "  - \"{host}:{address}\"")?;
        }
        return Ok(());
    }
    writeln!(out, "# for /etc/hosts; away with these lines, away with the stand-in")?;
    for host in &entrance.hosts {
        writeln!(out, "{address} {host}")?;
    }
    let port = split_port(&entrance.tls).1.unwrap_or_default();
    if port != "443" {
        writeln!(
            out,
            "# the stand-in takes TLS at {}; clients of a hosts file come to port 443: kakaw hosts --listen {address}:443",
            entrance.tls
        )?;
    }
    writeln!(out, "# clients must trust the stand-in: kakaw ca show --url {url}")?;
    Ok(())
}
