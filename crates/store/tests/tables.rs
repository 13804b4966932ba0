//! What the statements promise, on every database.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests; clippy.toml knows only what stands in a test itself"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kakaw_core::Millis;
use kakaw_core::account::{Account, Attributes};
use kakaw_core::app::{App, AppKey, AppSettings, KeyKind, KeySettings};
use kakaw_core::code::Code;
use kakaw_core::grant::Grant;
use kakaw_core::link::Link;
use kakaw_core::session::Session;
use kakaw_store::accounts::Stored;
use kakaw_store::db::{self, Url};
use kakaw_store::{
    Outcome, Statement, Store, accounts, app_keys, apps, codes, grants, links, sessions, snapshot, sweep,
};
use kakaw_wire::scope::Item;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const NOW: Millis = Millis(1_790_000_000_000);

/// Runs a test in memory, in a file, and on PostgreSQL when one is given.
async fn each_database<F: AsyncFn(Arc<Store>)>(test: F) {
    let folder = tempfile::tempdir().unwrap();
    for url in [Some(Url::Memory), Some(Url::Sqlite(folder.path().join("t.db"))), postgres().await] {
        match url {
            Some(url) => test(Arc::new(Store::open(&url).await.unwrap())).await,
            None => eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set"),
        }
    }
}

async fn postgres() -> Option<Url> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let base = std::env::var("KAKAW_TEST_POSTGRES").ok()?;
    let schema = format!("s{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    db::create_schema(&base, &schema).await.unwrap();
    Some(Url::Postgres(format!("{base}?options=-csearch_path%3D{schema}")))
}

/// An app, its key, a person and a link.
async fn fill(store: &Store) -> Link {
    let settings = AppSettings::new("A");
    let key = AppKey {
        key: KEY.to_owned(),
        app_id: 1,
        kind: KeyKind::RestApi,
        epoch: 0,
        deleted: false,
        settings: KeySettings::default(),
        secret_hash: None,
    };
    let link = Link::new(1, 7, 1 << 40, NOW);
    let all = vec![
        apps::insert(&App { id: 1, version: 1, settings }, NOW),
        app_keys::put(&app_keys::Stored { key, position: 0, sealed: None }),
        accounts::insert(&person(7), NOW),
        links::insert(&link),
    ];
    done(store, all).await;
    link
}

/// Commits what nothing stands against.
async fn done(store: &Store, changes: Vec<Statement>) {
    assert_eq!(store.commit(changes).await.unwrap(), Outcome::Committed);
}

fn person(id: i64) -> Stored {
    let account = Account {
        id,
        version: 1,
        epoch: 0,
        restricted: false,
        agreed_to_terms: true,
        attributes: Attributes::default(),
    };
    Stored { account, password_hash: None, sealed_password: None }
}

fn code(id: &str, expires_at: Millis) -> Code {
    Code {
        id: id.to_owned(),
        app_id: 1,
        app_key: KEY.to_owned(),
        account_id: 7,
        redirect_uri: "http://localhost".to_owned(),
        scopes: vec![],
        openid: false,
        nonce: None,
        code_challenge: None,
        auth_time: NOW,
        session_id: String::new(),
        device: String::new(),
        address: String::new(),
        link_epoch: 0,
        account_epoch: 0,
        key_epoch: 0,
        created_at: NOW,
        expires_at,
        spent_at: None,
        grant_id: None,
        tx_id: None,
    }
}

#[tokio::test]
async fn a_code_is_spent_by_one_of_many_and_a_second_try_of_the_winner_knows_its_own_work() {
    each_database(async |store| {
        fill(&store).await;
        done(&store, vec![codes::insert(&code("c", NOW.plus_seconds(600)))]).await;
        let tries: Vec<_> = (1..=32)
            .map(|grant| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { (grant, store.commit(vec![codes::spend("c", grant, NOW)]).await.unwrap()) })
            })
            .collect();
        let mut winners = Vec::new();
        for attempt in tries {
            match attempt.await.unwrap() {
                (grant, Outcome::Committed) => winners.push(grant),
                (_, Outcome::Conflict(index)) => assert_eq!(index, 0),
            }
        }
        let [winner] = winners[..] else { panic!("one winner: {winners:?}") };
        assert_eq!(store.commit(vec![codes::spend("c", winner, NOW)]).await.unwrap(), Outcome::Committed);
        let found = codes::by_id(&store, "c").await.unwrap().unwrap();
        assert_eq!((found.code.grant_id, found.current), (Some(winner), true));
    })
    .await;
}

#[tokio::test]
async fn a_commit_is_all_or_nothing() {
    each_database(async |store| {
        let link = fill(&store).await;
        let stale = Link { version: 9, ..link.clone() };
        let changes = vec![
            sessions::insert(&session("s", NOW), "", ""),
            links::update(&Link { consents: BTreeMap::from([(Item::Gender, NOW)]), ..link.clone() }),
            links::update(&stale),
        ];
        assert_eq!(store.commit(changes).await.unwrap(), Outcome::Conflict(2), "it says which statement was outrun");
        assert!(sessions::with_account(&store, "s").await.unwrap().is_none());
        assert_eq!(links::of(&store, 1, 7).await.unwrap(), Some(link), "nothing of it is there");
    })
    .await;
}

fn session(id: &str, expires_at: Millis) -> Session {
    Session { id: id.to_owned(), account_id: 7, auth_time: NOW, expires_at, account_epoch: 0 }
}

