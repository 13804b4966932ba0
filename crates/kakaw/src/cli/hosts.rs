//! `kakaw hosts` — prints settings that route containers, devices and browsers to a running stand-in.

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
    /// Address for the stand-in's TLS listener; a hosts file needs port 443: 127.0.0.1:443, or 0.0.0.0:443 for other
    /// machines.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Address at which clients reach this machine [default: the address of --listen, else 127.0.0.1].
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Print a PAC file for browsers.
    #[arg(long)]
    pac: bool,
    /// Print extra_hosts lines for docker compose.
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
    writeln!(out, "# add to /etc/hosts; remove these lines to use the real Kakao again")?;
    for host in &entrance.hosts {
        writeln!(out, "{address} {host}")?;
    }
    let port = split_port(&entrance.tls).1.unwrap_or_default();
    if port != "443" {
        writeln!(
            out,
            "# the stand-in's TLS listener is at {}, but a hosts file needs port 443: kakaw hosts --listen {address}:443",
            entrance.tls
        )?;
    }
    writeln!(out, "# clients must trust Kakaw's certificate: kakaw ca show --url {url}")?;
    Ok(())
}
