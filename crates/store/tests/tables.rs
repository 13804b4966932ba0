//! Tests of the statements, on every database.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests; clippy.toml knows only what stands in a test itself"
)]

#[path = "tables/deliveries.rs"]
mod deliveries;
#[path = "tables/opening.rs"]
mod opening;

use kakaw_core::account::LoginId;
use kakaw_core::account::throttle::Failures;
use kakaw_core::{AccountId, AppId, GrantId, Span, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kakaw_core::Millis;
use kakaw_core::account::session::{Session, SessionId};
use kakaw_core::account::{Account, Attributes};
use kakaw_core::app::{App, AppKey, AppSettings, KeyKind, KeySettings};
use kakaw_core::authorize::authorization::{Authorization, Epochs};
use kakaw_core::authorize::code::{Code, CodeLife};
use kakaw_core::crypto::seal::{MasterKey, Sealer};
use kakaw_core::link::Link;
use kakaw_core::token::grant::{Ended, EndedBy, Grant};
use kakaw_store::accounts::Stored;
use kakaw_store::db::{self, Url};
use kakaw_store::{
    Contested, Outcome, Statement, Store, accounts, app_keys, apps, codes, everything, failed_logins, grants, links,
    pending_results, sessions, snapshot, sweep,
};
use kakaw_wire::scope::Item;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const KEPT: sweep::Kept = sweep::Kept {
    codes: Span::days(1),
    grants: Span::hours(12),
    deliveries: Span::days(7),
    failed_logins: Span::hours(1),
};
const NOW: Millis = Millis(1_790_000_000_000);

/// Runs a test in memory, in a file, and on PostgreSQL if it is configured.
async fn each_database<F: AsyncFn(Arc<Store>)>(test: F) {
    let folder = tempfile::tempdir().unwrap();
    for url in [Some(Url::Memory), Some(Url::Sqlite(folder.path().join("t.db"))), postgres().await] {
        match url {
            Some(url) => test(open(&url).await).await,
            None => eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set"),
        }
    }
}

async fn open(url: &Url) -> Arc<Store> {
    let store = Store::open(url).await.unwrap();
    store.seal_with(Arc::new(Sealer::new("test", &[MasterKey { id: 1, bytes: [7; 32] }]).unwrap()));
    Arc::new(store)
}

async fn postgres() -> Option<Url> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let base = std::env::var("KAKAW_TEST_POSTGRES").ok()?;
    let schema = format!("s{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    db::create_schema(&base, &schema).await.unwrap();
    Some(Url::Postgres(format!("{base}?options=-csearch_path%3D{schema}")))
}

/// Inserts an app, its key, a person and a link.
async fn fill(store: &Store) -> Link {
    let settings = AppSettings::new("A");
    let key = AppKey {
        key: KEY.to_owned(),
        app_id: AppId(1),
        kind: KeyKind::RestApi,
        epoch: 0,
        deleted: false,
        settings: KeySettings::default(),
        secret_hash: None,
    };
    let link = Link::new(AppId(1), AccountId(7), UserId(1 << 40), NOW);
    let all = vec![
        apps::insert(&App { id: AppId(1), version: 1, settings }, NOW),
        app_keys::put(&app_keys::Stored { key, position: 0, sealed: None }),
        accounts::insert(&person(7), NOW),
        links::insert(&link),
    ];
    done(store, all).await;
    link
}

/// Commits changes that must not conflict.
async fn done(store: &Store, changes: Vec<Statement>) {
    assert_eq!(store.commit(changes).await.unwrap(), Outcome::Committed);
}

fn person(id: i64) -> Stored {
    let account = Account {
        id: AccountId(id),
        version: 1,
        epoch: 0,
        restricted: false,
        agreed_to_terms: true,
        attributes: Attributes::default(),
    };
    Stored { account, password_hash: None, sealed_password: None }
}

fn code(id: &str, expires_at: Millis) -> Code {
    let authorization = Authorization {
        app_id: AppId(1),
        app_key: KEY.to_owned(),
        account_id: AccountId(7),
        scopes: vec![],
        openid: false,
        nonce: None,
        auth_time: NOW,
        session_id: None,
        device: String::new(),
        address: String::new(),
        epochs: Epochs::default(),
    };
    Code {
        id: id.to_owned(),
        authorization,
        redirect_uri: "http://localhost".to_owned(),
        code_challenge: None,
        created_at: NOW,
        expires_at,
        life: CodeLife::Live,
        tx_id: None,
    }
}

#[tokio::test]
async fn a_code_is_redeemed_by_one_of_many_and_a_second_try_of_the_winner_knows_its_own_work() {
    each_database(async |store| {
        fill(&store).await;
        done(&store, vec![codes::insert(&code("c", NOW + Span::minutes(10)))]).await;
        let tries: Vec<_> = (1..=32)
            .map(|grant| {
                let (store, grant) = (Arc::clone(&store), GrantId(grant));
                tokio::spawn(async move { (grant, store.commit(vec![codes::redeem("c", grant, NOW)]).await.unwrap()) })
            })
            .collect();
        let mut winners = Vec::new();
        for attempt in tries {
            match attempt.await.unwrap() {
                (grant, Outcome::Committed) => winners.push(grant),
                (_, lost) => assert_eq!(lost.contested(), Some(Contested::Code)),
            }
        }
        let [winner] = winners[..] else { panic!("one winner: {winners:?}") };
        assert_eq!(store.commit(vec![codes::redeem("c", winner, NOW)]).await.unwrap(), Outcome::Committed);
        let found = codes::by_id(&store, "c").await.unwrap().unwrap();
        assert_eq!(found.code.life, CodeLife::Redeemed { at: NOW, grant: winner });
        assert_eq!(found.code.authorization.check(&found.link, &found.account, found.key_epoch), Ok(()), "current");
        assert_eq!(store.commit(vec![codes::invalidate("c", NOW)]).await.unwrap().contested(), Some(Contested::Code));
    })
    .await;
}

#[tokio::test]
async fn a_code_that_was_invalidated_has_no_grant() {
    each_database(async |store| {
        fill(&store).await;
        done(&store, vec![codes::insert(&code("c", NOW + Span::minutes(10))), codes::invalidate("c", NOW)]).await;
        let life = async || codes::by_id(&store, "c").await.unwrap().unwrap().code.life;
        assert_eq!(life().await, CodeLife::Invalidated { at: NOW });
        assert_eq!(
            store.commit(vec![codes::redeem("c", GrantId(1), NOW)]).await.unwrap().contested(),
            Some(Contested::Code)
        );
        // Earlier versions wrote grant 0 here.
        done(&store, vec![db::sql("update codes set grant_id = 0 where id = $1").bind("c")]).await;
        assert_eq!(life().await, CodeLife::Invalidated { at: NOW });
    })
    .await;
}

#[tokio::test]
async fn what_ended_a_grant_is_read_as_it_was_written_whoever_wrote_it() {
    each_database(async |store| {
        fill(&store).await;
        let grant = |id| Grant::new(GrantId(id), code("x", NOW).authorization, NOW);
        done(&store, vec![grants::insert(&grant(1)), grants::insert(&grant(2)), grants::insert(&grant(3))]).await;
        let later = NOW + Span::seconds(9);
        let ends =
            vec![grants::end(GrantId(1), NOW, &EndedBy::CodeReuse), grants::end(GrantId(1), later, &EndedBy::Logout)];
        done(&store, ends).await;
        let unknown = "update grants set ended_at = $1, ended_why = $2 where id = 2";
        done(&store, vec![db::sql(unknown).bind(NOW).bind("the moon")]).await;
        for (id, expected) in [
            (1, Some(Ended { at: NOW, by: EndedBy::CodeReuse })),
            (2, Some(Ended { at: NOW, by: EndedBy::Other("the moon".to_owned()) })),
            (3, None),
        ] {
            assert_eq!(grants::bearer(&store, GrantId(id)).await.unwrap().unwrap().grant.ended, expected, "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_taken_grant_id_is_distinguished_from_a_used_code() {
    each_database(async |store| {
        fill(&store).await;
        let (code, grant) =
            (code("c", NOW + Span::minutes(10)), |id| Grant::new(GrantId(id), code("x", NOW).authorization, NOW));
        done(&store, vec![codes::insert(&code), grants::insert(&grant(1))]).await;
        let exchange =
            async |id| store.commit(vec![codes::redeem("c", GrantId(id), NOW), grants::insert(&grant(id))]).await;
        assert_eq!(exchange(1).await.unwrap().contested(), Some(Contested::GrantId));
        assert_eq!(exchange(2).await.unwrap(), Outcome::Committed);
        assert_eq!(exchange(3).await.unwrap().contested(), Some(Contested::Code));
        assert_eq!(store.commit(vec![codes::insert(&code)]).await.unwrap().contested(), Some(Contested::Code));
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
        assert_eq!(store.commit(changes).await.unwrap().contested(), Some(Contested::Link), "it says what was outrun");
        assert!(sessions::with_account(&store, &SessionId::of_cookie("s")).await.unwrap().is_none());
        assert_eq!(links::of(&store, AppId(1), AccountId(7)).await.unwrap(), Some(link), "nothing of it is there");
    })
    .await;
}

fn session(id: &str, expires_at: Millis) -> Session {
    Session { id: SessionId::of_cookie(id), account_id: AccountId(7), auth_time: NOW, expires_at, account_epoch: 0 }
}

#[tokio::test]
async fn failed_log_ins_are_one_row_for_each_account_and_are_forgotten() {
    each_database(async |store| {
        let (at, of) = (|seconds| NOW + Span::seconds(seconds), async || failed_logins::of(&store, AccountId(7)).await);
        assert_eq!(of().await.unwrap(), Failures::NONE);
        for second in 0..5 {
            done(&store, vec![failed_logins::add(AccountId(7), at(second), at(second - 3600))]).await;
        }
        assert_eq!(of().await.unwrap(), Failures { count: 5, last_at: at(4) });
        assert_eq!(failed_logins::of(&store, AccountId(8)).await.unwrap(), Failures::NONE);
        done(&store, vec![failed_logins::add(AccountId(7), at(4000), at(4))]).await;
        assert_eq!(of().await.unwrap(), Failures { count: 1, last_at: at(4000) }, "those before are forgotten");
        assert!(!sweep::batch(&store, KEPT, at(4000) + KEPT.failed_logins).await.unwrap());
        assert_eq!(of().await.unwrap().count, 1);
        sweep::batch(&store, KEPT, at(4001) + KEPT.failed_logins).await.unwrap();
        assert_eq!(of().await.unwrap(), Failures::NONE, "and swept");
    })
    .await;
}

#[tokio::test]
async fn log_in_ids_belong_to_one_account_and_are_compared_without_case() {
    each_database(async |store| {
        fill(&store).await;
        done(&store, vec![accounts::insert(&person(8), NOW)]).await;
        let put =
            async |login: &str, id| store.commit(vec![accounts::put_login(&LoginId::of(login), id)]).await.unwrap();
        assert_eq!(put("Ryan@Example.com", AccountId(7)).await, Outcome::Committed);
        assert_eq!(put("ryan@example.com", AccountId(7)).await, Outcome::Committed, "its own again");
        assert_eq!(
            put(" ryan@example.com ", AccountId(8)).await.contested(),
            Some(Contested::LoginId),
            "not another's"
        );
        let found = accounts::by_login(&store, &LoginId::of("RYAN@example.com")).await.unwrap().unwrap();
        assert_eq!(found.account.id, AccountId(7));
        assert_eq!(put("+82 10-1234-5678", AccountId(8)).await, Outcome::Committed);
        assert_eq!(
            accounts::by_login(&store, &LoginId::of("+821012345678")).await.unwrap().unwrap().account.id,
            AccountId(8)
        );
    })
    .await;
}

#[tokio::test]
async fn an_unlink_raises_the_epoch_once_and_keeps_the_user_id() {
    each_database(async |store| {
        let link = fill(&store).await;
        assert_eq!(store.commit(vec![links::unlink(&link)]).await.unwrap(), Outcome::Committed);
        assert_eq!(store.commit(vec![links::unlink(&link)]).await.unwrap().contested(), Some(Contested::Link), "once");
        let after = links::of(&store, AppId(1), AccountId(7)).await.unwrap().unwrap();
        assert_eq!((after.connected, after.epoch, after.user_id), (false, 1, link.user_id));
        let other = Link { account_id: AccountId(8), ..link };
        assert_eq!(
            store.commit(vec![links::insert(&other)]).await.unwrap().contested(),
            Some(Contested::Link),
            "an id is one person's"
        );
    })
    .await;
}

#[tokio::test]
async fn sweeps_take_batches_of_what_is_over_and_nothing_else() {
    each_database(async |store| {
        fill(&store).await;
        let over = NOW - Span::days(2);
        for index in 0..450 {
            done(&store, vec![codes::insert(&code(&format!("old{index}"), over))]).await;
        }
        let grant = |id, refresh_expires_at| Grant {
            refresh_expires_at,
            ..Grant::new(id, code("x", NOW).authorization, NOW - Span::days(61))
        };
        let kept = vec![
            codes::insert(&code("spent today", NOW - Span::hours(1))),
            sessions::insert(&session("alive", NOW + Span::seconds(1)), "", ""),
            sessions::insert(&session("over", NOW - Span::seconds(1)), "", ""),
            grants::insert(&grant(GrantId(1), NOW - Span::hours(1))),
            grants::insert(&grant(GrantId(2), NOW - Span::hours(13))),
        ];
        done(&store, kept).await;
        let mut batches = 0;
        while sweep::batch(&store, KEPT, NOW).await.unwrap() {
            batches += 1;
        }
        assert_eq!(batches, 2, "450 codes are two full batches and a rest");
        assert!(codes::by_id(&store, "old449").await.unwrap().is_none());
        assert!(codes::by_id(&store, "spent today").await.unwrap().is_some(), "kept a day for the diagnosis");
        assert!(sessions::with_account(&store, &SessionId::of_cookie("alive")).await.unwrap().is_some());
        assert!(sessions::with_account(&store, &SessionId::of_cookie("over")).await.unwrap().is_none());
        assert!(grants::bearer(&store, GrantId(1)).await.unwrap().is_some(), "an access token may still name it");
        assert!(grants::bearer(&store, GrantId(2)).await.unwrap().is_none());
        assert!(!sweep::batch(&store, KEPT, NOW).await.unwrap(), "nothing is left to do");
    })
    .await;
}

#[tokio::test]
async fn a_restored_snapshot_is_every_row_and_no_app_of_the_time_after_it() {
    each_database(async |store| {
        fill(&store).await;
        let named = |name: &str, version| App { id: AppId(1), version, settings: AppSettings::new(name) };
        // As requests read it: with its key, cached by version.
        let name = async || app_keys::with_app(&store, KEY).await.unwrap().unwrap().0.settings.name.clone();
        let taken = snapshot::take(&store).await.unwrap();
        done(&store, vec![apps::update(&named("B", 1)), accounts::insert(&person(8), NOW)]).await;
        done(&store, vec![codes::insert(&code("c", NOW))]).await;
        assert_eq!(name().await, "B");
        snapshot::restore(&store, &taken).await.unwrap();
        // The same version with other settings.
        done(&store, vec![apps::update(&named("C", 1))]).await;
        assert_eq!(name().await, "C");
        snapshot::restore(&store, &taken).await.unwrap();
        assert_eq!(name().await, "A");
        assert!(codes::by_id(&store, "c").await.unwrap().is_none());
        assert_eq!(accounts::page(&store, accounts::Place::START, 10).await.unwrap().len(), 1);
        assert_eq!(snapshot::take(&store).await.unwrap().rows(), taken.rows());
    })
    .await;
}

#[tokio::test]
async fn pages_name_everybody_once_in_the_order_in_which_they_came() {
    each_database(async |store| {
        // Two accounts for each time, so that the time alone does not determine the end of a page.
        let mut changes: Vec<_> = (0..10).map(|n| accounts::insert(&person(100 - n), Millis(NOW.0 + n / 2))).collect();
        changes.push(apps::insert(&App { id: AppId(1), version: 1, settings: AppSettings::new("A") }, NOW));
        changes.push(apps::insert(&App { id: AppId(2), version: 1, settings: AppSettings::new("B") }, NOW));
        changes.extend(
            (0..10).map(|n| links::insert(&Link::new(AppId(1), AccountId(100 - n), UserId((1 << 40) + n), NOW))),
        );
        changes.push(links::insert(&Link::new(AppId(2), AccountId(95), UserId(1 << 40), NOW)));
        done(&store, changes).await;
        let (mut after, mut ids, mut linked) = (accounts::Place::START, Vec::new(), Vec::new());
        loop {
            let page = accounts::page(&store, after, 3).await.unwrap();
            let links = links::of_page(&store, after, 3).await.unwrap();
            assert!(links.iter().all(|link| page.iter().any(|listed| listed.stored.account.id == link.account_id)));
            linked.extend(links.into_iter().map(|link| (link.account_id, link.app_id)));
            let Some(last) = page.last() else { break };
            after = last.place;
            ids.extend(page.iter().map(|listed| listed.stored.account.id));
        }
        assert_eq!(ids.iter().map(|id| id.0).collect::<Vec<_>>(), [99, 100, 97, 98, 95, 96, 93, 94, 91, 92]);
        assert_eq!(linked.len(), 11);
        assert!(linked.contains(&(AccountId(95), AppId(2))));
        let apps: Vec<i64> = apps::page(&store, 1, 10).await.unwrap().iter().map(|app| app.id.0).collect();
        assert_eq!(apps, [2]);
        let everything = everything::read(&store, |everything| everything).await.unwrap();
        let all: Vec<_> = everything.people.iter().map(|p| (p.stored.account.id, p.links.len())).collect();
        let expected: Vec<_> = ids.iter().map(|id| (*id, if *id == AccountId(95) { 2 } else { 1 })).collect();
        assert_eq!(all, expected, "one consistent read says the same");
    })
    .await;
}

#[tokio::test]
async fn what_lives_is_counted_by_account() {
    each_database(async |store| {
        fill(&store).await;
        let live = grants::live_of_page(&store, accounts::Place::START, 10, NOW).await.unwrap();
        assert!(live.is_empty(), "{live:?}");
        done(&store, vec![grants::insert(&Grant::new(GrantId(41), code("a", NOW).authorization, NOW))]).await;
        done(&store, vec![grants::insert(&Grant::new(GrantId(42), code("b", NOW).authorization, NOW))]).await;
        let count = async || {
            let live = grants::live_of_page(&store, accounts::Place::START, 10, NOW).await.unwrap();
            live.iter().map(|live| (live.account_id, live.app_id, live.count)).collect::<Vec<_>>()
        };
        assert_eq!(count().await, [(AccountId(7), AppId(1), 2)]);
        done(&store, vec![grants::end(GrantId(41), NOW, &EndedBy::Logout)]).await;
        assert_eq!(count().await, [(AccountId(7), AppId(1), 1)]);
        let late = Millis(i64::MAX);
        assert!(grants::live_of_page(&store, accounts::Place::START, 10, late).await.unwrap().is_empty());
        assert!(sessions::live_of_page(&store, accounts::Place::START, 10, late).await.unwrap().is_empty());
    })
    .await;
}
