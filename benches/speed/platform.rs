//! What comes after a login: consent details, user ids of an app with many people, and webhooks while clients call.

use kakaw_core::{AccountId, AppId, UserId};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kakaw_bench::load::{self, Connection, get};
use kakaw_bench::process::Server;
use kakaw_core::Millis;
use kakaw_core::account::{Account, Attributes};
use kakaw_core::app::{App, AppSettings};
use kakaw_core::link::Link;
use kakaw_core::webhook::{self, Event};
use kakaw_store::accounts::Stored;
use kakaw_store::db::Url;
use kakaw_store::{Outcome, Statement, Store, accounts, deliveries, links};
use kakaw_wire::event::EventType;

use super::scenario::Prepared;
use super::{compared, ok, say};

const ADMIN: &str = "00000000000000000000000000000009";
/// Number of people of the app whose user ids are listed.
const PEOPLE: i64 = 100_000;
/// Number of waiting webhooks.
const NOTICES: i64 = 10_000;
/// The first user id of the app.
const FIRST: i64 = 1 << 40;
const NOW: Millis = Millis(1_790_000_000_000);

/// Returns the app with its admin key and its webhook.
fn world(receiver: &str) -> String {
    format!(
        "[[apps]]\nid = 9\nname = \"Many\"\n\
         webhooks.account_status = {{ url = \"http://{receiver}/hook\", events = [\"token-issued\"] }}\n\
         [[apps.rest_api_keys]]\nkey = \"00000000000000000000000000000008\"\n[[apps.admin_keys]]\nkey = \"{ADMIN}\"\n"
    )
}

/// Runs everything against a separate server. `baseline` is the bare server, which also receives the webhooks.
pub async fn run(binary: &Path, folder: &Path, bare: &Server, baseline: &load::Run) -> anyhow::Result<()> {
    let data = folder.join("many").display().to_string();
    let files = [folder.join("world.toml"), folder.join("many.toml")];
    std::fs::write(&files[1], world(&bare.address))?;
    let [world, many] = files.each_ref().map(|path| path.display().to_string());
    let args = ["dev", "--listen", "127.0.0.1:0", "--data", &data, "--world", &world, "--world", &many];
    let server = Server::start(binary, &args)?;
    ok(Connection::open(&server.address).await?.send(&get("/.well-known/jwks.json", &[])).await?)?;
    let prepared = Prepared::log_in(&server.address).await?;
    let scopes = prepared.calls("/v2/user/scopes", 40_000);
    compared(baseline, &load::all("/v2/user/scopes", &server.address, 64, scopes, ok).await?.0);

    let store = Store::open(&Url::Sqlite(Path::new(&data).join("kakaw.db"))).await?;
    let keys = kakaw_platform::keys::load(&Path::new(&data).join("keys.toml"))?;
    store.seal_with(std::sync::Arc::new(keys.context("the server has made its key file")?));
    for part in 0..PEOPLE / 1000 {
        let people = (part * 1000..(part + 1) * 1000).flat_map(|index| {
            let account = Account {
                id: AccountId(FIRST + index),
                version: 1,
                epoch: 0,
                restricted: false,
                agreed_to_terms: true,
                attributes: Attributes::default(),
            };
            let stored = Stored { account, password_hash: None, sealed_password: None };
            [
                accounts::insert(&stored, NOW),
                links::insert(&Link::new(AppId(9), AccountId(FIRST + index), UserId(FIRST + index), NOW)),
            ]
        });
        commit(&store, people.collect()).await?;
    }
    let admin = format!("KakaoAK {ADMIN}");
    for (name, from) in [("user ids, first page of 100,000", 0), ("user ids, last page", FIRST + PEOPLE - 100)] {
        let page = get(&format!("/v1/user/ids?from_id={from}"), &[("authorization", &admin)]);
        compared(baseline, &load::all(name, &server.address, 8, vec![page; 1_000], ok).await?.0);
    }

    enqueue(&store, 0).await?;
    let took = drained(bare, NOTICES).await?;
    say(&format!("webhooks, nobody calling: {:.0} deliveries/s ({NOTICES} signed events)", NOTICES as f64 / took));
    // The two alternate, because these machines are never quiet for long.
    let (mut alone, mut beside, mut meanwhile) = (0.0, 0.0, 0);
    for turn in 1..=3 {
        let me = || prepared.me(60_000);
        let (run, _) = load::all("/v2/user/me, no webhooks", &server.address, 64, me(), ok).await?;
        compared(baseline, &run);
        alone += run.per_second;
        enqueue(&store, turn * NOTICES).await?;
        // Wait until the worker has started.
        while received(bare).await? <= turn * NOTICES {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = received(bare).await?;
        let (run, _) = load::all("/v2/user/me, webhooks beside", &server.address, 64, me(), ok).await?;
        compared(baseline, &run);
        beside += run.per_second;
        meanwhile += received(bare).await? - before;
        drained(bare, (turn + 1) * NOTICES).await?;
    }
    say(&format!(
        "/v2/user/me beside webhooks: {:.1} % of alone, three turns each ({meanwhile} delivered meanwhile)",
        100.0 * beside / alone
    ));
    Ok(())
}

async fn commit(store: &Store, changes: Vec<Statement>) -> anyhow::Result<()> {
    anyhow::ensure!(store.commit(changes).await? == Outcome::Committed, "a row is there already");
    Ok(())
}

/// Adds 10,000 waiting events, as another node would.
async fn enqueue(store: &Store, from: i64) -> anyhow::Result<()> {
    let app = App { id: AppId(9), version: 1, settings: AppSettings::new("Many") };
    let notice = |index: i64| {
        let link = Link::new(AppId(9), AccountId(FIRST + index % PEOPLE), UserId(FIRST + index % PEOPLE), NOW);
        let event = Event::new(EventType::TokenIssued);
        webhook::notice(&event, &app, &link, "http://localhost", &format!("jti-{index}"), NOW)
    };
    let all = (from..from + NOTICES).map(|index| deliveries::insert(FIRST + index, AppId(9), &notice(index), NOW));
    commit(store, all.collect()).await
}

/// Number of webhooks that the bare server has received.
async fn received(bare: &Server) -> anyhow::Result<i64> {
    let answer = Connection::open(&bare.address).await?.send(&get("/received", &[])).await?;
    answer.text().trim().parse().context("a number")
}

/// Measures the seconds from the first delivery until all have arrived.
async fn drained(bare: &Server, all: i64) -> anyhow::Result<f64> {
    let first = all - NOTICES;
    let mut started = None;
    let patience = Instant::now();
    loop {
        let count = received(bare).await?;
        if count > first {
            started.get_or_insert_with(Instant::now);
        }
        if count >= all {
            return Ok(started.map_or(0.0, |started| started.elapsed().as_secs_f64()));
        }
        anyhow::ensure!(patience.elapsed() < Duration::from_secs(120), "{count} of {all} after two minutes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
