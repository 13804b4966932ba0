//! `KAKAW_BENCH_BEFORE=PATH`: the release binary beside an earlier one. Prints the instructions of a request by callgrind
//! (Debian's `valgrind`), and the rates of twenty runs that take turns.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use kakaw_bench::load::{self, Connection};
use kakaw_bench::process::Server;

use super::scenario::{self, KEY, OIDC_KEY, Prepared};
use super::{ok, say, wait_for_keys};

/// Requests of each kind under callgrind, which is some fifty times slower.
const COUNTED: usize = 400;
/// Requests of each kind before the count begins: caches are warm then.
const WARM: usize = 40;
/// How often the two binaries take turns.
const TURNS: usize = 10;

pub async fn run(before: &Path, after: &Path, folder: &Path) -> anyhow::Result<()> {
    let world = folder.join("world.toml");
    std::fs::write(&world, scenario::world_of(scenario::CONNECTIONS))?;
    say("instructions per request");
    let (old, new) =
        (counted(before, &folder.join("before"), &world).await?, counted(after, &folder.join("after"), &world).await?);
    for ((name, old), (_, new)) in old.iter().zip(&new) {
        say(&format!("{name:<28} {old:>10} before {new:>10} after {:>+7.2} %", 100.0 * (new / old - 1.0)));
    }
    let names = ["/v2/user/me", "refresh", "code exchange"];
    let mut rates = [const { [const { Vec::new() }; 3] }; 2];
    for turn in 0..TURNS {
        for (slot, binary) in [before, after].into_iter().enumerate() {
            let turn = folder.join(format!("turn-{turn}-{slot}"));
            for (kind, rate) in timed(binary, &turn, &world).await?.into_iter().enumerate() {
                rates[slot][kind].push(rate);
            }
        }
    }
    say(&format!("requests a second, {} runs that take turns: median (lowest to highest)", 2 * TURNS));
    for (kind, name) in names.into_iter().enumerate() {
        let [old, new] = [0, 1].map(|slot| {
            let mut all = rates[slot][kind].clone();
            all.sort_unstable_by(f64::total_cmp);
            (all[TURNS / 2], all[0], all[TURNS - 1])
        });
        say(&format!(
            "{name:<16} before {:>7.0} ({:.0} to {:.0})   after {:>7.0} ({:.0} to {:.0})   {:.3} times",
            old.0,
            old.1,
            old.2,
            new.0,
            new.1,
            new.2,
            new.0 / old.0
        ));
    }
    Ok(())
}

/// Sets a platform up; returns the arguments that start it. `serve` is compared: `dev` records every request besides.
fn platform(binary: &Path, folder: &Path, world: &Path) -> anyhow::Result<[String; 3]> {
    std::fs::create_dir_all(folder)?;
    let config = folder.join("kakaw.toml");
    let data = folder.join("data");
    let text = "public_url = \"http://localhost\"\nbehind_proxy = true\nlisten = \"127.0.0.1:0\"\npolicy.redirect_uri_optional = true\n";
    std::fs::write(&config, format!("{text}data = {:?}\n", data.display().to_string()))?;
    let config = config.display().to_string();
    let world = world.display().to_string();
    let done = Command::new(binary).args(["apply", &world, "--config", &config]).output()?;
    anyhow::ensure!(done.status.success(), "apply: {}", String::from_utf8_lossy(&done.stderr));
    Ok(["serve".to_owned(), "--config".to_owned(), config])
}

/// The instructions of one request of each kind.
async fn counted(binary: &Path, folder: &Path, world: &Path) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let start = platform(binary, folder, world)?;
    let out = folder.join("callgrind.out");
    let file = format!("--callgrind-out-file={}", out.display());
    let binary = binary.display().to_string();
    let valgrind = ["--tool=callgrind", file.as_str(), binary.as_str()];
    let start: Vec<&str> = valgrind.into_iter().chain(start.iter().map(String::as_str)).collect();
    let server = Server::start(Path::new("valgrind"), &start)?;
    // Generating RSA keys takes longer under callgrind than a request waits for one.
    for _ in 0..60 {
        if wait_for_keys(&server.address).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let prepared = Prepared::log_in_people(&server.address, 4).await?;
    let mut counts = Vec::new();
    let mut dumps = 0;
    let exchanges = prepared.exchanges(KEY, WARM + COUNTED).await?;
    let with_id_token = prepared.exchanges(OIDC_KEY, WARM + COUNTED).await?;
    let kinds = [
        ("/v2/user/me", prepared.me(WARM + COUNTED)),
        ("refresh", prepared.refresh(KEY, WARM + COUNTED)),
        ("refresh with ID token", prepared.refresh(OIDC_KEY, WARM + COUNTED)),
        ("code exchange", exchanges),
        ("code exchange with ID token", with_id_token),
    ];
    for (name, requests) in kinds {
        let mut connection = Connection::open(&server.address).await?;
        for request in &requests[..WARM] {
            ok(connection.send(request).await?)?;
        }
        control("--zero", server.id())?;
        for request in &requests[WARM..] {
            ok(connection.send(request).await?)?;
        }
        control("--dump", server.id())?;
        dumps += 1;
        let dump = std::fs::read_to_string(format!("{}.{dumps}", out.display()))?;
        let total = dump.lines().find_map(|line| line.strip_prefix("summary: ")).context("callgrind's summary")?;
        counts.push((name, (total.trim().parse::<f64>()? / COUNTED as f64).round()));
    }
    Ok(counts)
}

fn control(what: &str, id: u32) -> anyhow::Result<()> {
    let done = Command::new("callgrind_control").args([what, &id.to_string()]).output()?;
    anyhow::ensure!(done.status.success(), "callgrind_control {what}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Requests a second of each kind, of one run.
async fn timed(binary: &Path, folder: &Path, world: &Path) -> anyhow::Result<[f64; 3]> {
    let start = platform(binary, folder, world)?;
    let server = Server::start(binary, &start.iter().map(String::as_str).collect::<Vec<_>>())?;
    wait_for_keys(&server.address).await?;
    let prepared = Prepared::log_in(&server.address).await?;
    let me = load::all("me", &server.address, 64, prepared.me(40_000), ok).await?.0;
    let refresh = load::all("refresh", &server.address, 64, prepared.refresh(KEY, 20_000), ok).await?.0;
    let codes = prepared.authorize(KEY, 10_000).await?.1;
    let exchange = prepared.exchange("exchange", KEY, codes).await?;
    Ok([me.per_second, refresh.per_second, exchange.per_second])
}
