//! What matters to tests with a stand-in: worlds, logins in several worlds in parallel, the proxy, and the start of `kakaw run`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kakaw_bench::load::{self, Connection, Tunnel, get, post, post_json};
use kakaw_bench::process::Server;
use serde_json::{Value, json};

use super::scenario::Prepared;
use super::{ok, row, say};

/// The sample world's REST API key.
const KEY: &str = "0123456789abcdef0123456789abcdef";
const CALLBACK: &str = "http://localhost:3000/callback";
const CONTROL: [(&str, &str); 1] = [("kakaw-control", "1")];
const WORLDS: usize = 1_000;

/// Runs everything; `world` is the world file with the benchmark's people.
pub async fn run(binary: &Path, world: &Path) -> anyhow::Result<()> {
    worlds(binary).await?;
    flows(binary).await?;
    proxy(binary, world).await?;
    start(binary)
}

async fn control(connection: &mut Connection, path: &str, body: Value) -> anyhow::Result<Value> {
    let answer = connection.send(&post_json(path, &CONTROL, &body.to_string())).await?;
    anyhow::ensure!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
    if answer.body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer.body)?) }
}

/// Makes a thousand copies of the sample world.
async fn worlds(binary: &Path) -> anyhow::Result<()> {
    let server = Server::start(binary, &["dev", "--listen", "127.0.0.1:0"])?;
    let before = server.memory()?;
    for (name, body) in
        [("worlds, empty", json!({})), ("worlds, copies of the sample", json!({ "copy_of": "default" }))]
    {
        let make = vec![post_json("/control/v1/worlds", &CONTROL, &body.to_string()); WORLDS / 2];
        row(&load::all(name, &server.address, 1, make, ok).await?.0, None);
    }
    say(&format!("memory of {WORLDS} worlds: {:.0} MiB", server.memory()? - before));
    let log_in = json!({ "client_id": KEY, "person": "ryan@example.com", "tokens": true });
    let each = (1..=WORLDS).map(|n| post_json(&format!("/w/w{n}/control/v1/login"), &CONTROL, &log_in.to_string()));
    // The empty half has no people.
    load::all("a login in each", &server.address, 1, each.skip(WORLDS / 2).collect(), ok).await?;
    say(&format!("memory after a login in every copy: {:.0} MiB", server.memory()? - before));
    let mut connection = Connection::open(&server.address).await?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        control(&mut connection, "/w/w1000/control/v1/reset", json!({})).await?;
        times.push(started.elapsed());
    }
    row(&load::summary("reset of a world", &mut times.clone(), times.iter().sum()), None);
    Ok(())
}

/// 200 complete logins over 8 worlds in parallel; the worlds are created for them.
async fn flows(binary: &Path) -> anyhow::Result<()> {
    let server = Server::start(binary, &["dev", "--listen", "127.0.0.1:0"])?;
    let started = Instant::now();
    let local = tokio::task::LocalSet::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let address = server.address.clone();
        tasks.spawn_local_on(
            async move {
                let mut connection = Connection::open(&address).await?;
                let request = json!({ "copy_of": "default" });
                let made = control(&mut connection, "/control/v1/worlds", request).await?;
                let below = format!("/w/{}", made["name"].as_str().context("a name")?);
                for _ in 0..25 {
                    flow(&mut connection, &below).await?;
                }
                anyhow::Ok(())
            },
            &local,
        );
    }
    local
        .run_until(async {
            while let Some(done) = tasks.join_next().await {
                done??;
            }
            anyhow::Ok(())
        })
        .await?;
    say(&format!("200 flows (code, tokens, ID token, user, refresh, logout) over 8 worlds: {:.2?}", started.elapsed()));
    Ok(())
}

async fn flow(connection: &mut Connection, below: &str) -> anyhow::Result<()> {
    let query = format!(
        "client_id={KEY}&redirect_uri={CALLBACK}&response_type=code&scope=openid&login_hint=kakaw:ryan@example.com"
    );
    let back = connection.send(&get(&format!("{below}/oauth/authorize?{query}"), &[])).await?;
    let code = back.header("location").and_then(|to| to.split_once("code=")).context("a code")?.1.to_owned();
    let token = async |connection: &mut Connection, form: &[(&str, &str)]| {
        let answer = connection.send(&post(&format!("{below}/oauth/token"), &[], form)).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.text());
        anyhow::Ok(serde_json::from_slice::<Value>(&answer.body)?)
    };
    let form =
        [("grant_type", "authorization_code"), ("client_id", KEY), ("redirect_uri", CALLBACK), ("code", code.as_str())];
    let tokens = token(connection, &form).await?;
    let refresh = tokens["refresh_token"].as_str().context("a refresh token")?;
    let form = [("grant_type", "refresh_token"), ("client_id", KEY), ("refresh_token", refresh)];
    let tokens = token(connection, &form).await?;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().context("an access token")?);
    let headers = [("authorization", bearer.as_str())];
    ok(connection.send(&get(&format!("{below}/v2/user/me"), &headers)).await?)?;
    ok(connection.send(&post(&format!("{below}/v1/user/logout"), &headers, &[])).await?)
}

/// The same requests without TLS, and through the proxy with TLS.
async fn proxy(binary: &Path, world: &Path) -> anyhow::Result<()> {
    let world = world.display().to_string();
    let server = Server::start(binary, &["dev", "--listen", "127.0.0.1:0", "--world", &world])?;
    let mut connection = Connection::open(&server.address).await?;
    let entrance = control(&mut connection, "/control/v1/interception", json!({})).await?;
    let text = |name: &str| entrance[name].as_str().map(str::to_owned).context("the entrance");
    let tunnel = Tunnel::trusting(&text("proxy")?, "kapi.kakao.com", &text("certificate")?)?;
    let prepared = Prepared::log_in(&server.address).await?;
    let (mut direct, mut proxied) = (0.0, 0.0);
    for _ in 0..3 {
        let (run, _) = load::all("/v2/user/me, direct", &server.address, 16, prepared.me(20_000), ok).await?;
        row(&run, None);
        direct += run.per_second;
        let through = tunnel.clone();
        let open = move || {
            let tunnel = through.clone();
            async move { Connection::through(&tunnel).await }
        };
        let (run, _) = load::all_over("/v2/user/me, proxy and TLS", open, 16, prepared.me(20_000), ok).await?;
        row(&run, None);
        proxied += run.per_second;
    }
    say(&format!("through the proxy: {:.1} % of direct requests/s, three turns each", 100.0 * proxied / direct));
    Ok(())
}

/// The total time of `kakaw run -- true`: a command can send requests before this time is over.
fn start(binary: &Path) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..21 {
        let started = Instant::now();
        let mut command = Command::new(binary);
        command.args(["run", "--quiet", "--", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        anyhow::ensure!(command.status()?.success(), "kakaw run failed");
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(Duration::MAX);
    say(&format!("kakaw run -- true, begin to end: median {:.0?}, nine of ten within {:.0?}", at(50), at(90)));
    Ok(())
}
