//! `cargo bench` — compares the release binary with a bare axum server under the same load, in one run. These machines are
//! shared and noisy: the ratios count, not the figures.
//!
//! `KAKAW_BENCH_PLATFORM=1` measures only what comes after a login, `KAKAW_BENCH_STANDIN=1` only what matters to tests with a
//! stand-in, and `KAKAW_BENCH_PEOPLE=1` only lists and exports of many people. `KAKAW_BENCH_BEFORE=PATH` compares with an
//! earlier binary. `KAKAW_BENCH_GRANTS=N` changes the number of logins after which memory is measured (100,000).

#![expect(clippy::disallowed_methods, clippy::indexing_slicing, reason = "a benchmark times, and may stop")]

mod compare;
mod overload;
mod people;
mod platform;
mod scenario;
mod standin;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kakaw_bench::load::{self, Connection, Run, get};
use kakaw_bench::process::{Server, release_binary};
use kakaw_core::crypto::signing_key::SigningKey;

use scenario::{KEY, OIDC_KEY, Prepared};

/// The reply of the bare server: as long as the user information of the benchmark's people.
const CONSTANT: &str = r#"{"id":1234567890123456,"connected_at":"2026-11-20T03:00:00Z","properties":{"nickname":"Bench"},"kakao_account":{"profile_nickname_needs_agreement":false,"profile":{"nickname":"Bench","is_default_nickname":false}}}"#;

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("bare") {
        return bare();
    }
    let binary = release_binary()?;
    // One thread sends; the server has the other core.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench(&binary))
}

/// An axum server that returns a constant, or (at `/sign`) only signs an ID token.
fn bare() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let json = [("content-type", "application/json;charset=UTF-8")];
        let key = Arc::new(SigningKey::generate().context("a signing key")?);
        let sign = async move || key.sign(&scenario::claims()).unwrap_or_default();
        let app = axum::Router::new()
            .route("/v2/user/me", axum::routing::get(async move || (json, CONSTANT)))
            .route("/sign", axum::routing::get(sign))
            .route("/hook", axum::routing::post(received))
            .route("/received", axum::routing::get(async || RECEIVED.load(Ordering::SeqCst).to_string()));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        {
            use std::io::Write as _;
            writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
        }
        axum::serve(listener, app).await?;
        Ok(())
    })
}

/// Number of webhooks that the bare server received.
static RECEIVED: AtomicI64 = AtomicI64::new(0);

async fn received(_body: axum::body::Bytes) -> axum::http::StatusCode {
    RECEIVED.fetch_add(1, Ordering::SeqCst);
    axum::http::StatusCode::ACCEPTED
}

