//! What lists and exports of many people cost, and how they affect other requests: `KAKAW_BENCH_PEOPLE=1`.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kakaw_bench::load::{Answer, Connection, get, post_json};
use kakaw_bench::process::Server;
use serde_json::Value;

use super::scenario::{self, Prepared};
use super::{ok, say};

const PEOPLE: usize = 8_000;
const CONTROL: [(&str, &str); 1] = [("kakaw-control", "1")];
/// Connections that call at a steady rate in parallel, and the time between two calls of a connection.
const CALLERS: usize = 8;
/// A rate far below what the server can answer: otherwise a pause of the machine becomes a queue.
const PACE: Duration = Duration::from_millis(16);
/// How long one measurement lasts.
const TURN: Duration = Duration::from_secs(2);
const TURNS: usize = 9;

/// The benchmark's people, and this many more, each linked with an app.
fn world() -> anyhow::Result<String> {
    let mut text = scenario::world();
    for index in 0..PEOPLE {
        write!(
            text,
            "[[people]]\nemail = \"person{index}@example.com\"\npassword = \"password-{index}\"\nnickname = \"Person {index}\"\n\
             birthyear = \"1990\"\nbirthday = \"0101\"\ntalk = true\nphone_number = \"+82 10-{:04}-{:04}\"\n\
             [[people.links]]\napp = 1\nscopes = [\"profile_nickname\"]\n",
            index / 10_000,
            index % 10_000,
        )?;
    }
    Ok(text)
}

pub async fn run(binary: &Path, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join("people.toml");
    std::fs::write(&file, world()?)?;
    let (file, data) = (file.display().to_string(), folder.join("people").display().to_string());
    measured(
        "in a file",
        Server::start(binary, &["dev", "--listen", "127.0.0.1:0", "--data", &data, "--world", &file])?,
    )
    .await?;
    measured("in memory", Server::start(binary, &["dev", "--listen", "127.0.0.1:0", "--world", &file])?).await
}

async fn measured(place: &str, server: Server) -> anyhow::Result<()> {
    say(&format!("{PEOPLE} people {place}; start with all of them: {:.2?}", server.took));
    let mut connection = Connection::open(&server.address).await?;
    let prepared = Prepared::log_in(&server.address).await?;
    let first = timed(&mut connection, "/control/v1/people", 50, |answer| {
        anyhow::ensure!(serde_json::from_slice::<Value>(&answer.body)?.as_array().is_some_and(|all| all.len() == 100));
        Ok(())
    });
    say(&format!("first page of people: median {:.1?}", first.await?));
    let export = timed(&mut connection, "/control/v1/export", 9, |answer| {
        anyhow::ensure!(answer.text().matches("[[people]]").count() > PEOPLE, "not everybody is in the export");
        Ok(())
    });
    say(&format!("export: median {:.1?}", export.await?));
    for (name, path, body) in
        [("exports", "/control/v1/export", None), ("snapshots", "/control/v1/snapshots", Some("{}"))]
    {
        let (mut quiet, mut beside, mut done) = (Vec::new(), Vec::new(), 0);
        for _ in 0..TURNS {
            quiet.push(p99(&server.address, &prepared, None).await?.0);
            let (busy, count) = p99(&server.address, &prepared, Some((path, body))).await?;
            beside.push(busy);
            done += count;
        }
        // Each turn is compared with its neighbor: the machine is not equally quiet all the time.
        let mut ratios: Vec<f64> =
            quiet.iter().zip(&beside).map(|(quiet, beside)| beside.as_secs_f64() / quiet.as_secs_f64()).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        quiet.sort_unstable();
        beside.sort_unstable();
        let (quiet, beside, ratio) = (quiet[TURNS / 2], beside[TURNS / 2], ratios[TURNS / 2]);
        say(&format!(
            "/v2/user/me at {:.0}/s: p99 {quiet:.2?} quiet, {beside:.2?} beside {name} one after the other ({done} done): {ratio:.2} times",
            CALLERS as f64 / PACE.as_secs_f64(),
        ));
    }
    Ok(())
}

/// Measures the median time of a call.
async fn timed(
    connection: &mut Connection,
    path: &str,
    count: usize,
    check: impl Fn(&Answer) -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let answer = connection.send(&get(path, &CONTROL)).await?;
        times.push(started.elapsed());
        check(&answer)?;
    }
    times.sort_unstable();
    Ok(times[count / 2])
}

/// The 99th percentile of calls at a steady rate, and how often `beside` ran in parallel.
async fn p99(
    address: &str,
    prepared: &Prepared,
    beside: Option<(&str, Option<&str>)>,
) -> anyhow::Result<(Duration, usize)> {
    let times = Rc::new(RefCell::new(Vec::new()));
    let over = Rc::new(Cell::new(false));
    let local = tokio::task::LocalSet::new();
    let mut callers = tokio::task::JoinSet::new();
    for index in 0..CALLERS {
        let (address, request) = (address.to_owned(), prepared.me(CALLERS)[index].clone());
        let times = Rc::clone(&times);
        callers.spawn_local_on(
            async move {
                let mut connection = Connection::open(&address).await?;
                let start = tokio::time::Instant::now() + PACE * u32::try_from(index)? / u32::try_from(CALLERS)?;
                for turn in 0..u32::try_from(TURN.as_micros() / PACE.as_micros())? {
                    // The timer is up to a millisecond late. A longer delay means that the previous call was slow, which counts.
                    let due = start + PACE * turn;
                    tokio::time::sleep_until(due).await;
                    let from =
                        if due.elapsed() < Duration::from_micros(1500) { tokio::time::Instant::now() } else { due };
                    ok(connection.send(&request).await?)?;
                    times.borrow_mut().push(from.elapsed());
                }
                anyhow::Ok(())
            },
            &local,
        );
    }
    let done = local
        .run_until(async {
            let work = async {
                let Some((path, body)) = beside else { return anyhow::Ok(0) };
                let request = body.map_or_else(|| get(path, &CONTROL), |body| post_json(path, &CONTROL, body));
                let (mut connection, mut done) = (Connection::open(address).await?, 0);
                while !over.get() {
                    let answer = connection.send(&request).await?;
                    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
                    done += 1;
                }
                anyhow::Ok(done)
            };
            let calls = async {
                while let Some(caller) = callers.join_next().await {
                    caller??;
                }
                over.set(true);
                anyhow::Ok(())
            };
            let (done, calls) = tokio::join!(work, calls);
            calls?;
            done
        })
        .await?;
    let mut times = times.borrow_mut();
    times.sort_unstable();
    let at = times.len() * 99 / 100;
    Ok((*times.get(at).context("calls")?, done))
}