#[tokio::test]
async fn log_in_ids_belong_to_one_account_and_are_compared_without_case() {
    each_database(async |store| {
        fill(&store).await;
        done(&store, vec![accounts::insert(&person(8), NOW)]).await;
        let put = async |login: &str, id| store.commit(vec![accounts::put_login(login, id)]).await.unwrap();
        assert_eq!(put("Ryan@Example.com", 7).await, Outcome::Committed);
        assert_eq!(put("ryan@example.com", 7).await, Outcome::Committed, "its own again");
        assert_eq!(put(" ryan@example.com ", 8).await, Outcome::Conflict(0), "not another's");
        let found = accounts::by_login(&store, "RYAN@example.com").await.unwrap().unwrap();
        assert_eq!(found.account.id, 7);
        assert_eq!(put("+82 10-1234-5678", 8).await, Outcome::Committed);
        assert_eq!(accounts::by_login(&store, "+821012345678").await.unwrap().unwrap().account.id, 8);
    })
    .await;
}

#[tokio::test]
async fn an_unlink_raises_the_epoch_once_and_keeps_the_user_id() {
    each_database(async |store| {
        let link = fill(&store).await;
        assert_eq!(store.commit(vec![links::unlink(&link)]).await.unwrap(), Outcome::Committed);
        assert_eq!(store.commit(vec![links::unlink(&link)]).await.unwrap(), Outcome::Conflict(0), "once");
        let after = links::of(&store, 1, 7).await.unwrap().unwrap();
        assert_eq!((after.connected, after.epoch, after.user_id), (false, 1, link.user_id));
        let other = Link { account_id: 8, ..link };
        assert_eq!(
            store.commit(vec![links::insert(&other)]).await.unwrap(),
            Outcome::Conflict(0),
            "an id is one person's"
        );
    })
    .await;
}

#[tokio::test]
async fn sweeps_take_batches_of_what_is_over_and_nothing_else() {
    each_database(async |store| {
        fill(&store).await;
        let over = NOW.plus_seconds(-2 * 86_400);
        for index in 0..450 {
            done(&store, vec![codes::insert(&code(&format!("old{index}"), over))]).await;
        }
        let grant = |id, refresh_expires_at| Grant {
            refresh_expires_at,
            ..Grant::from_code(id, &code("x", NOW), NOW.plus_seconds(-61 * 86_400))
        };
        let kept = vec![
            codes::insert(&code("spent today", NOW.plus_seconds(-3600))),
            sessions::insert(&session("alive", NOW.plus_seconds(1)), "", ""),
            sessions::insert(&session("over", NOW.plus_seconds(-1)), "", ""),
            grants::insert(&grant(1, NOW.plus_seconds(-3600))),
            grants::insert(&grant(2, NOW.plus_seconds(-13 * 3600))),
        ];
        done(&store, kept).await;
        let mut batches = 0;
        while sweep::batch(&store, NOW).await.unwrap() {
            batches += 1;
        }
        assert_eq!(batches, 2, "450 codes are two full batches and a rest");
        assert!(codes::by_id(&store, "old449").await.unwrap().is_none());
        assert!(codes::by_id(&store, "spent today").await.unwrap().is_some(), "kept a day for the diagnosis");
        assert!(sessions::with_account(&store, "alive").await.unwrap().is_some());
        assert!(sessions::with_account(&store, "over").await.unwrap().is_none());
        assert!(grants::bearer(&store, 1).await.unwrap().is_some(), "an access token may still name it");
        assert!(grants::bearer(&store, 2).await.unwrap().is_none());
        assert!(!sweep::batch(&store, NOW).await.unwrap(), "nothing is left to do");
    })
    .await;
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let url = Url::Sqlite(folder.path().join("t.db"));
    fill(&Store::open(&url).await.unwrap()).await;
    let again = Store::open(&url).await.unwrap();
    assert!(accounts::by_id(&again, 7).await.unwrap().is_some());
    assert_eq!(again.durability().await.unwrap(), "journal_mode=wal synchronous=full", "an answer waits for the disk");
}

#[tokio::test]
async fn a_restored_snapshot_is_every_row_and_no_app_of_the_time_after_it() {
    each_database(async |store| {
        fill(&store).await;
        let named = |name: &str, version| App { id: 1, version, settings: AppSettings::new(name) };
        // As requests find it: with its key, kept by version.
        let name = async || app_keys::with_app(&store, KEY).await.unwrap().unwrap().0.settings.name.clone();
        let taken = snapshot::take(&store).await.unwrap();
        done(&store, vec![apps::update(&named("B", 1)), accounts::insert(&person(8), NOW)]).await;
        done(&store, vec![codes::insert(&code("c", NOW))]).await;
        assert_eq!(name().await, "B");
        snapshot::restore(&store, &taken).await.unwrap();
        // The same version again, with other settings.
        done(&store, vec![apps::update(&named("C", 1))]).await;
        assert_eq!(name().await, "C");
        snapshot::restore(&store, &taken).await.unwrap();
        assert_eq!(name().await, "A");
        assert!(codes::by_id(&store, "c").await.unwrap().is_none());
        assert_eq!(accounts::all(&store).await.unwrap().len(), 1);
        assert_eq!(snapshot::take(&store).await.unwrap().rows(), taken.rows());
    })
    .await;
}