async fn bench(binary: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    if let Some(before) = std::env::var_os("KAKAW_BENCH_BEFORE") {
        return compare::run(Path::new(&before), binary, folder.path()).await;
    }
    if std::env::var_os("KAKAW_BENCH_PLATFORM").is_some() {
        return only_platform(binary, folder.path()).await;
    }
    if std::env::var_os("KAKAW_BENCH_PEOPLE").is_some() {
        return people::run(binary, folder.path()).await;
    }
    if std::env::var_os("KAKAW_BENCH_STANDIN").is_some() {
        let world = folder.path().join("world.toml");
        std::fs::write(&world, scenario::world())?;
        return standin::run(binary, &world).await;
    }
    let data = folder.path().join("data").display().to_string();
    let world = folder.path().join("world.toml").display().to_string();
    std::fs::write(&world, scenario::world())?;
    let bare = Server::start(&std::env::current_exe()?, &["bare"])?;
    let args = ["dev", "--listen", "127.0.0.1:0", "--data", &data, "--world", &world];
    let server = Server::start(binary, &args)?;
    wait_for_keys(&server.address).await?;
    let idle = server.memory()?;

    let me = get("/v2/user/me", &[("authorization", "Bearer x")]);
    let (baseline, _) = load::all("bare axum, a constant", &bare.address, 64, vec![me; 100_000], ok).await?;
    row(&baseline, None);
    let prepared = Prepared::log_in(&server.address).await?;
    let requests = prepared.me(60_000);
    compared(&baseline, &load::all("/v2/user/me", &server.address, 64, requests, ok).await?.0);
    compared(&baseline, &load::all("refresh", &server.address, 64, prepared.refresh(KEY, 40_000), ok).await?.0);

    let signing = signatures_per_second();
    let sign = load::all("bare axum, an RS256 signature", &bare.address, 64, vec![get("/sign", &[]); 20_000], ok);
    let (signer, _) = sign.await?;
    row(&signer, None);
    let with_id_token = load::all("refresh with ID token", &server.address, 64, prepared.refresh(OIDC_KEY, 10_000), ok);
    let with_id_token = with_id_token.await?.0;
    compared(&baseline, &with_id_token);
    bound("refresh with ID token", with_id_token.per_second, "RS256 signing alone", signing);
    bound("refresh with ID token", with_id_token.per_second, "a bare server that only signs", signer.per_second);

    let grants: usize = std::env::var("KAKAW_BENCH_GRANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let (run, codes) = prepared.authorize(KEY, grants).await?;
    compared(&baseline, &run);
    let run = prepared.exchange("code exchange, 64 connections", KEY, codes).await?;
    compared(&baseline, &run);
    let after = server.memory()?;
    let (_, codes) = prepared.authorize(OIDC_KEY, 30_000).await?;
    let run = prepared.exchange("code exchange with ID token", OIDC_KEY, codes).await?;
    compared(&baseline, &run);
    bound("code exchange with ID token", run.per_second, "RS256 signing alone", signing);
    bound("code exchange with ID token", run.per_second, "a bare server that only signs", signer.per_second);

    let hashing = hashes_per_second();
    let (flow, log_ins) = scenario::full_flows(&server.address).await?;
    compared(&baseline, &flow);
    compared(&baseline, &log_ins);
    bound("logins", log_ins.per_second, "Argon2id alone", hashing);
    overload::run(&server.address, log_ins.per_second).await?;

    drop(server);
    platform::run(binary, folder.path(), &bare, &baseline).await?;
    people::run(binary, folder.path()).await?;
    let mut starts = Vec::new();
    for _ in 0..9 {
        starts.push(start_to_answer(binary, &["dev", "--listen", "127.0.0.1:0", "--data", &data]).await?);
    }
    starts.sort_unstable();
    say(&format!("start-up to the first answer, existing data: median {:.0?} of {}", starts[4], starts.len()));
    let empty = Server::start(binary, &["dev", "--listen", "127.0.0.1:0", "--data", &format!("{data}-2")])?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    say(&format!("memory: {:.1} MiB idle (sample world), {idle:.1} MiB idle (benchmark's world)", empty.memory()?));
    say(&format!("memory after {grants} grants: {after:.1} MiB"));
    say(&format!("binary: {:.1} MiB", std::fs::metadata(binary)?.len() as f64 / 1_048_576.0));
    Ok(())
}

/// With `KAKAW_BENCH_PLATFORM=1`: only what comes after a login.
async fn only_platform(binary: &Path, folder: &Path) -> anyhow::Result<()> {
    std::fs::write(folder.join("world.toml"), scenario::world())?;
    let bare = Server::start(&std::env::current_exe()?, &["bare"])?;
    let me = get("/v2/user/me", &[("authorization", "Bearer x")]);
    let (baseline, _) = load::all("bare axum, a constant", &bare.address, 64, vec![me; 100_000], ok).await?;
    row(&baseline, None);
    platform::run(binary, folder, &bare, &baseline).await
}

fn ok(answer: load::Answer) -> anyhow::Result<()> {
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    Ok(())
}

async fn start_to_answer(binary: &Path, args: &[&str]) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let server = Server::start(binary, args)?;
    let answer = Connection::open(&server.address).await?.send(&get("/v2/user/me", &[])).await?;
    anyhow::ensure!(answer.status == 401, "{}", answer.text());
    Ok(started.elapsed())
}

/// The first start generates its keys in the background: wait for them before measuring.
async fn wait_for_keys(address: &str) -> anyhow::Result<()> {
    ok(Connection::open(address).await?.send(&get("/.well-known/jwks.json", &[])).await?)
}

/// RS256 signatures per second on all cores: the upper bound for replies with an ID token.
fn signatures_per_second() -> f64 {
    on_every_core(|| {
        let key = SigningKey::generate()?;
        let claims = scenario::claims();
        Some(move || drop(key.sign(&claims)))
    })
}

/// Argon2id hashes per second on all cores: the upper bound for logins.
fn hashes_per_second() -> f64 {
    on_every_core(|| Some(|| kakaw_platform::password::one_for_measurement(kakaw_platform::password::OWASP)))
}

fn on_every_core<W: FnMut()>(make: impl Fn() -> Option<W> + Sync) -> f64 {
    const SPAN: Duration = Duration::from_secs(3);
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let counts: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut work = make()?;
                    work();
                    let (started, mut count) = (Instant::now(), 0_u32);
                    while started.elapsed() < SPAN {
                        work();
                        count += 1;
                    }
                    Some(f64::from(count) / started.elapsed().as_secs_f64())
                })
            })
            .collect();
        counts.into_iter().filter_map(|thread| thread.join().ok().flatten()).sum()
    })
}

fn compared(baseline: &Run, run: &Run) {
    row(run, Some(run.per_second / baseline.per_second));
}

fn row(run: &Run, ratio: Option<f64>) {
    let ratio = ratio.map_or_else(String::new, |ratio| format!("{:>6.1} % of bare", ratio * 100.0));
    say(&format!("{:<38} {:>8.0}/s  p50 {:>9.2?}  p99 {:>9.2?}  {ratio}", run.name, run.per_second, run.p50, run.p99));
}

fn bound(name: &str, rate: f64, of: &str, limit: f64) {
    say(&format!("{name}: {:.1} % of {of} ({limit:.0}/s)", 100.0 * rate / limit));
}

fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}").context("stdout");
}
